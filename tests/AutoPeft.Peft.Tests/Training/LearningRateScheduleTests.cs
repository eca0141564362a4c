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

    [Fact]
    public void Warm_up_stable_decay_stays_until_its_last_part_and_then_falls_as_one_minus_the_root()
    {
        double[] all = All(ScheduleKind.WarmupStableDecay, 100, 10);
        Assert.All(all[9..81], f => Assert.Equal(1, f));
        Assert.Equal(1 - Math.Sqrt(0.5), all[90], 15);
        Assert.Equal(1 - Math.Sqrt(0.95), all[99], 15);
        var shape = new ScheduleShape { DecayShare = 0.5, FinalShare = 0.1 };
        Assert.Equal(0.1 + 0.9 * (1 - Math.Sqrt(0.5)), LearningRateSchedule.Factor(ScheduleKind.WarmupStableDecay, 75, 100, 10, shape), 15);
    }

    [Fact]
    public void The_inverse_square_root_and_the_power_law_leave_the_peak_where_warm_up_ends()
    {
        double[] root = All(ScheduleKind.InverseSquareRoot, 100, 25), power = All(ScheduleKind.Power, 100, 25);
        Assert.Equal((1, 0.5), (root[24], root[99]));
        Assert.Equal(0.2, root[4], 15);
        Assert.Equal(Math.Pow(4, -0.51), power[99], 15);
        // The law passes the peak at step 50: constant until then. At step 4 it is below the peak already: warm-up rises to the law alone.
        double Power(double knee, long step) =>
            LearningRateSchedule.Factor(ScheduleKind.Power, step, 100, 25, new ScheduleShape { PowerExponent = -1, PowerKnee = knee });
        Assert.Equal((1, 1, 0.5), (Power(50, 24), Power(50, 49), Power(50, 99)));
        Assert.Equal((0.16, 0.04), (Power(4, 24), Power(4, 99)));
        Assert.Equal(0.16 * 10 / 25, Power(4, 9), 15);
    }

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
        Assert.Contains("linear, cosine, constant, wsd, inverse-sqrt, power",
            Assert.Throws<InvalidInputException>(() => LearningRateSchedule.Parse("step")).Message, StringComparison.Ordinal);
}
