using AutoPeft.MLNet.Tuners;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using Microsoft.ML;
using Microsoft.ML.AutoML;
using Microsoft.ML.SearchSpace.Option;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Tests.Tuners;

public sealed class SamplerTunerTests
{
    /// <summary>Branin in its usual ranges, worse by 5 under the wrong one of three choices: minimum 0.397887 under "c".</summary>
    private static TheirSpace BraninWithChoice() => new()
    {
        ["x"] = new UniformDoubleOption(-5, 10),
        ["nested"] = new TheirSpace { ["y"] = new UniformDoubleOption(0, 15), ["choice"] = new ChoiceOption("a", "b", "c") },
    };

    private static double Loss(TheirParameter p)
    {
        double x = p["x"].AsType<double>(), y = p["nested"]["y"].AsType<double>();
        double a = y - 5.1 / (4 * Math.PI * Math.PI) * x * x + 5 / Math.PI * x - 6;
        return a * a + 10 * (1 - 1 / (8 * Math.PI)) * Math.Cos(x) + 10 + (p["nested"]["choice"].AsType<string>() == "c" ? 0 : 5);
    }

    private sealed class Runner(Func<TrialSettings, double> loss) : ITrialRunner
    {
        public Task<TrialResult> RunAsync(TrialSettings settings, CancellationToken ct)
        {
            double value = loss(settings);
            return Task.FromResult(new TrialResult { TrialSettings = settings, Loss = value, Metric = -value, DurationInMilliseconds = 1 });
        }

        public void Dispose() { }
    }

    private static async Task<TrialResult> ExperimentAsync(Action<AutoMLExperiment> tuner, int trials, int seed,
        Func<TrialSettings, double>? loss = null)
    {
        var experiment = new AutoMLExperiment(new MLContext(seed),
            new AutoMLExperiment.AutoMLExperimentSettings { SearchSpace = BraninWithChoice(), Seed = seed });
        experiment.SetMaxModelToExplore(trials).SetTrialRunner(new Runner(loss ?? (s => Loss(s.Parameter))));
        tuner(experiment);
        return await experiment.RunAsync();
    }

    [Fact]
    public async Task An_experiment_finds_the_known_optimum_and_more_surely_than_with_its_random_tuner()
    {
        int better = 0;
        for (int seed = 0; seed < 6; seed++)
        {
            double ours = (await ExperimentAsync(e => e.SetAutoPeftTuner(), 40, seed)).Loss;
            double theirs = (await ExperimentAsync(e => e.SetRandomSearchTuner(), 40, seed)).Loss;
            Assert.InRange(ours, 0.397887, 0.45);
            if (ours < theirs) better++;
        }
        Assert.True(better >= 5, $"better with {better} of 6 seeds");
    }

    [Fact]
    public async Task The_same_seed_runs_the_same_experiment()
    {
        async Task<List<string>> Trials(int seed)
        {
            var list = new List<string>();
            await ExperimentAsync(e => e.SetAutoPeftTuner(new TpeSampler()), 15, seed, s =>
            {
                list.Add(System.Text.Json.JsonSerializer.Serialize(s.Parameter));
                return Loss(s.Parameter);
            });
            return list;
        }
        List<string> first = await Trials(3);
        Assert.Equal(first, await Trials(3));
        Assert.NotEqual(first, await Trials(4));
    }

    [Fact]
    public async Task Trials_that_throw_or_come_back_without_a_number_are_failed_ones_and_the_experiment_goes_on()
    {
        SamplerTuner? tuner = null;
        TrialResult best = await ExperimentAsync(e => e.SetTuner(_ => tuner = new SamplerTuner(BraninWithChoice())), 25, 1, s =>
            s.TrialId % 5 == 3 ? throw new InvalidOperationException("diverged") : s.TrialId % 5 == 4 ? double.NaN : Loss(s.Parameter));
        Assert.True(best.Loss < 20);
        Assert.Equal(10, tuner!.Study.Trials.Count(t => t.State == TrialState.Failed));
        Assert.Equal(15, tuner.Study.Completed.Count);
        Assert.All(tuner.Study.Completed, t => Assert.Equal(-t.Values[0], t.Metrics["metric"]));
    }

    [Fact]
    public void Trials_in_flight_are_pending_to_the_sampler_and_come_back_in_any_order()
    {
        var tuner = new SamplerTuner(BraninWithChoice(), new TpeSampler());
        TrialSettings[] trials = [.. Enumerable.Range(100, 6).Select(id => new TrialSettings { TrialId = id })];
        foreach (TrialSettings t in trials) t.Parameter = tuner.Propose(t);
        Assert.Equal(6, tuner.Study.PendingCount);
        Assert.Equal(6, trials.Select(t => t.Parameter).Distinct().Count());
        foreach (TrialSettings t in trials.Reverse()) tuner.Update(new TrialResult { TrialSettings = t, Loss = t.TrialId });
        Assert.Equal([105, 104, 103, 102, 101, 100], tuner.Study.Completed.Select(t => t.Values[0]));
        Assert.Equal(100, tuner.Study.Trials[0].Values[0]);
    }

    [Fact]
    public void Of_two_results_of_one_trial_the_first_counts()
    {
        var tuner = new SamplerTuner(BraninWithChoice());
        var settings = new TrialSettings { TrialId = 0 };
        settings.Parameter = tuner.Propose(settings);
        tuner.Update(new TrialResult { TrialSettings = settings, Loss = 2 });
        tuner.Update(new TrialResult { TrialSettings = settings, Loss = double.MaxValue });
        Assert.Equal(2, Assert.Single(tuner.Study.Completed).Values[0]);
    }

    [Fact]
    public void A_trial_of_somebody_elses_counts_under_its_own_parameter()
    {
        var tuner = new SamplerTuner(BraninWithChoice());
        TheirParameter elsewhere = tuner.Space.ToParameter(tuner.Space.Default.With("x", 2.5).With("nested.choice", "b"));
        tuner.Update(new TrialResult { TrialSettings = new TrialSettings { TrialId = 7, Parameter = elsewhere }, Loss = 3 });
        Trial known = Assert.Single(tuner.Study.Completed);
        Assert.Equal((2.5, "b"), (known.Configuration.GetDouble("x"), known.Configuration.GetString("nested.choice")));
        TheirParameter outside = TheirParameter.CreateNestedParameter(KeyValuePair.Create("x", TheirParameter.FromDouble(99)));
        Assert.Throws<InvalidInputException>(
            () => tuner.Update(new TrialResult { TrialSettings = new TrialSettings { TrialId = 8, Parameter = outside }, Loss = 3 }));
    }

    [Fact]
    public void A_stated_default_is_tried_first_unless_told_not_to()
    {
        var space = new TheirSpace { ["x"] = new UniformDoubleOption(0, 1, false, 0.25), ["y"] = new UniformDoubleOption(0, 1) };
        double First(bool start) =>
            new SamplerTuner(space, new RandomSampler(), new SamplerTunerOptions { StartAtDefault = start })
                .Propose(new TrialSettings())["x"].AsType<double>();
        Assert.Equal(0.25, First(true));
        Assert.NotEqual(0.25, First(false));
        Assert.False(new SamplerTuner(BraninWithChoice()).Space.StatesDefault);
    }

    [Fact]
    public void A_grid_that_has_run_out_is_followed_by_random_trials()
    {
        var tuner =
            new SamplerTuner(new TheirSpace { ["loss"] = new ChoiceOption("a", "b"), ["n"] = new ChoiceOption(1, 2) }, new GridSampler());
        TheirParameter[] all = [.. Enumerable.Range(0, 7).Select(id => tuner.Propose(new TrialSettings { TrialId = id }))];
        Assert.Equal(4, all.Take(4).Distinct().Count());
        Assert.All(all, p => Assert.Contains(p, all.Take(4)));
    }
}
