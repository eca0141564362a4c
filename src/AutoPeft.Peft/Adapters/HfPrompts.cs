using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// Prefix tuning: one tensor <c>prompt_embeddings</c> [n, 2·layers·d], read as (n, 2·layers, heads, d / heads), index 2i the keys and
/// 2i + 1 the values of layer i. Every layer has a prefix.
/// </summary>
internal sealed class HfPrefix : HfFamily
{
    public override string PeftType => "PREFIX_TUNING";

    public override bool IsPrompt => true;

    protected override bool Takes(BlockSpec block) => block.Compose == Composition.ConcatenateKeysAndValues;

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
        var bert = (BertForSequenceClassification)model;
        var config = bert.Config;
        var sites = plan.Blocks.OrderBy(b => b.Site.Layer)
            .Select(b => (KeyValueSite)bert.Bert.Layers[b.Site.Layer].Attention.Self.Adaptation!).ToList();
        var table = plan.Blocks[0].ShareKey is null ? cat([.. sites.Select(s => s.Source.Compute())], 1) : sites[0].Source.Compute();
        values["encoder_hidden_size"] = config.HiddenSize;
        values["num_attention_heads"] = config.NumAttentionHeads;
        values["num_layers"] = config.NumHiddenLayers;
        values["num_transformer_submodules"] = 1;
        values["num_virtual_tokens"] = table.shape[0];
        values["prefix_projection"] = false;
        values["token_dim"] = config.HiddenSize;
        tensors[HfPrompts.Table] = table.reshape(table.shape[0], -1);
    }

    public override HfContent Read(
        HfAdapterConfig config, AdaptableShape adaptable, SafetensorsReader reader, IReadOnlyDictionary<string, string> keys)
    {
        var shape = HfPrompts.EncoderOf(config, adaptable);
        // The MLP behind a projected prefix is gone: the table holds what the MLP made.
        config.Fields.Ignore("encoder_hidden_size");
        _ = config.Fields.Flag("prefix_projection");
        var (length, key) = HfPrompts.Read(config, shape, reader, keys, 2L * shape.NumHiddenLayers * shape.HiddenSize);
        var plan = PeftMethods.Prefix(shape, length, bottleneck: 0);
        return new HfContent(plan, [.. plan.Blocks.Select(block => new HfTensor(block, "key_values", key,
            t => t.reshape(length, shape.NumHiddenLayers, 2, shape.HiddenSize).select(1, block.Site.Layer)))], []);
    }
}

/// <summary>Prompt tuning: one tensor <c>prompt_embeddings</c> [n, d].</summary>
internal sealed class HfPrompt : HfFamily
{
    public override string PeftType => "PROMPT_TUNING";

    public override bool IsPrompt => true;

    protected override bool Takes(BlockSpec block) => block.Compose == Composition.Prepend;

    public override void Write(
        nn.Module model, AdaptableShape shape, PeftPlan plan, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors)
    {
        var config = ((BertForSequenceClassification)model).Config;
        var tokens = BlockOf(model, plan.Blocks[0])["tokens"];
        values["num_attention_heads"] = config.NumAttentionHeads;
        values["num_layers"] = config.NumHiddenLayers;
        values["num_transformer_submodules"] = 1;
        values["num_virtual_tokens"] = tokens.shape[0];
        values["prompt_tuning_init"] = "RANDOM";
        values["prompt_tuning_init_text"] = null;
        values["token_dim"] = config.HiddenSize;
        values["tokenizer_name_or_path"] = null;
        tensors[HfPrompts.Table] = tokens;
    }

    public override HfContent Read(
        HfAdapterConfig config, AdaptableShape adaptable, SafetensorsReader reader, IReadOnlyDictionary<string, string> keys)
    {
        var shape = HfPrompts.EncoderOf(config, adaptable);
        // How the prompt started.
        config.Fields.Ignore("prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_name_or_path", "tokenizer_kwargs");
        var (length, key) = HfPrompts.Read(config, shape, reader, keys, shape.HiddenSize);
        var plan = PeftMethods.Prompt(shape, length);
        return new HfContent(plan, [new HfTensor(plan.Blocks[0], "tokens", key)], []);
    }
}

/// <summary>What prefixes and prompts have in common in peft's files: one table and the settings that say its size.</summary>
internal static class HfPrompts
{
    /// <summary>The table's name.</summary>
    public const string Table = "prompt_embeddings";

    /// <summary>The encoder that virtual tokens are put in front of.</summary>
    /// <exception cref="InvalidInputException">The model is no encoder.</exception>
    public static BertConfig EncoderOf(HfAdapterConfig config, AdaptableShape shape) => shape.Encoder
        ?? throw new InvalidInputException($"{config.Path}: peft_type {config.PeftType} "
            + "is supported for BERT only; a decoder takes LORA and IA3");

    /// <summary>The number of virtual tokens and the table's key, after everything is checked.</summary>
    /// <param name="config">The configuration; each of its keys has to be known.</param>
    /// <param name="shape">The base model's shape.</param>
    /// <param name="reader">The weights.</param>
    /// <param name="keys">The tensors that are not the head's.</param>
    /// <param name="width">Numbers a virtual token.</param>
    public static (int Length, string Key) Read(
        HfAdapterConfig config, BertConfig shape, SafetensorsReader reader, IReadOnlyDictionary<string, string> keys, long width)
    {
        var length = config.RequiredInteger("num_virtual_tokens", 1);
        config.RequireSame("token_dim", shape.HiddenSize);
        config.RequireSame("num_layers", shape.NumHiddenLayers);
        config.RequireSame("num_attention_heads", shape.NumAttentionHeads);
        config.RequireSame("num_transformer_submodules", 1);
        _ = config.Fields.Flag(HfAdapterFile.ShiftKey);
        config.Fields.Ignore("modules_to_save");
        config.Fields.RefuseUnread();
        foreach (var (name, other) in keys)
            if (name != Table) throw new InvalidInputException($"{reader.Path}: tensor '{other}' is none that {config.PeftType} has");
        var key = keys.GetValueOrDefault(Table, Table);
        HfKeys.RequireWeights(reader, key, [length, width]);
        return (length, key);
    }
}
