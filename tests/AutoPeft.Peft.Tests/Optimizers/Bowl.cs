using AutoPeft.Peft.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Optimizers;

/// <summary>
/// f(x) = ½·Σ aᵢ(xᵢ − cᵢ)² over a 3×2 matrix, which decays, and a vector of two, in double precision: the
/// optimum is c, and its loss 0.
/// </summary>
internal sealed class Bowl : IDisposable
{
    public const int Count = 8, Rows = 3, Columns = 2;

    private readonly Parameter _matrix, _vector;
    private readonly double _noise;

    /// <param name="choice">The optimiser.</param>
    /// <param name="options">Of the training.</param>
    /// <param name="noise">Size of what is added to gradients, a function of step and place.</param>
    public Bowl(string choice, UpdateOptions? options = null, double noise = 0)
    {
        _noise = noise;
        double[] start = Start;
        _matrix = new Parameter(tensor(start[..6], [Rows, Columns]));
        _vector = new Parameter(tensor(start[6..]));
        Options = options ?? new UpdateOptions { WeightDecay = 0, MaxGradientNorm = double.PositiveInfinity };
        Optimizer = OptimizerChoice.Parse(choice).Create([("m", _matrix), ("v", _vector)], Options);
    }

    public static double[] Start => [0.5, -1.5, 2.0, 0.25, 1.0, -2.0, 0.75, -0.5];

    public static double[] Optimum => [1.5, 0.5, -1.0, 1.25, 2.0, -0.5, -1.25, 1.5];

    public static double[] Curvature => [1.0, 0.5, 2.0, 1.5, 0.75, 1.25, 2.5, 0.6];

    public UpdateOptions Options { get; }

    public IOptimizer Optimizer { get; }

    public double[] X => [.. _matrix.data<double>().ToArray(), .. _vector.data<double>().ToArray()];

    public double Loss => LossAt(X);

    public static double LossAt(double[] x) =>
        Enumerable.Range(0, Count).Sum(i => 0.5 * Curvature[i] * (x[i] - Optimum[i]) * (x[i] - Optimum[i]));

    public static double[] GradientAt(double[] x, int step, double noise) =>
        [.. Enumerable.Range(0, Count).Select(i => Curvature[i] * (x[i] - Optimum[i]) + noise * Math.Sin(3.7 * i + 1.3 * step))];

    /// <summary>An update from step 1 on; returns the gradient's norm.</summary>
    public double Step(int step, double rate)
    {
        double[] x = X, g = GradientAt(x, step, _noise);
        _matrix.grad = tensor(g[..6], [Rows, Columns]);
        _vector.grad = tensor(g[6..]);
        return Optimizer.Step(rate, LossAt(x));
    }

    /// <summary>Goes where another one is.</summary>
    public void Become(Bowl other)
    {
        using (no_grad())
        {
            _matrix.copy_(other._matrix);
            _vector.copy_(other._vector);
            foreach (var (own, its) in Optimizer.State.Zip(other.Optimizer.State))
            {
                Assert.Equal(its.Name, own.Name);
                own.Value.copy_(its.Value);
            }
        }
        Optimizer.Steps = other.Optimizer.Steps;
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        _matrix.Dispose();
        _vector.Dispose();
    }
}
