using AutoPeft.Peft.Tasks;

namespace AutoPeft.Peft.Tests.Tasks;

public sealed class ConstantAnswerTests
{
    [Fact]
    public void The_best_constant_answer_has_the_entropy_of_the_labels_as_its_loss()
    {
        TextTask even = TaskCatalog.Resolve("polarity;train=64;dev=64");
        double positive = even.Dev.Average(e => e.Label);
        Assert.Equal(-positive * Math.Log(positive) - (1 - positive) * Math.Log(1 - positive), ConstantAnswer.DevLoss(even), 12);
        Assert.Equal(0.0, ConstantAnswer.DevLoss(even with { Dev = [.. even.Dev.Where(e => e.Label == 0)] }));
    }

    [Fact]
    public void In_regression_it_has_the_variance()
    {
        TextTask task = TaskCatalog.Resolve("polarity;train=64;dev=64");
        TextTask regression = task with { Labels = [], Dev = [new("a", null, 1), new("b", null, 2), new("c", null, 6)] };
        Assert.Equal(14.0 / 3, ConstantAnswer.DevLoss(regression), 12);
    }
}
