using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>What an optimiser's group gives a tensor.</summary>
internal sealed record OptimizerGroup(double Rate, double InitialRate, double Decay, double? Epsilon)
{
    /// <summary>The groups that hold each tensor, by the tensor's identity.</summary>
    /// <exception cref="InvalidInputException">The optimiser is of another kind than Adam, AdamW and SGD.</exception>
    public static (OptimizerFamily Family, ILookup<TensorIdentity, OptimizerGroup> Groups) Of(optim.Optimizer optimizer)
    {
        OptimizerFamily family = optimizer switch
        {
            AdamW => OptimizerFamily.AdamW,
            Adam => OptimizerFamily.Adam,
            SGD => OptimizerFamily.Sgd,
            _ => throw new InvalidInputException($"{optimizer.GetType().Name}: the rules are for Adam, AdamW and SGD"),
        };
        var held = optimizer.ParamGroups.Cast<ParamGroup>()
            .SelectMany(g => g.Parameters.Select(parameter => (Identity: TensorIdentity.Of(parameter), Group: Read(g))));
        return (family, held.ToLookup(h => h.Identity, h => h.Group));
    }

    private static OptimizerGroup Read(ParamGroup group) => group.Options switch
    {
        AdamW.Options o => new(group.LearningRate, group.InitialLearningRate, o.weight_decay ?? 0, o.eps),
        Adam.Options o => new(group.LearningRate, group.InitialLearningRate, o.weight_decay ?? 0, o.eps),
        SGD.Options o => new(group.LearningRate, group.InitialLearningRate, o.weight_decay ?? 0, null),
        _ => throw new InvalidInputException($"{group.Options.GetType().FullName}: the rules are for Adam, AdamW and SGD"),
    };
}
