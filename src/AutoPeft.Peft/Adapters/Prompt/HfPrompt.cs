using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Prompt;

/// <summary>Prompt tuning: one tensor <c>prompt_embeddings</c> [n, d].</summary>
internal sealed class HfPrompt : HfFamily
{
    public override string PeftType => "PROMPT_TUNING";

    public override string Methods => "prompt tuning";

    public override bool IsPrompt => true;

    protected override bool Takes(AdapterBlock block) => block is PromptBlock;

    public override void Write(
        nn.Module model, AdaptableShape shape, PeftPlan plan, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors)
    {
        var config = ((BertForSequenceClassification)model).Config;
        var tokens = TensorsOf(model, plan.Blocks[0])[PromptBlock.Table];
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
        return new HfContent(plan, [new HfTensor(plan.Blocks[0], PromptBlock.Table, key)], []);
    }
}
