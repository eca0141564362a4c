using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.LanguageModels;

namespace AutoPeft.Cli.Commands;

/// <summary>The options of `--sampler llm`.</summary>
internal sealed class LanguageModelArguments
{
    private readonly Option<string?> _endpoint = new("--llm")
    {
        Description = $"--sampler llm only: address of a server that speaks the chat-completions protocol (http://localhost:8000/v1). Its "
            + $"key, if it wants one, is in {SweepPolicy.KeyVariable}.",
    };
    private readonly Option<string?> _model = new("--llm-model") { Description = "--sampler llm only: the model's name there." };
    private readonly Option<string?> _task =
        new("--llm-task") { Description = "--sampler llm only: what the model should know of the task." };

    public static LanguageModelArguments AddTo(Command command)
    {
        var arguments = new LanguageModelArguments();
        foreach (Option o in (Option[])[arguments._endpoint, arguments._model, arguments._task]) command.Options.Add(o);
        return arguments;
    }

    /// <summary>What was typed; null for every other sampler.</summary>
    /// <exception cref="InvalidInputException">The sampler takes none of these options, or lacks one.</exception>
    public ChatServer? Read(ParseResult parsed, string sampler)
    {
        (string? address, string? model, string? task) = (parsed.GetValue(_endpoint), parsed.GetValue(_model), parsed.GetValue(_task));
        if (sampler == LanguageModelSampler.Id)
            return address is null || model is null ? null : new ChatServer(address, model, task);
        return address is null && model is null && task is null ? null
            : throw new InvalidInputException($"--llm, --llm-model and --llm-task are for --sampler llm, not {sampler}.");
    }
}
