using AutoPeft.Randomness;
using AutoPeft.Studies;
using AutoPeft.TaskSets;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests.TaskSets;

public class TaskAggregateTests
{
    [Fact]
    public void Each_aggregate_is_what_its_name_says()
    {
        double[] losses = [0.4, 0.1, 0.3, 0.2];
        Assert.Equal(0.25, TaskAggregate.Mean.Of(losses), 12);
        Assert.Equal(0.4, TaskAggregate.Worst.Of(losses), 12);
        Assert.Equal(0.25, TaskAggregate.Median.Of(losses), 12);
        Assert.Equal(0.35, TaskAggregate.Cvar(0.5).Of(losses), 12);
        // One task and half of the next: (0.4 + 0.5 · 0.3) / 1.5.
        Assert.Equal(0.55 / 1.5, TaskAggregate.Cvar(0.375).Of(losses), 12);
        Assert.Equal(0.4, TaskAggregate.Cvar(0.1).Of(losses), 12);
    }

    [Fact]
    public void Conditional_value_at_risk_is_Rockafellar_and_Uryasevs_minimum()
    {
        // CVaR_p = min over c of c + E[max(X − c, 0)] / p, attained at one of the losses (Rockafellar and Uryasev 2000, theorem 1).
        Prop.ForAll(Gen.Choose(1, 9).SelectMany(n => Gen.Choose(-1000, 1000).ArrayOf(n)).ToArbitrary(), Gen.Choose(1, 100).ToArbitrary(),
            (whole, percent) =>
        {
            double[] x = [.. whole.Select(v => v / 100.0)];
            double p = percent / 100.0, expected = x.Min(c => c + x.Average(v => Math.Max(v - c, 0)) / p);
            Assert.Equal(expected, TaskAggregate.Cvar(p).Of(x), 9);
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("mean"), InlineData("worst"), InlineData("median"), InlineData("cvar:0.25")]
    public void An_aggregate_reads_what_it_writes(string text) => Assert.Equal(text, TaskAggregate.Parse(text).ToString());

    [Theory]
    [InlineData("best", "mean, worst, median and cvar:SHARE"), InlineData("cvar:0", "above 0"), InlineData("cvar:x", "cvar:SHARE"),
        InlineData("rank", "changes with every other trial")]
    public void What_is_no_aggregate_is_refused_with_what_there_is(string text, string says) =>
        Assert.Contains(says, Assert.Throws<InvalidInputException>(() => TaskAggregate.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void On_a_tasks_scale_its_reference_and_its_ideal_are_0_and_1()
    {
        Objective accuracy = Objective.Maximize("accuracy"), loss = Objective.Minimize("loss");
        var scale = new TaskScale(0.6, 1);
        Assert.Equal((0, 1), (scale.Apply(accuracy, 0.6), scale.Apply(accuracy, 1)));
        Assert.Equal(0.5, scale.Apply(accuracy, 0.8), 12);
        var falling = new TaskScale(2, 0.5);
        Assert.Equal((1, 0), (falling.Apply(loss, 2), falling.Apply(loss, 0.5)));
        Assert.Equal(0.75, new TaskScale(4).Apply(loss, 3));
        Assert.Throws<InvalidInputException>(() => scale.Apply(loss, 1));
        Assert.Throws<InvalidInputException>(() => new TaskScale(-1));
        Assert.Throws<InvalidInputException>(() => new TaskScale(1, 1));
    }

    [Fact]
    public void Measured_against_references_an_easy_task_no_longer_decides_alone()
    {
        // On the easy task everything is between 0.50 and 0.98, on the hard one between 0.90 (chance) and 0.94.
        var random = new Philox(3);
        (double Easy, double Hard)[] configurations =
            [.. Enumerable.Range(0, 200).Select(_ => (0.5 + 0.48 * random.NextDouble(), 0.9 + 0.04 * random.NextDouble()))];
        double[] raw = [.. configurations.Select(c => TaskAggregate.Mean.Of([-c.Easy, -c.Hard]))];
        Objective accuracy = Objective.Maximize("accuracy");
        double[] scaled = [.. configurations.Select(
            c => TaskAggregate.Mean.Of([-new TaskScale(0.5, 1).Apply(accuracy, c.Easy), -new TaskScale(0.9, 1).Apply(accuracy, c.Hard)]))];
        double Of(double[] aggregate, Func<(double Easy, double Hard), double> task) =>
            Math.Abs(MathNet.Numerics.Statistics.Correlation.Pearson(aggregate, configurations.Select(task)));
        Assert.True(Of(raw, c => c.Hard) < 0.25, $"{Of(raw, c => c.Hard)}");
        Assert.True(Of(scaled, c => c.Hard) > Of(raw, c => c.Hard) + 0.1, $"{Of(scaled, c => c.Hard)}");
    }
}
