using AutoPeft.Peft.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Optimizers;

public class FlatAdamWTests
{
    private static readonly UpdateOptions Options = new() { WeightDecay = 0.1, MaxGradientNorm = double.PositiveInfinity };

    [Fact]
    public void Updates_are_those_of_the_published_algorithm()
    {
        // Algorithm 2 of Loshchilov and Hutter, number by number in double precision: a matrix that decays and a vector that does not.
        double[] start = [0.5, -1.5, 2.0, 0.25, 1.0, -2.0];
        using var matrix = new Parameter(tensor(start[..4], [2, 2]));
        using var vector = new Parameter(tensor(start[4..]));
        using var optimizer = new FlatAdamW([("m", matrix), ("v", vector)], Options);
        double[] x = [.. start], first = new double[6], second = new double[6];
        for (int t = 1; t <= 5; t++)
        {
            double[] gradient = [.. Enumerable.Range(0, 6).Select(i => Math.Sin(3.7 * i + 1.3 * t))];
            matrix.grad = tensor(gradient[..4], [2, 2]);
            vector.grad = tensor(gradient[4..]);
            double rate = 0.1 / t;
            double norm = optimizer.Step(rate);
            Assert.Equal(Math.Sqrt(gradient.Sum(g => g * g)), norm, 12);
            for (int i = 0; i < 6; i++)
            {
                first[i] = 0.9 * first[i] + 0.1 * gradient[i];
                second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i];
                double step = first[i] / (1 - Math.Pow(0.9, t)) / (Math.Sqrt(second[i] / (1 - Math.Pow(0.999, t))) + 1e-8);
                x[i] -= rate * (step + (i < 4 ? 0.1 * x[i] : 0));
            }
            double[] now = [.. matrix.data<double>().ToArray(), .. vector.data<double>().ToArray()];
            for (int i = 0; i < 6; i++) Assert.Equal(x[i], now[i], 12);
        }
    }

    [Fact]
    public void A_long_gradient_is_cut_to_the_norm_over_all_tensors()
    {
        // With one step from zero moments, m = (1 − β1) g, so the first moment shows the gradient that was used.
        using var a = new Parameter(zeros(1));
        using var b = new Parameter(zeros(1));
        using var optimizer = new FlatAdamW([("a", a), ("b", b)], Options with { MaxGradientNorm = 1 });
        a.grad = tensor(new float[] { 3 });
        b.grad = tensor(new float[] { 4 });
        Assert.Equal(5, optimizer.Step(0.1), 6);
        float[] used = [.. optimizer.FirstMoment.data<float>().ToArray().Select(m => m / 0.1f)];
        Assert.Equal(0.6f, used[0], 4);
        Assert.Equal(0.8f, used[1], 4);
    }

    [Fact]
    public void A_gradient_that_is_no_number_changes_nothing()
    {
        using var a = new Parameter(ones(2));
        using var optimizer = new FlatAdamW([("a", a)], Options);
        a.grad = tensor(new float[] { float.NaN, 1 });
        Assert.False(double.IsFinite(optimizer.Step(0.1)));
        Assert.Equal(new float[] { 1, 1 }, a.data<float>().ToArray());
        Assert.Equal(0, optimizer.Steps);
    }
}
