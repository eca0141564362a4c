using AutoPeft.GaussianProcess;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.GaussianProcess;

public sealed class GradientTests
{
    private static readonly SearchSpace Space = SearchSpace.Build(s => s
        .Float("a", 0, 1).Float("b", 1e-4, 1, log: true).Int("n", 1, 400, log: true).Categorical("c", ["x", "y", "z"]).Bool("on")
        .Float("child", 0, 1, when: Condition.On("on", true)).Subset("set", ["p", "q", "r"]));

    private static readonly SearchSpace Numbers =
        SearchSpace.Build(s => s.Float("a", 0, 1).Float("b", 1e-4, 1, log: true).Int("n", 1, 400, log: true));

    private static (FeatureMap Map, TrainingSet Set, double[] Targets, List<double[]> Features) Data(int n, ulong seed = 5,
        SearchSpace? space = null)
    {
        var map = new FeatureMap(space ?? Space);
        var random = new Philox(seed);
        List<double[]> features = [.. Enumerable.Range(0, n).Select(_ => new Candidate(map, map.Space.Sample(random)).Features)];
        double[] targets = [.. features.Select(f => Math.Sin(3 * f[0]) + f[1] - f[2] * f[2] + 0.1 * random.NextNormal())];
        return (map, new TrainingSet(map, features), targets, features);
    }

    [Theory]
    [InlineData(false, false), InlineData(true, false), InlineData(false, true), InlineData(false, true, true),
        InlineData(false, true, false, true), InlineData(false, false, true, true)]
    public void The_marginal_likelihoods_gradient_is_that_of_its_value(bool sparse, bool main, bool numbers = false,
        bool sharedScale = false)
    {
        (_, TrainingSet set, double[] targets, _) = Data(23, space: numbers ? Numbers : Space);
        var likelihood = new MarginalLikelihood(set, targets, new HyperparameterPrior(sparse, main, SharedScale: sharedScale));
        var random = new Philox(8);
        for (int trial = 0; trial < 5; trial++)
        {
            double[] theta = [.. Enumerable.Range(0, likelihood.Dimension).Select(_ => random.NextNormal() * 0.7)];
            theta[^1] = -3 + random.NextNormal();
            double[] gradient = new double[theta.Length], ignored = new double[theta.Length];
            likelihood.Evaluate(theta, gradient);
            for (int i = 0; i < theta.Length; i++)
            {
                double[] up = [.. theta], down = [.. theta];
                up[i] += 1e-5;
                down[i] -= 1e-5;
                double numeric = (likelihood.Evaluate(up, ignored) - likelihood.Evaluate(down, ignored)) / 2e-5;
                Assert.Equal(numeric, gradient[i], 1e-5 * Math.Max(1, Math.Abs(numeric)));
            }
        }
    }

    [Theory]
    [InlineData(1, 1, false, false, false), InlineData(2, 1, false, false, true), InlineData(2, 4, true, false, false),
        InlineData(3, 1, true, false, true), InlineData(4, 2, false, false, false)]
    [InlineData(1, 1, true, true, true), InlineData(2, 3, false, true, false), InlineData(1, 1, false, false, true, true),
        InlineData(2, 3, true, true, false, true)]
    [InlineData(2, 1, false, false, true, false, true), InlineData(2, 3, true, true, true, false, true),
        InlineData(3, 1, false, true, false, true, true)]
    [InlineData(3, 1, false, false, true, false, false, true), InlineData(3, 4, true, true, false, true, true, true)]
    public void The_acquisitions_gradient_is_that_of_its_value(int m, int paths, bool constrained, bool mixed, bool main,
        bool trended = false, bool known = false, bool wary = false)
    {
        (FeatureMap map, TrainingSet set, double[] targets, List<double[]> features) = Data(20);
        var random = new Philox(9);
        Hyperparameters H(double noise) =>
            new([.. Enumerable.Range(0, map.GroupCount).Select(_ => 0.3 * random.NextNormal())], 0.2, noise, main ? -0.3 : null);
        var losses = new double[m][];
        for (int j = 0; j < m; j++)
            losses[j] = [.. targets.Select((t, i) => Math.Cos(2 * j + t) + 0.3 * features[i][j % features[i].Length])];
        var posteriors = new Posterior?[m];
        var exact = new ExactLoss?[m];
        var drawn = new double[m][][];
        for (int j = 0; j < m; j++)
        {
            PriorMean? priorMean =
                trended ? new PriorMean(Posterior.Given(set, [.. losses[j].Select(l => Math.Sin(2 * l))], H(-2))!, 0.3, 0.7) : null;
            posteriors[j] = paths > 1
                ? Posterior.Sampled(set, set, losses[j], H(-4), paths, random, out drawn[j], priorMean)!
                : Posterior.Given(set, losses[j], H(-4), priorMean)!;
        }
        var improvement = new ExpectedHypervolume[paths];
        for (int s = 0; s < paths; s++)
        {
            List<double[]> values = [.. Enumerable.Range(0, 20)
                .Select(i => Enumerable.Range(0, m).Select(j => paths > 1 ? drawn[j][s][i] : losses[j][i]).ToArray())];
            improvement[s] = new ExpectedHypervolume(
                m == 1 ? new BoxDecomposition([], [values.Min(v => v[0])]) : new BoxDecomposition(values, [.. Enumerable.Repeat(1.5, m)]));
        }
        if (known)
        {
            // Of spread near 1 over the space, so that improvements are neither certain nor out of sight.
            posteriors[1] = null;
            exact[1] = new ExactLoss(map, Objective.Minimize("size") with { Log = true },
                Formula.Parse("(on + 1) * (c == 'x') * n + 3 * a + b * child + 1", Space), new OutcomeWarp([-1, 0, 1], 0));
        }
        Posterior[] constraints = constrained ? [Posterior.Given(set, targets, H(-3))!] : [];
        IAcquisition acquisition =
            new Acquisition(map, posteriors, exact, improvement, constraints, constrained ? [0.2] : [], constrained ? [1.5] : [], null, 0)
            {
                UncertaintyScale = wary ? 0.6 : 1,
                Pessimism = wary ? [.. Enumerable.Range(0, m).Select(j => 0.4 * j)] : [],
            };
        if (mixed)
        {
            Posterior?[] others = [.. losses.Select((l, j) => exact[j] is null ? Posterior.Given(set, l, H(-4))! : null)];
            var other = new Acquisition(map, others, exact, [improvement[0]], constraints, constrained ? [0.2] : [],
                constrained ? [1.5] : [], null, 0)
            { UncertaintyScale = 0.5 };
            acquisition = new AcquisitionMixture([acquisition, other], Space.Count);
        }
        AssertGradient(acquisition, map, random);
    }

    // Central differences at 20 points of the space.
    private static void AssertGradient(IAcquisition acquisition, FeatureMap map, Philox random)
    {
        for (int trial = 0; trial < 20; trial++)
        {
            var at = new Candidate(map, Space.Sample(random));
            var gradient = new double[Space.Count];
            double value = acquisition.Value(at, gradient);
            Assert.Equal(acquisition.Value(at), value, 1e-9 * Math.Max(1, Math.Abs(value)));
            for (int i = 0; i < Space.Count; i++)
            {
                if (!map.IsRelaxed[i] || double.IsNaN(at.Codes[i])) { Assert.Equal(0, gradient[i]); continue; }
                double u = at.Units[i];
                at.SetUnit(i, u + 1e-5);
                double up = acquisition.Value(at);
                at.SetUnit(i, u - 1e-5);
                double down = acquisition.Value(at);
                at.SetUnit(i, u);
                double numeric = (up - down) / 2e-5;
                Assert.Equal(numeric, gradient[i], 2e-4 * Math.Max(1, Math.Abs(numeric)));
            }
        }
    }

    [Fact]
    public void The_posterior_interpolates_noise_free_data_and_widens_away_from_it()
    {
        (FeatureMap map, TrainingSet set, double[] targets, List<double[]> features) = Data(15);
        var h = new Hyperparameters([.. Enumerable.Repeat(0.0, map.GroupCount)], 0, Math.Log(1e-8));
        Posterior posterior = Posterior.Given(set, targets, h)!;
        var mean = new double[1];
        for (int i = 0; i < 15; i++)
        {
            posterior.Predict(features[i], mean, out double variance);
            Assert.Equal(targets[i], mean[0], 1e-4);
            Assert.InRange(variance, 0, 1e-6);
        }
        posterior.Predict([.. Enumerable.Repeat(40.0, map.Count)], mean, out double far);
        Assert.InRange(far, 1, 2);
    }

    [Fact]
    public void On_a_trend_the_posterior_passes_through_the_data_near_them_and_follows_the_trend_far_away()
    {
        (FeatureMap map, TrainingSet set, double[] targets, List<double[]> features) = Data(15);
        var h = new Hyperparameters([.. Enumerable.Repeat(0.0, map.GroupCount)], 0, Math.Log(1e-8));
        // A belief of long length scales, so that it is still there where the data are not.
        Posterior belief =
            Posterior.Given(set, [.. features.Select(f => 3 + f[0])], h with { LogLengths = [.. Enumerable.Repeat(5.0, map.GroupCount)] })!;
        Posterior posterior = Posterior.Given(set, targets, h, new PriorMean(belief, -1, 2))!, copy = posterior.Copy();
        var mean = new double[1];
        for (int i = 0; i < 15; i++)
        {
            posterior.Predict(features[i], mean, out _);
            Assert.Equal(targets[i], mean[0], 1e-4);
        }
        double[] far = [.. Enumerable.Repeat(40.0, map.Count)];
        posterior.Predict(far, mean, out double variance);
        var rest = new double[1];
        // What is left of the targets keeps the mean that all targets share, and that is known.
        Posterior.Given(set, [.. targets.Zip(features, (t, f) => t + 1 - 2 * belief.Mean(f))], h)!
            .Predict(far, rest, out double restVariance);
        Assert.Equal(-1 + 2 * belief.Mean(far) + rest[0], mean[0], 1e-9);
        Assert.Equal(restVariance, variance, 1e-9);
        var again = new double[1];
        copy.Predict(far, again, out _);
        Assert.Equal(mean[0], again[0]);
    }

    [Fact]
    public void Sampled_paths_pass_through_noise_free_data_and_spread_at_pending_points()
    {
        (FeatureMap map, TrainingSet set, double[] targets, List<double[]> features) = Data(15);
        var h = new Hyperparameters([.. Enumerable.Repeat(-0.5, map.GroupCount)], 0, Math.Log(1e-8));
        double[] pending = new Candidate(map, Space.Sample(new Philox(77))).Features;
        Posterior given = Posterior.Given(set, targets, h)!;
        var all = new TrainingSet(map, [.. features, pending]);
        Posterior.Sampled(set, all, targets, h, 400, new Philox(4), out double[][] values);
        var mean = new double[1];
        given.Predict(pending, mean, out double variance);
        Assert.All(values, path => Assert.Equal(targets[3], path[3], 0.01));
        Assert.Equal(mean[0], values.Average(v => v[15]), 4 * Math.Sqrt(variance / 400));
        Assert.Equal(variance, values.Average(v => Math.Pow(v[15] - mean[0], 2)), 0.3 * variance);
        Posterior.Sampled(set, all, targets, h, 3, new Philox(4), out double[][] believed, pendingAtMeans: true);
        Assert.All(believed, path => Assert.Equal(mean[0], path[15], 1e-6));
    }
}
