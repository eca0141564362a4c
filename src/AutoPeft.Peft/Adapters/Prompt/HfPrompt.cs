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
        values["prompt_tuning_init"] = "RANDOM";
        values["prompt_tuning_init_text"] = null;
        values["tokenizer_name_or_path"] = null;
        HfPrompts.Write(model, TensorsOf(model, plan.Blocks[0])[PromptBlock.Table], values, tensors);
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
