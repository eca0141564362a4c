using System.Text.Json;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Training;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Tests;

/// <summary>What a sweep runs, as its log says it, in today's form and in the form of before.</summary>
public sealed class SweepProblemTests
{
    private const string Training = """
        {"method_learning_rates":{},"batch_size":16,"max_length":64,"epochs":3,"schedule":"cosine","learning_rate":0.002}
        """;

    public static TheoryData<string> Kinds => [.. Each.Keys];

    private static readonly Dictionary<string, (SweepProblem Typed, (string Name, string Value)[] Settings)> Each = new()
    {
        ["function"] = (new FunctionProblem { Function = "branin", Delay = 0.5, EarlierBest = 3 },
            [("space", "function:branin"), ("delay", "0.5"), ("earlier_best", "3")]),
        ["peft"] = (new PeftProblem { Space = "lora", Model = "/m", Task = "polarity", Count = CountingRule.Exact, Training = Trained() },
            [("space", "lora"), ("model", "/m"), ("task", "polarity"), ("count", "exact"), ("training", Training), ("fidelity", "steps")]),
        ["peft of one fidelity"] = (
            new PeftProblem { Space = "lora", Model = "/m", Task = "polarity", Count = CountingRule.Paper, Training = Trained() },
            [("space", "lora"), ("model", "/m"), ("task", "polarity"), ("count", "paper"), ("training", Training)]),
        ["peft with stops and a server"] = (
            new PeftProblem
            {
                Space = "autopeft",
                Model = "/m",
                Task = "polarity",
                Count = CountingRule.Paper,
                Fidelity = TrialFidelity.Parse("epochs:min=1,eta=4"),
                Training = Trained(),
                Stop = new StopConditions { At = [new("dev_score", 0.9), new("trainable_parameters", 100)], After = 60, GainBelow = 0.01 },
                ChatServer = new ChatServer("http://localhost:1/v1", "m", "of films"),
            },
            [("space", "autopeft"), ("model", "/m"), ("task", "polarity"), ("count", "paper"), ("fidelity", "epochs:min=1,eta=4"),
                ("training", Training), ("stop_at", "dev_score=0.9;trainable_parameters=100"), ("stop_after", "60"), ("stop_gain", "0.01"),
                ("llm_endpoint", "http://localhost:1/v1"), ("llm_model", "m"), ("llm_task", "of films")]),
        ["peft-tasks"] = (
            new PeftTasksProblem
            {
                Space = "lora",
                Model = "/m",
                Count = CountingRule.Paper,
                Training = Trained(),
                Tasks = [new("a", "tsv:/a", 0.5), new("b", "tsv:/b", null)],
                Aggregate = TaskAggregate.Parse("cvar:0.5"),
            },
            [("space", "lora"), ("model", "/m"), ("count", "paper"), ("fidelity", "steps"), ("training", Training),
                ("tasks", """[{"name":"a","task":"tsv:/a","reference":0.5},{"name":"b","task":"tsv:/b","reference":null}]"""),
                ("aggregate", "cvar:0.5")]),
        ["final rates"] = (
            new FinalProblem
            {
                Space = "lora",
                Model = "/m",
                Task = "polarity",
                Count = CountingRule.Paper,
                Training = Trained(),
                SearchSeed = ulong.MaxValue,
                Rates = [0.001, 0.01],
                Candidates =
                [
                    new FinalEntry("trial 4")
                    {
                        Trial = 4,
                        DevScore = 0.5,
                        Parameters = JsonSerializer.SerializeToElement(new { rank = 4 }),
                        Before = [new(2, JsonSerializer.SerializeToElement(new { rank = 4 }))],
                        Choice = RateChoice.Fixed,
                    },
                    new FinalEntry("full") { LearningRate = 0.01, Choice = RateChoice.Highest },
                ],
            },
            [("space", "final-rates"), ("search", "lora"), ("search_seed", "18446744073709551615"), ("model", "/m"), ("task", "polarity"),
                ("count", "paper"), ("fidelity", "steps"), ("training", Training), ("rates", "[0.001,0.01]"),
                ("candidates", """
                    [{"name":"trial 4","trial":4,"dev":0.5,"choice":"fixed","params":{"rank":4},"before":[{"until":2,"params":{"rank":4}}]},
                     {"name":"full","rate":0.01,"choice":"highest"}]
                    """)]),
        ["plan"] = (
            new PlanProblem { Plan = "next", Text = "/t", MaxLength = 64, Vocabulary = 2048, Runs = [new(1e5, 2e6, 0.001, 1024)] },
            [("space", "plan:dir/next.json"), ("text", "/t"), ("max_length", "64"), ("vocabulary", "2048"),
                ("runs", """[{"Params":100000,"Tokens":2000000,"LearningRate":0.001,"BatchTokens":1024}]""")]),
        ["command"] = (new CommandProblem { Command = "python t.py {x}", Directory = "/d" },
            [("space", "command:own"), ("command", "python t.py {x}"), ("directory", "/d")]),
        ["file"] = (new FileProblem { File = "/d/my.cs" }, [("space", "file:/d/my.cs")]),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_problem_comes_back_from_its_study_as_it_went_in(string kind)
    {
        StudyDefinition definition = Each[kind].Typed.In(Study());
        Assert.Equal(Json(Each[kind].Typed), Json(SweepProblem.Of(definition)));
        Assert.IsType(Each[kind].Typed.GetType(), SweepProblem.Of(definition));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_study_of_before_runs_what_it_ran(string kind)
    {
        var bag = Each[kind].Settings.ToDictionary(s => s.Name, s => s.Value);
        StudyDefinition recorded = Study() with { Problem = JsonSerializer.SerializeToElement(new { settings = bag }) };
        Assert.Equal(Json(Each[kind].Typed), Json(SweepProblem.Of(recorded)));
        Assert.Equal(Each[kind].Typed.In(Study()), SweepProblem.Current(recorded));
    }

    [Fact]
    public void Front_members_recorded_before_rows_had_rates_get_the_baselines_beside_them()
    {
        var bag = Each["final rates"].Settings.Where(s => s.Name != "rates").ToDictionary(s => s.Name, s => s.Value);
        bag["space"] = "final-evaluation";
        bag["candidates"] = """[{"trial":7,"params":{"rank":4}}]""";
        FinalProblem final = FinalProblem.Of(Study() with { Problem = JsonSerializer.SerializeToElement(new { settings = bag }) });
        Assert.Equal(["trial 7", .. Baselines.Names], final.Candidates.Select(c => c.Name));
        Assert.Null(final.Rates);
    }

    [Theory]
    [InlineData("""{"kind":"function","version":99,"function":"branin"}""", "newer autopeft (form 99")]
    [InlineData("""{"kind":"dreams","version":1}""", "does not say what to run")]
    [InlineData("""{"kind":"function","version":1}""", "does not say what to run")]
    [InlineData("""{"kind":"peft","version":1,"space":"lora","model":"/m","task":"polarity"}""", "does not say what to run")]
    [InlineData("""{"of":"another program"}""", "not made by `autopeft sweep`")]
    [InlineData("""{"settings":{"of":"another program"}}""", "not made by `autopeft sweep`")]
    public void A_study_of_a_newer_or_another_program_is_told_from_a_sweep(string problem, string says)
    {
        using JsonDocument json = JsonDocument.Parse(problem);
        StudyDefinition definition = Study() with { Problem = json.RootElement };
        Assert.Contains(says, Assert.Throws<InvalidInputException>(() => SweepProblem.Of(definition)).Message);
    }

    private static TrainingOptions Trained() => new()
    {
        BatchSize = 16,
        MaxLength = 64,
        Epochs = 3,
        Schedule = ScheduleKind.Cosine,
        LearningRate = 0.002,
    };

    private static StudyDefinition Study() => new(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("y")]);

    private static string Json(SweepProblem problem) => JsonSerializer.Serialize(problem, SweepJson.Options);
}
