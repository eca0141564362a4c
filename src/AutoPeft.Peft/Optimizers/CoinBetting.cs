using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="CoinBetting"/>.</summary>
internal sealed record CoinBettingOptions
{
    /// <summary>About the number of updates over which bets are held back. Default 100.</summary>
    public double Alpha { get; init; } = 100;

    /// <summary>First guess of the largest gradient. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;
}

/// <summary>
/// COCOB: each number bets on the sign of its gradients, and its distance from the start is the bet (Orabona and Tommasi, "Training Deep
/// Networks without Learning Rates Through Coin Betting", NIPS 2017, algorithm 2). There is no learning rate, and none is read: a
/// schedule changes nothing. Weight decay joins the gradient.
/// </summary>
internal sealed class CoinBetting : TensorOptimizer
{
    private readonly CoinBettingOptions _options;
    private readonly Tensor[] _sum, _absolute, _largest, _reward, _start;

    public CoinBetting(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, CoinBettingOptions options)
        : base(OneRate(tensors, "cocob"), training.MaxGradientNorm)
    {
        _options = options;
        (_sum, _absolute, _largest, _reward) =
            (Remembered("sum"), Remembered("absolute"), Remembered("largest"), Remembered("reward"));
        using var scope = NewDisposeScope();
        foreach (Tensor largest in _largest) largest.fill_(options.Epsilon);
        _start = RememberedCopies("start");
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor x = Tensors[i].Parameter, g = Tensors[i].Decay != 0 ? gradients[i] + Tensors[i].Decay * x : gradients[i];
            Tensor size = g.abs();
            _largest[i].copy_(maximum(_largest[i], size));
            _sum[i].sub_(g);
            _absolute[i].add_(size);
            _reward[i].addcmul_(g, x - _start[i], value: -1).clamp_min_(0);
            Tensor by = maximum(_absolute[i] + _largest[i], _largest[i] * _options.Alpha) * _largest[i];
            x.copy_(_start[i] + (_reward[i] + _largest[i]) * _sum[i] / by);
        }
    }
}
