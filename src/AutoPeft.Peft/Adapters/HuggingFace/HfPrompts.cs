using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.HuggingFace;

/// <summary>What prefixes and prompts have in common in peft's files: one table and the settings that say its size.</summary>
internal static class HfPrompts
{
    private const string Table = "prompt_embeddings";

    /// <summary>The encoder that virtual tokens are put in front of.</summary>
    /// <exception cref="InvalidInputException">The model is no encoder.</exception>
    public static BertConfig EncoderOf(HfAdapterConfig config, AdaptableShape shape) => shape.Encoder
        ?? throw new InvalidInputException($"{config.Path}: peft_type {config.PeftType} "
            + "is supported for BERT only; a decoder takes LORA and IA3");

    /// <summary>Adds the table and the settings that say its size.</summary>
    /// <param name="model">The encoder.</param>
    /// <param name="table">The table, <c>[virtual tokens, numbers a virtual token]</c>.</param>
    /// <param name="values">The configuration.</param>
    /// <param name="tensors">The weights.</param>
    public static void Write(nn.Module model, Tensor table, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors)
    {
        var config = ((BertForSequenceClassification)model).Config;
        values["num_attention_heads"] = config.NumAttentionHeads;
        values["num_layers"] = config.NumHiddenLayers;
        values["num_transformer_submodules"] = 1;
        values["num_virtual_tokens"] = table.shape[0];
        values["token_dim"] = config.HiddenSize;
        tensors[Table] = table;
    }

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
        config.Fields.Ignore("modules_to_save");
        config.Fields.RefuseUnread();
        foreach (var (name, other) in keys)
            if (name != Table) throw new InvalidInputException($"{reader.Path}: tensor '{other}' is none that {config.PeftType} has");
        var key = keys.GetValueOrDefault(Table, Table);
        reader.RequireWeights(key, [length, width]);
        return (length, key);
    }
}
