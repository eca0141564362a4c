using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="DistanceOverGradients"/>.</summary>
internal sealed record DistanceOverGradientsOptions
{
    /// <summary>First distance, as a share of one plus the norm of the weights. Default 1e-6; 1e-4 with batch normalisation.</summary>
    public double Initial { get; init; } = 1e-6;

    /// <summary>Added to the sum of squared gradients. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Whether each tensor has a rate of its own (LDoG). Default false.</summary>
    public bool Layerwise { get; init; }
}

/// <summary>
/// DoG: gradient descent whose rate is the largest distance from the start over the root of the sum of squared gradients (Ivgi, Hinder and
/// Carmon, "DoG is SGD's Best Friend", ICML 2023). The learning rate given is the paper's c; leave it at 1. Weight decay joins the
/// gradient. The paper scores a polynomial average of the weights; averaged weights of a training serve for it.
/// </summary>
internal sealed class DistanceOverGradients : TensorOptimizer
{
    private readonly DistanceOverGradientsOptions _options;
    private readonly Tensor[] _start;
    private readonly Tensor _distance, _squares;

    public DistanceOverGradients(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, DistanceOverGradientsOptions options)
        : base(OneRate(tensors, "dog"), training.MaxGradientNorm)
    {
        _options = options;
        _start = RememberedCopies("start");
        int rates = options.Layerwise ? tensors.Count : 1;
        _distance = Remember("distance", zeros(rates, dtype: ScalarType.Float64));
        _squares = Remember("squares", zeros(rates, dtype: ScalarType.Float64));
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        for (int i = 0; i < gradients.Length; i++)
            if (Tensors[i].Decay != 0) gradients[i] = gradients[i] + Tensors[i].Decay * Tensors[i].Parameter;
        double[] distances = Each(i =>
            (Steps == 1 ? Tensors[i].Parameter : Tensors[i].Parameter - _start[i]).square().sum());
        double[] squares = Each(i => gradients[i].square().sum());
        for (int k = 0; k < distances.Length; k++)
        {
            double distance = Math.Sqrt(distances[k]);
            if (Steps == 1)
            {
                _distance[k].fill_(_options.Initial * (1 + distance));
                _squares[k].fill_(_options.Epsilon + squares[k]);
                continue;
            }
            _distance[k].fill_(Math.Max(_distance[k].ToDouble(), distance));
            _squares[k].fill_(_squares[k].ToDouble() + squares[k]);
        }
        for (int i = 0; i < gradients.Length; i++)
        {
            int k = _options.Layerwise ? i : 0;
            Tensors[i].Parameter.add_(gradients[i], alpha: -learningRate * _distance[k].ToDouble() / Math.Sqrt(_squares[k].ToDouble()));
        }
    }

    /// <summary>A number for each rate: of its tensor, or the sum over all.</summary>
    private double[] Each(Func<int, Tensor> of)
    {
        double[] all = Numbers(Enumerable.Range(0, Tensors.Count).Select(of));
        return _options.Layerwise ? all : [all.Sum()];
    }
}
