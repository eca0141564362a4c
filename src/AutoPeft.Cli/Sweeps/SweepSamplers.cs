using AutoPeft.Analysis.Racing;
using AutoPeft.LanguageModels;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>The sampler of a study's definition, with the rules that end it early.</summary>
internal static class SweepSamplers
{
    /// <summary>Settings of the language-model sampler.</summary>
    public const string Endpoint = "llm_endpoint", Model = "llm_model", TaskText = "llm_task";

    /// <summary>Environment variable with the server's key; it is never written down.</summary>
    public const string KeyVariable = "AUTOPEFT_LLM_KEY";

    public static ISampler Create(StudyDefinition definition) => StopSettings.Wrap(definition.Sampler switch
    {
        RaceSampler.Id => new RaceSampler(),
        LanguageModelSampler.Id => LanguageModel(definition),
        var name => SamplerNames.Create(name),
    }, definition);

    private static LanguageModelSampler LanguageModel(StudyDefinition definition)
    {
        if (!definition.Settings.TryGetValue(Endpoint, out string? endpoint) || !definition.Settings.TryGetValue(Model, out string? model))
            throw new InvalidInputException("--sampler llm needs --llm ADDRESS and --llm-model NAME: a server that speaks the chat-completions protocol.");
        var client = new OpenAiCompatibleClient(endpoint, model, Environment.GetEnvironmentVariable(KeyVariable));
        return new LanguageModelSampler(client, null, new LanguageModelOptions { Task = definition.Settings.GetValueOrDefault(TaskText) });
    }
}
