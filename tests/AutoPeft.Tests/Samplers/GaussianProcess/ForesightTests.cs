using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Samplers.GaussianProcess;

public sealed class ForesightTests
{
    private static readonly FeatureMap Map = new(SearchSpace.Build(s => s.Float("a", 0, 1).Float("b", 0, 1)));

    private static readonly Hyperparameters H = new([-0.5, 0.2], 0.3, Math.Log(0.01));

    private static List<double[]> Points(int n, ulong seed)
    {
        var random = new Philox(seed);
        return [.. Enumerable.Range(0, n).Select(_ => new Candidate(Map, Map.Space.Sample(random)).Features)];
    }

    [Theory, InlineData(4), InlineData(11), InlineData(30)]
    public void It_is_what_models_of_the_earlier_trials_alone_say_of_the_later_ones(int n)
    {
        List<double[]> points = Points(n, 3);
        double[] targets = [.. points.Select((p, i) => Math.Sin(5 * p[0]) + p[1] * p[1] + 0.1 * i)];
        int from = Math.Max(2, Math.Min(n / 2, n - 8));
        double bias = 0, squares = 0, total = 0;
        for (int i = from; i < n; i++)
        {
            var mean = new double[1];
            Posterior.Given(new TrainingSet(Map, points[..i]), targets[..i], H)!.Predict(points[i], mean, out double variance);
            double error = targets[i] - mean[0];
            bias += error / Math.Sqrt(variance + Math.Exp(H.LogNoise)) / (n - from);
            squares += error * error;
            total += targets[i] * targets[i];
        }
        Foresight foresight = Foresight.Of(new TrainingSet(Map, points), targets, H);
        Assert.Equal(bias, foresight.Bias, 1e-8);
        Assert.Equal(squares / total, foresight.Error, 1e-8);
    }

    [Fact]
    public void Losses_that_keep_coming_out_worse_than_foreseen_are_met_with_pessimism_and_better_ones_are_not()
    {
        List<double[]> points = Points(24, 4);
        double[] worse = [.. points.Select((_, i) => i < 16 ? -0.5 : 1.0)];
        Foresight disappointed = Foresight.Of(new TrainingSet(Map, points), worse, H),
            delighted = Foresight.Of(new TrainingSet(Map, points), [.. worse.Select(w => -w)], H);
        Assert.True(disappointed.Bias > 0.3);
        Assert.Equal(-disappointed.Bias, delighted.Bias, 1e-9);
        Assert.InRange(disappointed.Pessimism(pending: false), 0.5, 1);
        Assert.Equal(0, delighted.Pessimism(pending: false));
    }

    [Fact]
    public void A_model_that_foresees_nearly_everything_is_believed_whatever_its_bias_and_pending_trials_make_others_wary()
    {
        Assert.Equal(0.01, new Foresight(2, 0.001).Pessimism(pending: true), 1e-12);
        Assert.Equal(0, new Foresight(0, 0.5).Pessimism(pending: false));
        Assert.Equal(1, new Foresight(0, 0.5).Pessimism(pending: true));
        Assert.Equal(0.6, new Foresight(-0.2, 0.5).Pessimism(pending: true), 1e-12);
    }

    [Fact]
    public void Too_few_trials_say_nothing() => Assert.Equal(default, Foresight.Of(new TrainingSet(Map, Points(2, 5)), [1, -1], H));
}
