namespace AutoPeft.Scaling.Estimation;

/// <summary>How a prediction f is compared with a target y.</summary>
public enum ResidualScale
{
    /// <summary>ln f − ln y: relative errors. Both must be positive.</summary>
    Log,
    /// <summary>f − y: errors in the target's unit.</summary>
    Linear,
    /// <summary>(f − y)/|y|: relative errors that allow predictions of any sign; a first stage for <see cref="Log"/>.</summary>
    Relative,
}

/// <summary>
/// Weighted Huber residuals of a model: f(θ) = Σ wᵢ·ρ(rᵢ), ρ(r) = r²/2 inside the threshold and t·(|r| − t/2) outside, with
/// the gradient and the Gauss–Newton matrix of the reweighted least-squares majoriser. Rows are visited in blocks, so that memory does
/// not grow with the number of parameters; many rows are visited in parallel, with sums in a fixed order. Immutable.
/// </summary>
internal sealed class ResidualProblem
{
    private const int Block = 512;
    private const int ParallelFrom = 20_000;
    private const int HessianRows = 40_000;

    private readonly double[] _target;
    private readonly double[]? _weights;

    public ResidualProblem(ILawModel model, double[] target, ResidualScale scale, double[]? weights = null)
    {
        (Model, Scale, _weights) = (model, scale, weights);
        Target = target;
        _target = scale == ResidualScale.Log ? [.. target.Select(v => Math.Log(v))] : target;
    }

    public ILawModel Model { get; }
    public ResidualScale Scale { get; }
    public double[] Target { get; }
    public double[]? Weights => _weights;
    public int Count => _target.Length;
    public int ParameterCount => Model.ParameterCount;

    /// <summary>The same rows compared on another scale.</summary>
    public ResidualProblem On(ResidualScale scale) => new(Model, Target, scale, _weights);

    /// <summary>The sum, its gradient (p) and majoriser (p × p, row-major).</summary>
    /// <returns>f; infinite where a residual is not a number.</returns>
    public double Evaluate(double[] theta, double t, double[] gradient, double[] majoriser)
    {
        int p = ParameterCount, stride = 1 + p + p * p;
        var sums = OverBlocks(stride, (from, count, value, jacobian, sum) =>
        {
            Model.Evaluate(theta, from, value, jacobian);
            ToResiduals(from, value, jacobian);
            for (int i = 0; i < count; i++)
            {
                double r = value[i], abs = Math.Abs(r), w = _weights?[from + i] ?? 1;
                sum[0] += w * (abs <= t ? 0.5 * r * r : t * (abs - 0.5 * t));
                double m = abs <= t ? w : w * t / abs;
                for (int a = 0; a < p; a++)
                {
                    double ja = m * jacobian[a * count + i];
                    sum[1 + a] += r * ja;
                    for (int b = a; b < p; b++) sum[1 + p + a * p + b] += ja * jacobian[b * count + i];
                }
            }
        });
        Array.Copy(sums, 1, gradient, 0, p);
        for (int a = 0; a < p; a++)
            for (int b = a; b < p; b++) majoriser[a * p + b] = majoriser[b * p + a] = sums[1 + p + a * p + b];
        return double.IsNaN(sums[0]) ? double.PositiveInfinity : sums[0];
    }

    /// <summary>The sum alone.</summary>
    public double Value(double[] theta, double t)
    {
        double s = OverBlocks(1, (from, count, value, _, sum) =>
        {
            Model.Evaluate(theta, from, value, default);
            ToResiduals(from, value, default);
            for (int i = 0; i < count; i++)
            {
                double abs = Math.Abs(value[i]);
                sum[0] += (_weights?[from + i] ?? 1) * (abs <= t ? 0.5 * abs * abs : t * (abs - 0.5 * t));
            }
        })[0];
        return double.IsNaN(s) ? double.PositiveInfinity : s;
    }

    /// <summary>
    /// The exact Hessian where no residual lies on the threshold: Σ wJJᵀ over the residuals inside, plus Σ ψᵢ·∇²rᵢ by central
    /// differences of the Jacobian at fixed ψ. Over many rows an even sample of blocks stands for all: gradients stay exact, so that
    /// descents end at the same minimum.
    /// </summary>
    public double[] Hessian(double[] theta, double t)
    {
        int p = ParameterCount, every = Math.Max(1, Count / HessianRows);
        var psi = new double[Count];
        var inner = OverBlocks(p * p, (from, count, value, jacobian, sum) =>
        {
            Model.Evaluate(theta, from, value, jacobian);
            ToResiduals(from, value, jacobian);
            for (int i = 0; i < count; i++)
            {
                double w = _weights?[from + i] ?? 1;
                psi[from + i] = w * Math.Clamp(value[i], -t, t);
                if (Math.Abs(value[i]) > t) continue;
                for (int a = 0; a < p; a++)
                    for (int b = 0; b < p; b++) sum[a * p + b] += w * jacobian[a * count + i] * jacobian[b * count + i];
            }
        }, every);
        var h = (double[])inner.Clone();
        for (int k = 0; k < p; k++)
        {
            double step = 1e-5 * Math.Max(Math.Abs(theta[k]), 1e-3);
            double[] up = Projected(theta, k, step, psi, every), down = Projected(theta, k, -step, psi, every);
            for (int a = 0; a < p; a++)
            {
                double d = (up[a] - down[a]) / (2 * step);
                h[a * p + k] += 0.5 * d;
                h[k * p + a] += 0.5 * d;
            }
        }
        return h;
    }

    /// <summary>Residuals, one a row.</summary>
    public double[] Residuals(double[] theta)
    {
        var r = new double[Count];
        OverBlocks(1, (from, count, value, _, _) =>
        {
            Model.Evaluate(theta, from, value, default);
            ToResiduals(from, value, default);
            value.CopyTo(r.AsSpan(from, count));
        });
        return r;
    }

    /// <summary>Residuals and their derivatives, n × p row-major.</summary>
    public (double[] Residuals, double[] Jacobian) Linearise(double[] theta)
    {
        int p = ParameterCount;
        var r = new double[Count];
        var j = new double[(long)Count * p];
        OverBlocks(1, (from, count, value, jacobian, _) =>
        {
            Model.Evaluate(theta, from, value, jacobian);
            ToResiduals(from, value, jacobian);
            value.CopyTo(r.AsSpan(from, count));
            for (int i = 0; i < count; i++)
                for (int a = 0; a < p; a++) j[(from + i) * p + a] = jacobian[a * count + i];
        });
        return (r, j);
    }

    private double[] Projected(double[] theta, int index, double step, double[] psi, int every)
    {
        int p = ParameterCount;
        double[] at = [.. theta];
        at[index] += step;
        return OverBlocks(p, (from, count, value, jacobian, sum) =>
        {
            Model.Evaluate(at, from, value, jacobian);
            ToResiduals(from, value, jacobian);
            for (int a = 0; a < p; a++)
                for (int i = 0; i < count; i++) sum[a] += psi[from + i] * jacobian[a * count + i];
        }, every);
    }

    private void ToResiduals(int from, Span<double> value, Span<double> jacobian)
    {
        int count = value.Length, p = jacobian.Length / count;
        for (int i = 0; i < count; i++)
        {
            double y = _target[from + i], f = value[i], slope = Scale switch
            {
                ResidualScale.Log => 1 / f,
                ResidualScale.Relative => 1 / Math.Abs(y),
                _ => 1,
            };
            value[i] = Scale switch
            {
                ResidualScale.Log => Math.Log(f) - y,
                ResidualScale.Relative => (f - y) * slope,
                _ => f - y,
            };
            if (Scale != ResidualScale.Linear)
                for (int a = 0; a < p; a++) jacobian[a * count + i] *= slope;
        }
    }

    private delegate void BlockWork(int from, int count, Span<double> value, Span<double> jacobian, Span<double> sum);

    // Every so many blocks, with the sums scaled up.
    private double[] OverBlocks(int width, BlockWork work, int every = 1)
    {
        int n = Count, p = ParameterCount, all = (n + Block - 1) / Block, blocks = (all + every - 1) / every;
        int workers = n < ParallelFrom ? 1 : 64;
        var partial = new double[workers][];
        void Run(int worker)
        {
            var sum = partial[worker] = new double[width];
            double[] value = new double[Math.Min(Block, n)], jacobian = new double[Math.Min(Block, n) * p];
            for (int k = blocks * worker / workers; k < blocks * (worker + 1) / workers; k++)
            {
                int from = k * every * Block, count = Math.Min(Block, n - from);
                work(from, count, value.AsSpan(0, count), jacobian.AsSpan(0, count * p), sum);
            }
        }
        if (workers == 1) Run(0);
        else Parallel.For(0, workers, Run);
        for (int w = 1; w < workers; w++)
            for (int i = 0; i < width; i++) partial[0][i] += partial[w][i];
        for (int i = 0; i < width && every > 1; i++) partial[0][i] *= (double)all / blocks;
        return partial[0];
    }
}
