using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>(IA)³: <c>P.ia3_l</c>, [out, 1] where it scales the output, [1, in] where it scales the input.</summary>
internal sealed class HfIa3 : HfFamily
{
    private const string Vector = ".ia3_l";

    public override string PeftType => "IA3";

    protected override bool Takes(BlockSpec block) => block is { Core: VectorCore, Compose: Composition.Multiply };

    public override void Write(
        nn.Module model, AdaptableShape shape, PeftPlan plan, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors)
    {
        var (targets, _) = TargetModules(plan.Blocks.Select(b => b.Site), shape);
        // peft has no layers_to_transform for (IA)³: without one, a subset of layers has to be spelt out.
        if (plan.Blocks.Select(b => b.Site.Layer).Distinct().Count() < shape.Layers) targets = Names(plan.Blocks.Select(b => b.Site.Path));
        values["exclude_modules"] = null;
        values["fan_in_fan_out"] = shape.Family == SiteFamily.Gpt2;
        values["feedforward_modules"] = Names(plan.Blocks.Where(ScalesInput).Select(b => b.Site.Path));
        values["init_ia3_weights"] = true;
        values["target_modules"] = targets;
        foreach (var spec in plan.Blocks)
            tensors[KeyPrefix + spec.Site.Path + Vector] = BlockOf(model, spec)["vector"].unsqueeze(ScalesInput(spec) ? 0 : 1);
    }

    public override HfContent Read(
        HfAdapterConfig config, AdaptableShape shape, SafetensorsReader reader, IReadOnlyDictionary<string, string> keys)
    {
        var fields = config.Fields;
        RequireLayout(config, shape);
        // How the vectors started; the head, which the weights' names tell.
        fields.Ignore("init_ia3_weights", "modules_to_save");
        var targets = new HfTargets(config);
        var feedForward = fields.Node("feedforward_modules") is { } node
            ? targets.Names("feedforward_modules", node, dotted: false)
            : _ => false;
        fields.RefuseUnread();

        var sites = SitesByPath(shape);
        var (blocks, tensors, adapted) = (new List<BlockSpec>(), new List<HfTensor>(), new List<string>());
        foreach (var (name, key) in keys)
        {
            if (!name.EndsWith(Vector, StringComparison.Ordinal))
                throw new InvalidInputException($"{reader.Path}: tensor '{key}' is none that (IA)³ has");
            var site = SiteOf(name[..^Vector.Length], sites, reader, shape);
            var (inFeatures, outFeatures) = shape.Features(site);
            var ofInput = feedForward(site.Path);
            HfKeys.RequireWeights(reader, key, ofInput ? [1, inFeatures] : [outFeatures, 1]);
            blocks.Add(PeftMethods.Ia3Scale(site, ofInput));
            tensors.Add(new HfTensor(blocks[^1], "vector", key, t => t.reshape(-1)));
            adapted.Add(site.Path);
        }
        if (blocks.Count == 0) throw new InvalidInputException($"{reader.Path}: holds no (IA)³ tensors");
        targets.Require(shape, adapted, reader);
        return new HfContent(new PeftPlan { Name = "ia3", Blocks = blocks }, tensors, []);
    }

    private static bool ScalesInput(BlockSpec block) => block.Read == BlockInput.Input;
}
