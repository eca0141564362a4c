using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.LanguageModels;
using AutoPeft.Studies;

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

    /// <summary>The definition with what was typed.</summary>
    public StudyDefinition Apply(ParseResult parsed, StudyDefinition definition)
    {
        (string Setting, string? Value)[] typed = [(SweepPolicy.Endpoint, parsed.GetValue(_endpoint)),
            (SweepPolicy.Model, parsed.GetValue(_model)), (SweepPolicy.TaskText, parsed.GetValue(_task))];
        if (definition.Sampler != LanguageModelSampler.Id)
            return typed.All(t => t.Value is null)
                ? definition
                : throw new InvalidInputException($"--llm, --llm-model and --llm-task are for --sampler llm, not {definition.Sampler}.");
        return definition with
        {
            Settings =
            definition.Settings.SetItems(typed.Where(t => t.Value is not null).Select(t => KeyValuePair.Create(t.Setting, t.Value!)))
        };
    }
}
