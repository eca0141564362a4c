using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="Soap"/>.</summary>
internal sealed record SoapOptions
{
    /// <summary>Decay rate of the mean gradient. Default 0.95.</summary>
    public double Beta1 { get; init; } = 0.95;

    /// <summary>Decay rate of the mean squared gradient and of the preconditioner. Default 0.95.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Updates between two refreshes of the eigenbases. Default 10.</summary>
    public int Every { get; init; } = 10;

    /// <summary>Sides longer than this have no eigenbasis. Default 10,000, which leaves out most vocabularies.</summary>
    public int Longest { get; init; } = 10_000;
}

/// <summary>
/// SOAP: Adam in the eigenbasis of Shampoo's preconditioner, which a power iteration refreshes now and then (Vyas et al., "SOAP: Improving
/// and Stabilizing Shampoo using Adam", ICLR 2025, algorithm 3). The first update only looks at the gradient. Vectors have Adam.
/// </summary>
internal sealed class Soap : TensorOptimizer
{
    private readonly UpdateOptions _training;
    private readonly SoapOptions _options;
    private readonly Tensor[] _mean, _square;
    private readonly KroneckerSide?[][] _sides;

    public Soap(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, SoapOptions options)
        : base(tensors, training.MaxGradientNorm)
    {
        (_training, _options) = (training, options);
        (_mean, _square) = (Remembered("first_moment"), Remembered("second_moment"));
        _sides = [.. tensors.Select(t => t.Parameter.dim() != 2 ? new KroneckerSide?[2]
            : [.. Enumerable.Range(0, 2).Select(k => SideOf(t, k))])];
    }

    /// <summary>Moments of one side of a matrix, and their eigenvectors as columns.</summary>
    private sealed record KroneckerSide(Tensor Moments, Tensor Basis);

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        double step = Steps - 1, beta1 = _options.Beta1, beta2 = _options.Beta2;
        for (int i = 0; i < gradients.Length; i++)
        {
            if (Steps == 1)
            {
                Look(i, gradients[i]);
                continue;
            }
            Tensor inside = Into(i, gradients[i]);
            _mean[i].mul_(beta1).add_(inside, alpha: 1 - beta1);
            _square[i].mul_(beta2).addcmul_(inside, inside, value: 1 - beta2);
            double rate = learningRate * Tensors[i].Rate;
            double corrected = rate * Math.Sqrt(1 - Math.Pow(beta2, step)) / (1 - Math.Pow(beta1, step));
            Tensor by = _square[i].sqrt().add_(_training.Epsilon * Tensors[i].Epsilon);
            Tensors[i].Parameter.add_(OutOf(i, _mean[i] / by), alpha: -corrected);
            if (Tensors[i].Decay != 0) Tensors[i].Parameter.mul_(1 - rate * Tensors[i].Decay);
            // After the step: a gradient is never seen in a basis that it made.
            Look(i, gradients[i]);
        }
    }

    private KroneckerSide? SideOf(TrainedTensor t, int side)
    {
        long n = t.Parameter.shape[side];
        return n > _options.Longest
            ? null
            : new KroneckerSide(Square("moments"), Square("basis"));

        Tensor Square(string name) =>
            Remember($"{name}{side}.{t.Name}", zeros(n, n, dtype: t.Parameter.dtype, device: t.Parameter.device));
    }

    /// <summary>Takes a gradient into the moments, and refreshes the bases where that is due.</summary>
    private void Look(int i, Tensor gradient)
    {
        bool due = Steps > 1 && (Steps - 1) % _options.Every == 0;
        Tensor mean = due ? OutOf(i, _mean[i]) : _mean[i];
        for (int k = 0; k < 2; k++)
        {
            if (_sides[i][k] is not { } side) continue;
            Tensor outer = k == 0 ? gradient.mm(gradient.t()) : gradient.t().mm(gradient);
            side.Moments.mul_(_options.Beta2).add_(outer, alpha: 1 - _options.Beta2);
            if (Steps == 1) side.Basis.copy_(linalg.eigh(side.Moments).Item2.flip(1));
            else if (due) Refresh(i, k, side);
        }
        if (due) _mean[i].copy_(Into(i, mean));
    }

    /// <summary>One power iteration and a QR decomposition, the directions in the order of their size.</summary>
    private void Refresh(int i, int k, KroneckerSide side)
    {
        Tensor order = side.Basis.t().mm(side.Moments).mm(side.Basis).diag().argsort(descending: true);
        _square[i].copy_(_square[i].index_select(k, order));
        side.Basis.copy_(linalg.qr(side.Moments.mm(side.Basis.index_select(1, order))).Item1);
    }

    private Tensor Into(int i, Tensor x)
    {
        if (_sides[i][0] is { } rows) x = rows.Basis.t().mm(x);
        return _sides[i][1] is { } columns ? x.mm(columns.Basis) : x;
    }

    private Tensor OutOf(int i, Tensor x)
    {
        if (_sides[i][0] is { } rows) x = rows.Basis.mm(x);
        return _sides[i][1] is { } columns ? x.mm(columns.Basis.t()) : x;
    }
}
