using AutoPeft.Peft.Tasks;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Peft.Tests.Tasks;

public class MetricTests
{
    // 6 true positives, 3 false negatives, 1 false positive, 2 true negatives.
    private static readonly double[] Truth = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0];
    private static readonly double[] Given = [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0];

    [Fact]
    public void Accuracy_is_the_share_of_right_answers() => Assert.Equal(8.0 / 12, TaskMetric.Accuracy.Score(Truth, Given), 15);

    [Fact]
    public void Matthews_of_two_classes_is_the_textbook_formula() =>
        Assert.Equal((6.0 * 2 - 1 * 3) / Math.Sqrt((6 + 1) * (6 + 3) * (2 + 1) * (2 + 3)), TaskMetric.Matthews.Score(Truth, Given), 15);

    [Fact]
    public void F1_is_that_of_class_one() => Assert.Equal(2.0 * 6 / (2 * 6 + 1 + 3), TaskMetric.F1.Score(Truth, Given), 15);

    [Fact]
    public void Matthews_of_three_classes_is_Gorodkins()
    {
        // sklearn.metrics.matthews_corrcoef documents R_K = (c·s − Σ p_k t_k) / √((s² − Σ p_k²)(s² − Σ t_k²)).
        double[] truth = [0, 1, 2, 0, 1, 2, 2], given = [0, 2, 1, 0, 0, 1, 2];
        // c = 3, s = 7, t = (2, 2, 3), p = (3, 2, 2)
        double expected = (3 * 7 - (3 * 2 + 2 * 2 + 2 * 3)) / Math.Sqrt((49.0 - 17) * (49.0 - 17));
        Assert.Equal(expected, TaskMetric.Matthews.Score(truth, given), 15);
    }

    [Fact]
    public void F1_of_three_classes_is_the_mean_over_classes() =>
        Assert.Equal((2.0 / 4 + 2.0 / 2 + 0) / 3, TaskMetric.F1.Score(new double[] { 0, 1, 2, 0 }, new double[] { 0, 1, 0, 2 }), 15);

    [Fact]
    public void A_model_that_always_says_the_same_has_no_correlation()
    {
        Assert.Equal(0, TaskMetric.Matthews.Score(Truth, new double[12]));
        Assert.Equal(0, TaskMetric.F1.Score(Truth, new double[12]));
        Assert.Equal(0, TaskMetric.PearsonSpearman.Score(Truth, new double[12]));
    }

    [Fact]
    public void Pearson_is_the_closed_form()
    {
        double[] x = [1, 2, 3, 4], y = [1, 3, 2, 6];
        // Deviations (−1.5, −.5, .5, 1.5) and (−2, 0, −1, 3): 7 / √(5 · 14).
        Assert.Equal(7 / Math.Sqrt(70), Correlation.Pearson(x, y), 15);
    }

    [Fact]
    public void Spearman_shares_ranks_among_ties()
    {
        double[] x = [1, 2, 2, 4], y = [10, 30, 20, 40];
        // Ranks (1, 2.5, 2.5, 4) and (1, 3, 2, 4): 4.5 / √(4.5 · 5).
        Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), Correlation.Spearman(x, y), 15);
    }

    [Fact]
    public void Spearman_ignores_any_rising_distortion_and_pearson_any_linear_one() =>
        Prop.ForAll(Gen.Choose(-1000, 1000).ListOf(12).ToArbitrary(), Gen.Choose(-1000, 1000).ListOf(12).ToArbitrary(), (a, b) =>
        {
            double[] x = [.. a.Select(v => v / 100.0)], y = [.. b.Select(v => v / 100.0)];
            return Math.Abs(Correlation.Spearman(x, y) - Correlation.Spearman([.. x.Select(Math.Exp)], y)) < 1e-12
                && Math.Abs(Correlation.Pearson(x, y) - Correlation.Pearson([.. x.Select(v => 3 * v - 7)], y)) < 1e-9;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_score_is_at_most_one_and_reached_by_the_truth_alone_or_by_chance() =>
        Prop.ForAll(Gen.Choose(0, 2).ListOf(15).ToArbitrary(), Gen.Choose(0, 2).ListOf(15).ToArbitrary(), (a, b) =>
        {
            double[] truth = [.. a.Select(v => (double)v), 0, 1, 2], given = [.. b.Select(v => (double)v), 0, 1, 2];
            return new[] { TaskMetric.Accuracy, TaskMetric.Matthews, TaskMetric.F1 }.All(m =>
                Math.Abs(m.Score(truth, truth) - 1) < 1e-12 && m.Score(truth, given) <= 1 + 1e-12 && m.Score(truth, given) >= -1 - 1e-12);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Unequal_lengths_are_refused() =>
    Assert.Throws<ArgumentException>(() => TaskMetric.Accuracy.Score(new double[2], new double[3]));

    [Fact]
    public void Names_go_both_ways_and_an_unknown_one_lists_the_known()
    {
        foreach (TaskMetric metric in Enum.GetValues<TaskMetric>()) Assert.Equal(metric, TaskMetricNames.Parse(metric.ToName()));
        Assert.Contains("matthews", Assert.Throws<InvalidInputException>(() => TaskMetricNames.Parse("bleu")).Message,
            StringComparison.Ordinal);
    }
}
