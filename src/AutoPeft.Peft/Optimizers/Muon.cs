using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="Muon"/>.</summary>
internal sealed record MuonOptions
{
    /// <summary>Decay rate of the mean gradient. Default 0.95.</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>Iterations of the orthogonalisation. Default 5.</summary>
    public int Iterations { get; init; } = 5;

    /// <summary>
    /// Whether updates are scaled by √(rows/columns) always, which is muP's rule for spectral updates (Yang, Simon and Bernstein, "A
    /// Spectral Condition for Feature Learning", 2023). Default false: by √max(1, rows/columns), the author's.
    /// </summary>
    public bool MuP { get; init; }

    /// <summary>Rate of AdamW, for what is no hidden matrix, as a share of Muon's. Default 0.015: the author's 3e-4 beside 0.02.</summary>
    public double AdamShare { get; init; } = 0.015;
}

/// <summary>
/// Muon: hidden matrices move by the orthogonal matrix nearest to their mean gradient, by a Newton-Schulz iteration (Jordan et al., "Muon:
/// An optimizer for hidden layers in neural networks", 2024, whose code this follows, in the weights' precision). Embeddings, heads and
/// vectors move by AdamW with β = (0.9, 0.95) and ε = 1e-10.
/// </summary>
internal sealed class Muon : TensorOptimizer
{
    private const double Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-10;

    // Embeddings and heads in the names of GPT-2, LLaMA and BERT and of their tasks.
    private static readonly string[] s_outer = ["embed", "wte", "wpe", "lm_head", "classifier", "score", "cls."];

    private readonly MuonOptions _options;
    private readonly bool[] _hidden;
    private readonly Tensor[] _mean, _square;

    public Muon(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, MuonOptions options)
        : base(tensors, training.MaxGradientNorm)
    {
        _options = options;
        _hidden = [.. tensors.Select(t => IsHidden(t.Name, t.Parameter))];
        _mean = Remembered("first_moment");
        _square = [.. tensors.Select((t, i) => Remember($"second_moment.{t.Name}", _hidden[i] ? zeros(0) : zeros_like(t.Parameter)))];
    }

    /// <summary>Whether a tensor is a hidden matrix.</summary>
    public static bool IsHidden(string name, Tensor parameter) =>
        parameter.dim() == 2 && !s_outer.Any(o => name.Contains(o, StringComparison.Ordinal));

    /// <summary>
    /// The matrix with all singular values near 1 (0.7 to 1.2) and the singular vectors of this one.
    /// </summary>
    /// <param name="matrix"><c>[rows, columns]</c>.</param>
    /// <param name="iterations">Of the quintic iteration, whose coefficients give the steepest start.</param>
    public static Tensor Orthogonalized(Tensor matrix, int iterations)
    {
        const double a = 3.4445, b = -4.7750, c = 2.0315;
        bool tall = matrix.shape[0] > matrix.shape[1];
        Tensor x = tall ? matrix.t() : matrix;
        x = x / (x.norm() + 1e-7);
        for (int k = 0; k < iterations; k++)
        {
            Tensor square = x.mm(x.t());
            x = a * x + (b * square + c * square.mm(square)).mm(x);
        }
        return tall ? x.t() : x;
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor x = Tensors[i].Parameter;
            double rate = learningRate * Tensors[i].Rate * (_hidden[i] ? 1 : _options.AdamShare);
            Tensor step = _hidden[i] ? Spectral(i, gradients[i]) : Adam(i, gradients[i]);
            if (Tensors[i].Decay != 0) x.mul_(1 - rate * Tensors[i].Decay);
            x.add_(step, alpha: -rate);
        }
    }

    private Tensor Spectral(int i, Tensor gradient)
    {
        double momentum = _options.Momentum, ratio = (double)gradient.shape[0] / gradient.shape[1];
        _mean[i].mul_(momentum).add_(gradient, alpha: 1 - momentum);
        // Nesterov's look ahead.
        Tensor ahead = gradient * (1 - momentum) + _mean[i] * momentum;
        return Orthogonalized(ahead, _options.Iterations) * Math.Sqrt(_options.MuP ? ratio : Math.Max(1, ratio));
    }

    private Tensor Adam(int i, Tensor gradient)
    {
        _mean[i].mul_(Beta1).add_(gradient, alpha: 1 - Beta1);
        _square[i].mul_(Beta2).addcmul_(gradient, gradient, value: 1 - Beta2);
        Tensor by = (_square[i] / (1 - Math.Pow(Beta2, Steps))).sqrt_().add_(Epsilon * Tensors[i].Epsilon);
        return _mean[i] / (1 - Math.Pow(Beta1, Steps)) / by;
    }
}
