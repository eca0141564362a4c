using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Ia3;

/// <summary>(IA)³: <c>P.ia3_l</c>, [out, 1] where it scales the output, [1, in] where it scales the input.</summary>
internal sealed class HfIa3 : HfFamily
{
    private const string Vector = ".ia3_l";

    public override string PeftType => "IA3";

    public override string Methods => "(IA)³";

    protected override bool Takes(AdapterBlock block) => block is Ia3Scale;

    public override void Write(
        nn.Module model, AdaptableShape shape, PeftPlan plan, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors)
    {
        List<Ia3Scale> scales = [.. plan.Blocks.Cast<Ia3Scale>()];
        var (targets, _) = TargetModules(plan.Blocks.Select(b => b.Site), shape);
        // peft has no layers_to_transform for (IA)³: without one, a subset of layers has to be spelt out.
        if (plan.Blocks.Select(b => b.Site.Layer).Distinct().Count() < shape.Layers) targets = Names(plan.Blocks.Select(b => b.Site.Path));
        values["exclude_modules"] = null;
        values["fan_in_fan_out"] = shape.Family == SiteFamily.Gpt2;
        values["feedforward_modules"] = Names(scales.Where(s => s.OfInput).Select(s => s.Site.Path));
        values["init_ia3_weights"] = true;
        values["target_modules"] = targets;
        foreach (var scale in scales)
            tensors[KeyPrefix + scale.Site.Path + Vector] = TensorsOf(model, scale)[Ia3Scale.Vector].unsqueeze(scale.OfInput ? 0 : 1);
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
        var (blocks, tensors, adapted) = (new List<AdapterBlock>(), new List<HfTensor>(), new List<string>());
        foreach (var (name, key) in keys)
        {
            if (!name.EndsWith(Vector, StringComparison.Ordinal))
                throw new InvalidInputException($"{reader.Path}: tensor '{key}' is none that (IA)³ has");
            var site = SiteOf(name[..^Vector.Length], sites, reader, shape);
            var (inFeatures, outFeatures) = shape.Features(site);
            var ofInput = feedForward(site.Path);
            reader.RequireWeights(key, ofInput ? [1, inFeatures] : [outFeatures, 1]);
            blocks.Add(new Ia3Scale(site, ofInput));
            tensors.Add(new HfTensor(blocks[^1], Ia3Scale.Vector, key, t => t.reshape(-1)));
            adapted.Add(site.Path);
        }
        if (blocks.Count == 0) throw new InvalidInputException($"{reader.Path}: holds no (IA)³ tensors");
        targets.Require(shape, adapted, reader);
        return new HfContent(new PeftPlan { Name = "ia3", Blocks = blocks }, tensors, []);
    }
}
