using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Samplers;

/// <summary>Spaces of which a known part always fails: a search learns where, and looks for the best beside it.</summary>
public sealed class FailingRegionTests
{
    private static readonly SearchSpace Square = SearchSpace.Build(s => s.Float("x", 0, 1).Float("y", 0, 1).Float("z", 0, 1));

    /// <summary>Trials of the second half that failed, and the best loss, over some seeds; medians.</summary>
    private static (double Failed, double Best) Play(string sampler, SearchSpace space, Func<Configuration, double> loss,
        Func<Configuration, bool> fails, int trials = 60, Func<StudyDefinition, StudyDefinition>? change = null)
    {
        var failed = new List<double>();
        var best = new List<double>();
        for (ulong seed = 0; seed < 3; seed++)
        {
            var study =
                new FunctionStudy(new TestFunction("failing", space, [Objective.Minimize("loss", 10)], c => ([loss(c)], [])), seed, trials,
                    change);
            for (int i = 0; i < trials; i++)
            {
                study.Ask(SamplerCatalog.Create(sampler));
                if (fails(study.Study.Trials[i].Configuration)) study.Fail(i);
                else study.Tell(i);
            }
            failed.Add(study.Study.Trials.Skip(trials / 2).Count(t => t.State == TrialState.Failed));
            best.Add(study.Study.Completed.Min(t => t.Losses[0]));
        }
        return (failed.Order().ElementAt(1), best.Order().ElementAt(1));
    }

    /// <summary>
    /// Who looks at no results (random, sobol, grid) has nothing to learn from; transfer without an earlier study is gp, and has a test of
    /// its own, as have populations.
    /// </summary>
    [Theory]
    // Of thirty proposals fifteen fall into a half by chance; a third of BOHB's are random.
    [InlineData("bohb", 11), InlineData("tpe", 9), InlineData("gp", 3), InlineData("auto", 3), InlineData("dehb", 6)]
    [InlineData("cmaes", 6), InlineData("evolution", 4), InlineData("mcts", 4), InlineData("cfo", 4)]
    // NSGA-II has a population after fifty trials: of the last sixty thirty would fail by chance.
    [InlineData("nsga2", 5, 120)]
    public void A_half_that_always_fails_is_avoided(string sampler, int most, int trials = 60)
    {
        (double failed, double best) = Play(sampler, Square, Loss, c => c.GetDouble("x") > 0.5, trials);
        Assert.True(failed <= most, $"{failed} of the last {trials / 2}");
        Assert.True(best < 0.02, $"best {best}");
    }

    [Fact]
    public void A_half_that_always_fails_is_avoided_though_an_earlier_study_had_its_best_there()
    {
        var random = new Philox(7);
        Configuration[] drawn = [.. Enumerable.Range(0, 40).Select(_ => Square.Sample(random))];
        double Earlier(Configuration c) => Math.Pow(c.GetDouble("x") - 0.75, 2) + Math.Pow(c.GetDouble("y") - 0.7, 2);
        var earlier = new EarlierStudy("earlier", [.. drawn.OrderBy(Earlier).Select(c => new EarlierTrial(c, [Earlier(c)]))]);
        (double failed, double best) = Play("transfer", Square, Loss, c => c.GetDouble("x") > 0.5, 40, d => d with { Earlier = [earlier] });
        Assert.True(failed <= 4 && best < 0.02, $"{failed} of the last 20, best {best}");
    }

    /// <summary>
    /// Trainings gain with momentum, and break at once beyond a half. PBT has no model to learn that from: it leaves what failed by never
    /// going on from there, and changes a good member's momentum by chance.
    /// </summary>
    [Theory]
    [InlineData(""), InlineData(",mode=sync")]
    public void A_half_in_which_trainings_break_is_left_by_population_based_bandits(string mode)
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("lr", 0, 1).Float("momentum", 0, 1));
        var levels = new Dictionary<(int, long), double>();
        TrialCurve Curve(IStudyView study, Trial trial)
        {
            long from = trial.Parent?.Step ?? 0;
            double level = trial.Parent is { } p ? levels[(p.Number, p.Step)] : 0, momentum = trial.Configuration.GetDouble("momentum");
            bool breaks = momentum > 0.5;
            var reports = new List<(long, ImmutableSortedDictionary<string, double>)>();
            for (long step = from + 1; step <= (breaks ? from : 12); step++)
            {
                levels[(trial.Number, step)] = level -= momentum + 0.1 * trial.Configuration.GetDouble("lr");
                reports.Add((step, ImmutableSortedDictionary<string, double>.Empty.Add("loss", level)));
            }
            return new TrialCurve(reports, breaks ? default : [level]);
        }
        (string sampler, string scheduler) = PopulationPairing.Pair($"pb2:population=6,max=12{mode}", "none");
        int broke = 0, successors = 0;
        for (ulong seed = 0; seed < 6; seed++)
        {
            levels.Clear();
            var definition = new StudyDefinition(space, [Objective.Minimize("loss")])
            { Seed = seed, Budget = 60, Sampler = sampler, Scheduler = scheduler };
            Trial[] later = [.. new CurveStudy(definition, SamplerCatalog.Create(sampler), SchedulerCatalog.Create(scheduler), Curve)
                .Run(2).Study.Trials.Where(t => t.Parent is not null)];
            successors += later.Length;
            broke += later.Count(t => t.Configuration.GetDouble("momentum") > 0.5);
        }
        // One that takes a failure for no news goes there with nearly all of them.
        Assert.True(successors > 60 && broke < 0.45 * successors, $"{broke} of {successors} successors");
    }

    private static double Loss(Configuration c) => Math.Pow(c.GetDouble("x") - 0.25, 2) + Math.Pow(c.GetDouble("y") - 0.7, 2);

    [Fact]
    public void A_choice_that_always_fails_is_given_up_by_the_gaussian_process()
    {
        SearchSpace space = SearchSpace.Build(s => s.Categorical("m", ["a", "b"]).Float("x", 0, 1).Float("y", 0, 1));
        (double failed,
            double best) = Play("gp", space, c => Math.Pow(c.GetDouble("x") - 0.25, 2) + Math.Pow(c.GetDouble("y") - 0.7, 2),
                c => c.GetString("m") == "b", 50);
        Assert.True(failed <= 4 && best < 1e-4, $"{failed} of the last 25, best {best}");
    }

    public static TheoryData<string, double, double, double> Edges => new()
    {
        // An edge where a·x + b·y = c; the loss falls towards the edge, and along the edge towards one point.
        { "along an axis", 1, 0, 0.6 },
        { "across", 1, 1, 1.1 },
        { "across, and steep", 1, 0.5, 0.8 },
    };

    /// <summary>
    /// Who halves what is between the last that failed and the best that did not, trying the better quarter, fails one time in four.
    /// </summary>
    [Theory]
    [MemberData(nameof(Edges))]
    public void An_optimum_at_the_edge_of_a_failing_region_is_found_from_the_side_that_does_not_fail(
        string edge, double a, double b, double c)
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("x", 0, 1).Float("y", 0, 1));
        double Beyond(Configuration x) => a * x.GetDouble("x") + b * x.GetDouble("y") - c;
        double Along(Configuration x) => a * (x.GetDouble("y") - 0.5) - b * (x.GetDouble("x") - (c - 0.5 * b) / a);
        (double failed, double best) = Play("gp", space, x => -Beyond(x) + Math.Pow(Along(x), 2), x => Beyond(x) > 0);
        Assert.True(failed <= 15, $"{edge}: {failed} of the last 30");
        Assert.InRange(best, 0, 1e-3);
    }

    [Theory]
    [InlineData(1e300), InlineData(double.MaxValue)]
    public void A_mark_for_bad_results_hides_nothing_from_the_model(double mark)
    {
        (_, double best) = Play("gp", Square,
            c => c.GetDouble("x") > 0.5 ? mark : Math.Pow(c.GetDouble("x") - 0.25, 2) + Math.Pow(c.GetDouble("y") - 0.7, 2), _ => false,
            40);
        Assert.True(best < 1e-3, $"best {best}");
    }
}
