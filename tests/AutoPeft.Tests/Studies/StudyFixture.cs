using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Studies;

/// <summary>Small studies that tests share.</summary>
internal static class StudyFixture
{
    public static readonly SearchSpace Space = SearchSpace.Build(b => b
        .Float("lr", 1e-5, 1e-2, log: true)
        .Categorical("method", ["lora", "ia3"])
        .Int("rank", 1, 64, log: true, when: Condition.On("method", "lora")));

    public static StudyDefinition Definition(int? budget = null, ulong seed = 7) =>
        new(Space, [Objective.Maximize("accuracy", 0), Objective.Minimize("parameters", 1e6)])
        {
            Budget = budget,
            Seed = seed,
            Sampler = "random",
        };

    public static Task<StudySession> SessionAsync(IStudyStore store, int? budget = null, ulong seed = 7, IScheduler? scheduler = null) =>
        SessionSteps.CreateAsync(Definition(budget, seed), new RandomSampler(), store, scheduler);

    public static string TemporaryDirectory() => Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public static async Task<List<StudyEvent>> ReadAllAsync(IStudyStore store)
    {
        var events = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) events.Add(e);
        return events;
    }
}
