using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// Records the mean |x| of what every module of a model puts out, by hooks; for normalisations also what comes in, which is the residual
/// stream of most models and has no module of its own.
/// </summary>
internal sealed class OutputRecorder
{
    /// <summary>What follows the name of a normalisation where its input is meant.</summary>
    public const string Input = " (input)";

    private readonly Dictionary<string, (double Sum, int Count)> _now = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];

    /// <summary>Attaches to every module whose inputs and output are tensors; others are left out.</summary>
    public OutputRecorder(nn.Module model)
    {
        foreach (var (name, module) in ModelTensor.Modules(model)) Attach(module, output => See(name, output), input =>
            See(name + Input, input));
    }

    /// <summary>Names of the modules that put something out, in the order in which they first finished.</summary>
    public IReadOnlyList<string> Order => _order;

    /// <summary>Mean |x| of each module since the last call, averaged over its runs.</summary>
    public Dictionary<string, double> Take()
    {
        var means = _now.ToDictionary(p => p.Key, p => p.Value.Sum / p.Value.Count);
        _now.Clear();
        return means;
    }

    private void See(string name, Tensor output)
    {
        if (!output.is_floating_point()) return;
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        // A masked logit is −∞ and no activation.
        Tensor size = output.detach().to(ScalarType.Float64).abs();
        double mean = size.masked_select(size.isinf().logical_not()).mean().ToDouble();
        (double sum, int count) = _now.GetValueOrDefault(name);
        if (count == 0 && !_order.Contains(name)) _order.Add(name);
        _now[name] = (sum + mean, count + 1);
    }

    private static void Attach(nn.Module module, Action<Tensor> see, Action<Tensor> seeInput)
    {
        bool normalises = module.GetType().Name.Contains("Norm", StringComparison.Ordinal);
        Tensor Normalised(Tensor input, Tensor output)
        {
            if (normalises) seeInput(input);
            return Seen(output);
        }
        Tensor Seen(Tensor output)
        {
            see(output);
            return output;
        }
        switch (module)
        {
            case nn.Module<Tensor, Tensor> m: m.register_forward_hook((_, x, y) => Normalised(x, y)); break;
            case nn.Module<Tensor, Tensor, Tensor> m: m.register_forward_hook((_, _, _, y) => Seen(y)); break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor> m: m.register_forward_hook((_, _, _, _, y) => Seen(y)); break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor> m: m.register_forward_hook((_, _, _, _, _, y) => Seen(y)); break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor,
                Tensor> m:
                m.register_forward_hook((_, _, _, _, _, _, y) => Seen(y)); break;
        }
    }
}
