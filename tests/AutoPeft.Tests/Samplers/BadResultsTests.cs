using AutoPeft.Functions;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Samplers;

/// <summary>Results that are none, and results that no model can be fitted to, under the default sampler.</summary>
public sealed class BadResultsTests
{
    private static readonly SearchSpace Space = SearchSpace.Build(s => s.Float("x", 0, 1).Categorical("c", ["a", "b"]));

    private static Task<StudySession> StartAsync() =>
        SessionSteps.CreateAsync(new StudyDefinition(Space, [Objective.Minimize("loss", 10), Objective.Minimize("size", 10)]) { Seed = 5 },
            new AutoSampler(), new MemoryStore());

    [Theory]
    [InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(double.NegativeInfinity)]
    public async Task A_value_that_is_not_finite_fails_its_trial_alone(double value)
    {
        await using StudySession session = await StartAsync();
        for (int i = 0; i < 16; i++)
        {
            Trial trial = (await session.AskAsync(1))[0];
            Assert.Equal(i % 2 == 0, await session.CompleteAsync(trial.Number, [0.1 * i, i % 2 == 0 ? 1 : value]));
        }
        Assert.Equal(8, session.Study.Completed.Count);
        Assert.All(session.Study.Trials.Where(t => t.Number % 2 == 1), t => Assert.Contains("size", t.Error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Too_few_or_too_many_values_are_refused_and_the_trial_waits_for_the_right_ones()
    {
        await using StudySession session = await StartAsync();
        Trial trial = (await session.AskAsync(1))[0];
        foreach (double[] values in new double[][] { [], [1], [1, 2, 3] })
        {
            InvalidInputException e =
                await Assert.ThrowsAsync<InvalidInputException>(async () => await session.CompleteAsync(trial.Number, values));
            Assert.Equal($"Trial 0: {values.Length} value(s) for 2 objective(s).", e.Message);
        }
        Assert.True(session.Study.Trials[0].IsPending);
        Assert.True(await session.CompleteAsync(trial.Number, [1, 2]));
    }

    [Fact]
    public async Task A_trial_told_twice_or_never_asked_for_is_refused_and_changes_nothing()
    {
        await using StudySession session = await StartAsync();
        Trial trial = (await session.AskAsync(1))[0];
        await session.CompleteAsync(trial.Number, [1, 2]);
        long before = session.Study.Sequence;
        Assert.Contains("ended already",
            (await Assert.ThrowsAsync<InvalidInputException>(async () => await session.CompleteAsync(0, [3, 4]))).Message);
        Assert.Contains("never asked for",
            (await Assert.ThrowsAsync<InvalidInputException>(async () => await session.CompleteAsync(1, [3, 4]))).Message);
        Assert.Contains("ended already",
            (await Assert.ThrowsAsync<InvalidInputException>(async () => await session.FailAsync(0, "late"))).Message);
        Assert.Equal((before, 1.0), (session.Study.Sequence, session.Study.Trials[0].Values[0]));
    }

    [Theory]
    [InlineData(double.MaxValue), InlineData(1e155), InlineData(1e-160), InlineData(double.Epsilon)]
    public void Values_at_the_ends_of_what_numbers_can_hold_stop_nothing(double scale)
    {
        var function = new TestFunction("scaled", Space, [Objective.Minimize("loss")], c => ([(c.Codes[0] - 0.5) * scale], []));
        var study = new FunctionStudy(function, 2, 14);
        for (int i = 0; i < 14; i++)
        {
            study.Ask(new GaussianProcessSampler());
            study.Tell(i);
        }
        Assert.Equal(14, study.Study.Trials.Select(t => t.Configuration).Distinct().Count());
    }

    /// <summary>A person's marks for bad results, at both ends of what a double holds, among ordinary results.</summary>
    private static double[] Marked(int trial, Configuration c)
    {
        double[] marks = [double.MaxValue, -double.MaxValue, 9e307, -9e307];
        double x = c.GetDouble("x");
        return [trial % 3 == 1 ? marks[trial / 3 % 4] : x, trial % 3 == 2 || trial % 6 == 1 ? marks[(trial / 3 + 1) % 4] : 1 - x * x];
    }

    [Theory]
    [InlineData("gp"), InlineData("auto"), InlineData("transfer"), InlineData("tpe"), InlineData("bohb")]
    public async Task Marks_at_the_ends_of_what_numbers_can_hold_end_no_sweep(string sampler)
    {
        int trial = 0;
        SweepBuilder<Configuration> sweep = Sweep.Over(Space).Minimize("loss", 10).Maximize("score", 0).Sampler(sampler).Trials(24).Seed(4);
        SweepResult<Configuration> first = await sweep.RunAsync(c => Marked(trial++, c));
        Assert.Equal((24, 24), (trial, first.Study.Completed.Count));
    }

    [Fact]
    public async Task Marks_in_an_earlier_study_end_no_sweep_either()
    {
        SweepResult<Configuration>? earlier = null;
        for (ulong seed = 0; seed < 2; seed++)
        {
            int trial = 0;
            SweepBuilder<Configuration> sweep = Sweep.Over(Space).Minimize("loss", 10).Maximize("score", 0).Trials(24).Seed(seed);
            sweep = earlier is null ? sweep.Sampler("random") : sweep.From(earlier.Study);
            earlier = await sweep.RunAsync(c => Marked(trial++, c));
            Assert.Equal((24, 24), (trial, earlier.Study.Completed.Count));
        }
    }
}
