using AutoPeft.GaussianProcess;
using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.GaussianProcess;

public sealed class HyperparameterSamplingTests
{
    private static readonly FeatureMap Map = new(SearchSpace.Build(s => s.Float("x", 0, 1).Float("y", 0, 1)));

    private static readonly HyperparameterPrior Prior = new();

    private static Hyperparameters[] Sample(TrainingSet set, double[] targets, int count)
    {
        Hyperparameters start = Prior.Start(2, smooth: false);
        return HyperparameterSampling.Draw(set, targets, Prior, start, HyperparameterSampling.Scales(set, targets, Prior, start), count,
            new Philox(11));
    }

    [Fact]
    public void A_parameter_that_was_never_varied_keeps_its_prior()
    {
        // One point says nothing of length scales: their log is normal around √2 + ½ ln 2 − 3 with variance 3, cut off at ln 0.025
        // (the other bound is too far to matter).
        double mean = Math.Sqrt(2) + 0.5 * Math.Log(2) - 3, deviation = Math.Sqrt(3), cut = (Math.Log(0.025) - mean) / deviation;
        // Moments of a normal cut off below: mean + deviation·λ, λ = φ(c)/(1 − Φ(c)); here c = −1.4143, φ(c) = 0.14674, Φ(c) =
        // 0.07863, so λ = 0.15927.
        Assert.Equal(-1.4143, cut, 1e-4);
        const double lambda = 0.15927;
        double expected = mean + deviation * lambda, variance = 3 * (1 + cut * lambda - lambda * lambda);
        double[] drawn = [.. Sample(new TrainingSet(Map, [[0.5, 0.5]]), [0], 4_000).SelectMany(h => h.LogLengths)];
        double average = drawn.Average();
        Assert.Equal(expected, average, 0.1);
        Assert.Equal(variance, drawn.Average(x => (x - average) * (x - average)), 0.25);
    }

    [Fact]
    public void What_the_data_show_is_certain_and_what_they_do_not_show_stays_open()
    {
        // Two waves along x; y is never varied.
        double[][] points = [.. Enumerable.Range(0, 24).Select(i => new[] { i / 23.0, 0.5 })];
        Hyperparameters[] drawn = Sample(new TrainingSet(Map, points), [.. points.Select(p => 1.4 * Math.Sin(4 * Math.PI * p[0]))], 300);
        double Spread(int g) => Math.Sqrt(drawn.Average(h => Math.Pow(h.LogLengths[g] - drawn.Average(k => k.LogLengths[g]), 2)));
        Assert.True(Spread(0) < 0.5, $"{Spread(0)}");
        Assert.True(Spread(1) > 1, $"{Spread(1)}");
    }

    [Fact]
    public void The_state_in_the_log_reads_back_as_it_was_written()
    {
        var state = new SurrogateState(24, [[new([0.125, -1.5], 0.2, -9), new([2, 0], -0.001, -3.5)], [new([1, 1], 0, 0)]], [0, 25]);
        bool[] two = [false, false];
        SurrogateState back = SurrogateState.Parse(state.ToText(), 2, two)!;
        Assert.Equal(state.ToText(), back.ToText());
        Assert.Equal((24, 2, 1), (back.ThoroughAt, back.Models[0].Length, back.Models[1].Length));
        Assert.Equal(state.Models[0][1].ToVector(), back.Models[0][1].ToVector());
        Assert.Null(SurrogateState.Parse(state.ToText(), 2, [false, false, false]));
        Assert.Null(SurrogateState.Parse(state.ToText(), 3, two));
        Assert.Null(SurrogateState.Parse("something else", 2, two));
    }
}
