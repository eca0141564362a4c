using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Samplers.GaussianProcess;

public sealed class MainEffectsTests
{
    [Fact]
    public void A_term_is_a_rational_quadratic_of_its_own_parameters_distance()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("x", 0, 1).Categorical("c", ["p", "q", "r"]).Bool("on"));
        var map = new FeatureMap(space);
        Candidate a = At(0.2, 0, 1), b = At(0.9, 2, 1);
        double[] lengths = [0.5, 2, 1], k = new double[4];
        double[] weights = [.. map.Groups.Select(g => 1 / (lengths[g] * lengths[g]))];
        Matern.Row(new TrainingSet(map, [b.Features]), a.Features, weights, 0, 0.6, 0, 4, k, null, 0);
        // Two choices are at distance 1 of each other, and "on" does not differ.
        double expected = Matern.MeanVariance + 0.2 * (Math.Pow(1 + 0.49 / 0.25, -2) + Math.Pow(1 + 1.0 / 4, -2) + 1);
        Assert.Equal(expected, k[0], 1e-12);

        Candidate At(params double[] codes) => new(map, space.FromCodes(codes));
    }

    [Fact]
    public void A_corner_that_nobody_tried_is_known_from_the_sides_that_were()
    {
        SearchSpace space = SearchSpace.Build(s =>
        {
            for (int i = 0; i < 6; i++) s.Categorical($"c{i}", ["a", "b", "c"]);
        });
        var map = new FeatureMap(space);
        var random = new Philox(3);
        double Value(Configuration c) => Enumerable.Range(0, 6).Sum(i => (i + 1) * (c.Codes[i] == 2 ? 1.0 : 0.1 * c.Codes[i]));
        Configuration[] known =
            [.. Enumerable.Range(0, 30).Select(_ => space.Sample(random)).Where(c => c.Codes.ToArray().Count(v => v == 2) < 4)];
        double[] raw = [.. known.Select(Value)];
        Standardization scale = Standardization.Of(raw);
        double[] targets = [.. raw.Select(scale.Apply)];
        var set = new TrainingSet(map, [.. known.Select(c => new Candidate(map, c).Features)]);
        Configuration corner = space.FromCodes([2, 2, 2, 2, 2, 2]);
        (double additive, double spread) = Predict(main: true);
        (double joint, _) = Predict(main: false);
        double truth = scale.Apply(Value(corner));
        Assert.True(Math.Abs(additive - truth) < 0.25 * Math.Abs(joint - truth), $"{additive} and {joint} for {truth}");
        Assert.InRange(Math.Abs(additive - truth), 0, 3 * spread);

        (double Mean, double Deviation) Predict(bool main)
        {
            Hyperparameters h =
                HyperparameterFit.Fit(set, targets, new HyperparameterPrior(false, main), null, true, false, out _, default)!;
            var mean = new double[1];
            Posterior.Given(set, targets, h)!.Predict(new Candidate(map, corner).Features, mean, out double variance);
            return (mean[0], Math.Sqrt(variance));
        }
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void Fitted_hyperparameters_come_back_from_the_log_as_they_were(bool main)
    {
        var h = new Hyperparameters([0.125, -1.5], -0.25, -9.001, main ? -0.75 : null);
        var state = new SurrogateState(12, [[h, h]], [5]);
        SurrogateState back = SurrogateState.Parse(state.ToText(), 2, [main])!;
        Assert.Equal(h.ToVector(), back.Models[0][1].ToVector());
        Assert.Equal(h.LogMain, back.Models[0][0].LogMain);
        Assert.Equal((12, 5.0), (back.ThoroughAt, back.Strengths[0]));
        Assert.Null(SurrogateState.Parse(state.ToText(), 2, [!main]));
        Assert.Null(SurrogateState.Parse(state.ToText().Replace("gp3", "gp2"), 2, [main]));
    }
}
