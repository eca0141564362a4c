using AutoPeft.Analysis.Racing;
using AutoPeft.Catalogs;
using AutoPeft.LanguageModels;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Who decides for a study: the sampler, scheduler and stop rules that its definition names.</summary>
internal static class SweepPolicy
{
    /// <summary>Environment variable with the server's key; it is never written down.</summary>
    public const string KeyVariable = "AUTOPEFT_LLM_KEY";

    /// <param name="definition">The study.</param>
    /// <param name="attempts">How many workers a trial may lose before it fails.</param>
    /// <exception cref="InvalidInputException">The definition names a sampler, scheduler or rule that there is not.</exception>
    public static StudyPolicy Of(StudyDefinition definition, int attempts) => new()
    {
        Sampler = Sampler(definition),
        Scheduler = SchedulerCatalog.Create(definition.Scheduler),
        StopRules = SweepProblem.Find(definition)?.Stop?.Rules(definition) ?? [],
        MaxCrashes = attempts,
    };

    /// <exception cref="InvalidInputException">The definition names a sampler that there is not.</exception>
    public static ISampler Sampler(StudyDefinition definition) => definition.Sampler switch
    {
        RaceSampler.Id => new RaceSampler(),
        LanguageModelSampler.Id => LanguageModel(definition),
        var name => SamplerNames.Create(name),
    };

    private static LanguageModelSampler LanguageModel(StudyDefinition definition)
    {
        ChatServer server = SweepProblem.Find(definition)?.ChatServer
            ?? throw new InvalidInputException(
                "--sampler llm needs --llm ADDRESS and --llm-model NAME: a server that speaks the chat-completions protocol.");
        var client = new OpenAiCompatibleClient(server.Address, server.Model, Environment.GetEnvironmentVariable(KeyVariable));
        return new LanguageModelSampler(client, null, new LanguageModelOptions { Task = server.Task });
    }
}
