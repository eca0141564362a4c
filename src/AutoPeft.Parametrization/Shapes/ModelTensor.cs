using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>A parameter with every module that holds it: more than one where weights are tied.</summary>
internal sealed record ModelTensor(string Name, Parameter Parameter, IReadOnlyList<TensorOwner> Owners)
{
    /// <summary>The parameters of a model in its own order, each once.</summary>
    public static IReadOnlyList<ModelTensor> Of(nn.Module model)
    {
        var owners = new Dictionary<TensorIdentity, List<TensorOwner>>();
        foreach (var (name, module) in Modules(model))
        {
            foreach (var (local, parameter) in module.named_parameters(recurse: false))
            {
                TensorIdentity identity = TensorIdentity.Of(parameter);
                if (!owners.TryGetValue(identity, out List<TensorOwner>? list)) owners[identity] = list = [];
                list.Add(new TensorOwner(name, module, local));
            }
        }
        return
        [
            .. model.named_parameters().DistinctBy(p => TensorIdentity.Of(p.parameter)).Select(p => new ModelTensor(p.name, p.parameter,
                owners.TryGetValue(TensorIdentity.Of(p.parameter), out List<TensorOwner>? list) ? list
                    : [new TensorOwner("", model, p.name)])),
        ];
    }

    /// <summary>The model itself, with the name "", and everything below it; a module that is used twice comes once.</summary>
    public static IEnumerable<(string Name, nn.Module Module)> Modules(nn.Module model)
    {
        var seen = new HashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        foreach (var (name, module) in model.named_modules().Prepend(("", model)))
            if (seen.Add(module)) yield return (name, module);
    }

    /// <summary>Root mean square of the values now.</summary>
    public double Scale()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        return Math.Sqrt(Parameter.to(ScalarType.Float64).square().mean().ToDouble());
    }
}
