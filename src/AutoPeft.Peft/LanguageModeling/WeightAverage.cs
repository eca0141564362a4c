using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>An exponential moving average of trained weights. Dispose to free it.</summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly Parameter[] _parameters;
    private readonly Tensor[] _averages;
    private readonly double _decay;
    private long _steps;

    /// <param name="parameters">What is averaged; the average starts at their values.</param>
    /// <param name="decay">Weight of the old average at an update, in (0, 1).</param>
    public WeightAverage(IEnumerable<Parameter> parameters, double decay)
    {
        _decay = decay;
        _parameters = [.. parameters];
        _averages = [.. _parameters.Select(p => p.detach().clone().DetachFromDisposeScope())];
    }

    /// <summary>The weight of the old average at an update, from 0: less at first, so that the start is forgotten.</summary>
    public static double Decay(double decay, long step) => Math.Min(decay, (1.0 + step) / (10 + step));

    /// <summary>Takes in the weights of one update.</summary>
    public void Update()
    {
        double decay = Decay(_decay, _steps++);
        using var mode = no_grad();
        for (int i = 0; i < _parameters.Length; i++)
        {
            using var scope = NewDisposeScope();
            _averages[i].mul_(decay).add_(_parameters[i], alpha: 1 - decay);
        }
    }

    /// <summary>Puts the average into the parameters.</summary>
    public void CopyToParameters()
    {
        using var mode = no_grad();
        for (int i = 0; i < _parameters.Length; i++) _parameters[i].copy_(_averages[i]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor average in _averages) average.Dispose();
    }
}
