using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Samplers.Transfer;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Samplers.Transfer;

public sealed class TransferSamplerContractTests : SamplerContract
{
    protected override ISampler Create() => new TransferSampler();
}

public class WarmStartTests
{
    private static TestFunction Valley(double x, double y, bool extra = false) => new("valley", SearchSpace.Build(s =>
    {
        s.Float("lr", 1e-5, 1e-1, log: true).Float("dropout", 0, 0.5)
            .Categorical("method", extra ? ["lora", "adapter", "prefix"] : ["lora", "adapter"]);
        if (extra) s.Int("warmup", 0, 100);
    }), [Objective.Minimize("loss", 10)],
    c => (
        [Math.Pow(Math.Log10(c.GetDouble("lr")) - x, 2) + 10 * Math.Pow(c.GetDouble("dropout") - y, 2)
            + (c.GetString("method") == "lora" ? 0 : 0.5)], []));

    private static Study Earlier(TestFunction f, int trials = 25) =>
        new FunctionStudy(f, 9, trials).Run(new GaussianProcessSampler()).Study;

    private static FunctionStudy From(TestFunction f, IStudyView earlier, ulong seed, int trials, ISampler sampler) =>
        new FunctionStudy(f, seed, trials, d => d with { Earlier = [CarriedStudy.Of(earlier, d, out _)] }).Run(sampler);

    [Fact]
    public void From_a_related_study_half_the_trials_do()
    {
        // Off the middle of the space, where a cold study would look first.
        Study earlier = Earlier(Valley(-2, 0.1));
        TestFunction target = Valley(-1.9, 0.12);
        double[] cold = [.. Enumerable.Range(0, 5)
            .Select(s => new FunctionStudy(target, (ulong)s, 8).Run(new GaussianProcessSampler()).Trace()[^1]).Order()];
        double[] warm =
            [.. Enumerable.Range(0, 5).Select(s => From(target, earlier, (ulong)s, 4, new TransferSampler()).Trace()[^1]).Order()];
        Assert.True(warm[2] >= cold[2], $"{warm[2]} against {cold[2]}");
    }

    [Theory]
    [InlineData("dtlz2"), InlineData("dtlz2-7-4"), InlineData("methods-size")]
    public void The_very_task_again_is_believed_whatever_the_number_of_objectives(string name)
    {
        TestFunction f = TestFunctions.Resolve(name);
        FunctionStudy study = From(f, Earlier(f), 3, 12, new TransferSampler());
        Assert.Contains(study.Study.Trials, t => t.Proposed.Source.Contains("on earlier studies", StringComparison.Ordinal));
    }

    [Fact]
    public void From_a_misleading_study_the_own_trials_soon_outweigh_it()
    {
        // The opposite of the truth, everywhere.
        TestFunction target = Valley(-3, 0.2), opposite = target with { Equation = c => ([-target.Equation(c).Values[0]], []) };
        FunctionStudy study = From(target, Earlier(opposite), 1, 24, new TransferSampler());
        Assert.All(study.Study.Trials.Skip(14), t => Assert.StartsWith("gp", t.Proposed.Source, StringComparison.Ordinal));
        Assert.True(study.Trace()[^1] > -0.05, $"{study.Trace()[^1]}");
    }

    [Fact]
    public void A_replay_needs_the_log_alone_whatever_became_of_the_earlier_study()
    {
        TestFunction target = Valley(-2.8, 0.3);
        FunctionStudy study = From(target, Earlier(Valley(-3, 0.2)), 2, 10, new TransferSampler());
        // The definition as the journal keeps it.
        using var stream = new MemoryStream();
        using (var w = new System.Text.Json.Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            DefinitionJson.Write(w, study.Study.Definition);
            w.WriteEndObject();
        }
        using var document = System.Text.Json.JsonDocument.Parse(stream.ToArray());
        StudyDefinition read = DefinitionJson.Read(document.RootElement);
        Assert.Contains(study.Log.OfType<TrialProposed>(), p => p.Source.Contains("on earlier studies", StringComparison.Ordinal));
        foreach (TrialProposed p in study.Log.OfType<TrialProposed>())
        {
            Study then = Study.Of([new StudyCreated(default, read), .. study.Log.Skip(1).Take((int)p.Seen - 1)]);
            Assert.Equal(p.Configuration,
                new TransferSampler().Propose(then, 1, new Philox(2, (ulong)p.Batch, StreamPurpose.Ask))[0].Configuration);
        }
    }

    [Fact]
    public void What_maps_from_another_space_is_used_and_what_does_not_is_named()
    {
        Study earlier = Earlier(Valley(-3, 0.2, extra: true));
        StudyDefinition target = new(
            SearchSpace.Build(s => s.Float("lr", 1e-4, 1e-2, log: true).Categorical("method", ["lora", "adapter"])
                .Int("rank", 1, 65, when: Condition.On("method", "lora"))),
            [Objective.Minimize("loss"), Objective.Minimize("seconds")]);
        EarlierStudy e = CarriedStudy.Of(earlier, target, out StudyMapping mapping);
        Assert.Equal(["rank"], mapping.Unknown.ToArray());
        Assert.Equal(["dropout", "warmup"], mapping.Unused.ToArray());
        Assert.Equal(["seconds"], mapping.UnknownObjectives.ToArray());
        Assert.Equal(earlier.Completed.Count, e.Trials.Length + mapping.Left);
        Assert.Equal(earlier.Completed.Count(t => t.Configuration.GetString("method") == "prefix"), mapping.Left);
        Assert.All(e.Trials, t =>
        {
            Assert.InRange(t.Configuration.GetDouble("lr"), 1e-4, 1e-2);
            Assert.Equal(t.Configuration.GetString("method") == "lora" ? 33 : double.NaN, t.Configuration.Codes[2]);
            Assert.True(double.IsFinite(t.Losses[0]) && double.IsNaN(t.Losses[1]));
        });
        string line = mapping.Describe("runs/a");
        foreach (string said in (string[])["runs/a: 2 of 3 parameters map", "nothing of rank", "dropout, warmup are not used",
            "did not measure seconds"]) Assert.Contains(said, line);
    }

    [Fact]
    public void A_study_that_shares_no_parameter_is_refused_with_both_names()
    {
        StudyDefinition other = new(SearchSpace.Build(s => s.Int("threads", 1, 8)), [Objective.Minimize("loss")]) { Name = "database" };
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => CarriedStudy.Of(Earlier(Valley(-3, 0.2), 6), other, out _));
        Assert.Contains("shares no parameter with 'database'", e.Message);
        Assert.Contains("threads", e.Message);
    }

    [Fact]
    public void The_best_are_diverse_begin_with_the_best_and_are_never_equal()
    {
        Study earlier = Earlier(Valley(-3, 0.2), 40);
        StudyDefinition target = earlier.Definition;
        EarlierStudy e = CarriedStudy.Of(earlier, target, out _);
        IReadOnlyList<Configuration> best = WarmStart.Best([e], 6);
        Assert.Equal(6, best.Distinct().Count());
        Assert.Equal(earlier.Completed.MinBy(t => t.Losses[0])!.Configuration, best[0]);
        Assert.All(best, c => Assert.Contains(c, e.Trials.Take(18).Select(t => t.Configuration)));
        double Closest(IEnumerable<Configuration> set) =>
            (from a in set from b in set where !a.Equals(b) select WarmStart.Distance(a, b)).Min();
        Assert.True(Closest(best) >= Closest(e.Trials.Take(6).Select(t => t.Configuration)));
        // Two studies take turns.
        EarlierStudy second = CarriedStudy.Of(Earlier(Valley(-2, 0.4)), target, out _);
        Assert.Equal(second.Trials[0].Configuration, WarmStart.Best([e, second], 6)[1]);
    }
}
