using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.Tests.Training;

public class LearningRateScheduleTests
{
    private static double[] All(ScheduleKind kind, int total, int warmup) =>
        [.. Enumerable.Range(0, total).Select(s => LearningRateSchedule.Factor(kind, s, total, warmup))];

    [Fact]
    public void Warm_up_climbs_evenly_to_one_then_the_line_falls_to_the_last_step() =>
        Assert.Equal([0.25, 0.5, 0.75, 1, 1, 5.0 / 6, 4.0 / 6, 3.0 / 6, 2.0 / 6, 1.0 / 6], All(ScheduleKind.Linear, 10, 4),
            (a, b) => Math.Abs(a - b) < 1e-15);

    [Fact]
    public void The_cosine_is_half_way_down_half_way_through()
    {
        Assert.Equal(1, LearningRateSchedule.Factor(ScheduleKind.Cosine, 10, 110, 10));
        Assert.Equal(0.5, LearningRateSchedule.Factor(ScheduleKind.Cosine, 60, 110, 10), 15);
        Assert.Equal(0.5 * (1 + Math.Cos(0.9 * Math.PI)), LearningRateSchedule.Factor(ScheduleKind.Cosine, 100, 110, 10), 15);
    }

    [Fact]
    public void The_constant_stays() => Assert.All(All(ScheduleKind.Constant, 9, 0), f => Assert.Equal(1, f));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 5)]
    [InlineData(7, 30)]
    public void Every_step_learns_something_and_none_more_than_the_peak(int warmup, int total)
    {
        foreach (ScheduleKind kind in Enum.GetValues<ScheduleKind>()) Assert.All(All(kind, total, warmup), f => Assert.InRange(f, 1e-3, 1));
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones() =>
        Assert.Contains("linear, cosine, constant", Assert.Throws<InvalidInputException>(() => LearningRateSchedule.Parse("step")).Message,
            StringComparison.Ordinal);
}
