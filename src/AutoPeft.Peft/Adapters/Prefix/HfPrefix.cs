using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Prefix;

/// <summary>
/// Prefix tuning: one tensor <c>prompt_embeddings</c> [n, 2·layers·d], read as (n, 2·layers, heads, d / heads), index 2i the keys and
/// 2i + 1 the values of layer i. Every layer has a prefix.
/// </summary>
internal sealed class HfPrefix : HfFamily
{
    // Whether virtual positions count as tokens read before; peft ignores the key and counts them so.
    private const string ShiftKey = "autopeft_shift_positions";

    public override string PeftType => "PREFIX_TUNING";

    public override string Methods => "prefix tuning";

    public override bool IsPrompt => true;

    protected override bool Takes(AdapterBlock block) => block is KeyValueBlock;

    public override void Require(PeftPlan plan, AdaptableShape shape)
    {
        if (plan.Blocks.Count != shape.Layers)
            throw new InvalidInputException(
                $"'{plan.Name}' cannot be written in Hugging Face peft's format: a prefix stands at every layer there, here at "
                + $"{plan.Blocks.Count} of {shape.Layers}");
    }

    public override void Write(
        nn.Module model, AdaptableShape shape, PeftPlan plan, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors)
    {
        var prefixes = plan.Blocks.Cast<KeyValueBlock>().OrderBy(b => b.Site.Layer).DistinctBy(b => b.ModulePath);
        var table = cat([.. prefixes.Select(p => p.AllLayers(TensorsOf(model, p)))], 1);
        values["encoder_hidden_size"] = ((BertForSequenceClassification)model).Config.HiddenSize;
        values["prefix_projection"] = false;
        if (!plan.ShiftPositions) values[ShiftKey] = false;
        HfPrompts.Write(model, table.reshape(table.shape[0], -1), values, tensors);
    }

    public override HfContent Read(
        HfAdapterConfig config, AdaptableShape adaptable, SafetensorsReader reader, IReadOnlyDictionary<string, string> keys)
    {
        var shape = HfPrompts.EncoderOf(config, adaptable);
        // The MLP behind a projected prefix is gone: the table holds what the MLP made.
        config.Fields.Ignore("encoder_hidden_size");
        _ = config.Fields.Flag("prefix_projection");
        var shifts = config.Fields.Flag(ShiftKey) ?? true;
        var (length, key) = HfPrompts.Read(config, shape, reader, keys, 2L * shape.NumHiddenLayers * shape.HiddenSize);
        var plan = PeftMethods.Prefix(shape, length, bottleneck: 0) with { ShiftPositions = shifts };
        return new HfContent(plan, [.. plan.Blocks.Select(block => new HfTensor(block, PrefixBlock.Table, key,
            t => t.reshape(length, shape.NumHiddenLayers, 2, shape.HiddenSize).select(1, block.Site.Layer)))], []);
    }
}
