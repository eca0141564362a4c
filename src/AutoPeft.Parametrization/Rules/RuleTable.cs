using static AutoPeft.Parametrization.TensorRole;

namespace AutoPeft.Parametrization;

/// <summary>
/// The parametrisations as tables. m is a width over the base's (in: of the fan-in, out: of the fan-out), r a depth over the base's, α the
/// exponent of the residual branches. Factors are relative to the base model, where every one of them is 1.
/// </summary>
internal static class RuleTable
{
    private const string Optim = "microsoft/mup, mup/optim.py, MuAdam";
    private const string Sgd = "microsoft/mup, mup/optim.py, MuSGD";
    private const string Init = "mup/init.py, constant_std_init_";
    private const string Readout = "mup/layer.py, MuReadout: output_mult · x / width_mult";
    private const string Tied = "mup/layer.py, MuSharedReadout, at the embedding's own initial scale";
    private const string Complete = "EleutherAI/nanoGPT-mup, branch completep, model.py, configure_optimizers";
    private const string CompleteEpsilon = "epsilon per tensor: arXiv 2505.01618 and 2512.22382, table 1";
    private const string Completed = "arXiv 2512.22382, table 1";
    private const string Unit = "arXiv 2407.17465, table 2; graphcore-research/unit-scaling, optim.py, lr_scale_func_adam; weight decay "
        + "independent of the rate";
    private const string TangentForward =
        "arXiv 1806.07572, section 3: N(0, 1) weights, forward multiplier fan-in^−½; one learning rate";

    private static readonly Powers s_in = new(In: 1);
    private static readonly Powers s_perIn = new(In: -1);
    private static readonly Powers s_perRootIn = new(In: -0.5);

    /// <summary>The row for a tensor.</summary>
    /// <param name="rules">The table and its constants.</param>
    /// <param name="family">The optimiser.</param>
    /// <param name="role">The tensor's role.</param>
    /// <param name="inBlock">Whether the tensor is in a list of blocks.</param>
    public static Rule Of(RuleSet rules, OptimizerFamily family, TensorRole role, bool inBlock) => rules.Kind switch
    {
        ParametrizationKind.Standard => Standard(),
        ParametrizationKind.NeuralTangent => NeuralTangent(role),
        ParametrizationKind.MuP => family == OptimizerFamily.Sgd ? MuSgd(role) : MuAdam(role),
        ParametrizationKind.CompleteP => CompleteP(role, rules.Alpha, inBlock),
        ParametrizationKind.CompletedP => CompletedP(role, rules.Alpha, inBlock, rules.Training.Scale),
        ParametrizationKind.UnitMuP => UnitMuP(role, inBlock),
        _ => throw new ArgumentOutOfRangeException(nameof(rules)),
    };

    /// <summary>Where the rule for residual branches comes from.</summary>
    public static string BranchSource(ParametrizationKind kind) => kind switch
    {
        ParametrizationKind.UnitMuP =>
            "residual branch × r^−½: arXiv 2407.17465, appendix G, each of L/2 pairs with its share of the stream",
        ParametrizationKind.CompletedP => $"residual branch × r^−alpha: {Completed}",
        _ => "residual branch × r^−alpha: EleutherAI/nanoGPT-mup, branch completep, model.py, Block",
    };

    // The model's own initialisation is left as it is: see Planner, which never rescales under this table.
    private static Rule Standard() =>
        new(Powers.One, Powers.One, Powers.One, Powers.One, Powers.One, "the model's own initialisation, one learning rate");

    private static Rule NeuralTangent(TensorRole role) => new(
        Powers.One, role is Hidden or TensorRole.Readout or TensorRole.Tied ? s_perRootIn : Powers.One, Powers.One, Powers.One, Powers.One,
        TangentForward);

    private static Rule MuAdam(TensorRole role) => role switch
    {
        // ninf() == 2: std · m^−½, lr / m, weight_decay · m unless decay is decoupled from the rate.
        Hidden => new(s_perRootIn, Powers.One, s_perIn, s_in, Powers.One, $"{Optim}, two infinite dimensions; {Init}"),
        TensorRole.Readout => new(Powers.One, s_perIn, Powers.One, Powers.One, Powers.One, $"{Readout}; {Optim}, vector-like"),
        TensorRole.Tied => new(Powers.One, s_perIn, Powers.One, Powers.One, Powers.One, $"{Tied}; {Optim}, vector-like"),
        _ => new(Powers.One, Powers.One, Powers.One, Powers.One, Powers.One, $"{Optim}, vector-like; {Init}"),
    };

    private static Rule MuSgd(TensorRole role) => role switch
    {
        // ninf() == 2: lr / (m_in / m_out), decay the inverse. ninf() == 1: lr · m, decay / m. ninf() == 0: unchanged.
        Hidden => new(s_perRootIn, Powers.One, new(In: -1, Out: 1), new(In: 1, Out: -1), Powers.One,
            $"{Sgd}, two infinite dimensions; {Init}"),
        TensorRole.Readout => new(Powers.One, s_perIn, s_in, s_perIn, Powers.One, $"{Readout}; {Sgd}, one infinite dimension"),
        TensorRole.Tied => new(Powers.One, s_perIn, s_in, s_perIn, Powers.One, $"{Tied}; {Sgd}, one infinite dimension"),
        Fixed => new(Powers.One, Powers.One, Powers.One, Powers.One, Powers.One, $"{Sgd}, no infinite dimension"),
        _ => new(Powers.One, Powers.One, new(Out: 1), new(Out: -1), Powers.One, $"{Sgd}, one infinite dimension; {Init}"),
    };

    private static Rule CompleteP(TensorRole role, double alpha, bool inBlock)
    {
        double rate = inBlock ? alpha - 1 : 0, epsilon = inBlock ? -alpha : 0;
        string source = $"{Complete}; {CompleteEpsilon}";
        return role switch
        {
            Hidden => new(s_perRootIn, Powers.One, new(In: -1, Depth: rate), s_in, new(In: -1, Depth: epsilon), source
                + ", hidden weights"),
            TensorRole.Readout => new(Powers.One, s_perIn, Powers.One, Powers.One, Powers.One, source + ", unembedding"),
            TensorRole.Tied => new(Powers.One, s_perIn, Powers.One, Powers.One, new(In: -1), source + ", embedding, tied"),
            Input => new(Powers.One, Powers.One, new(Depth: rate), Powers.One, new(Out: -1, Depth: epsilon), source + ", embedding"),
            // Biases and norms are not decayed; the final norm and what else is outside of the blocks keeps rate and epsilon.
            Vector => new(Powers.One, Powers.One, new(Depth: rate), new(Constant: 0), new(Out: inBlock ? -1 : 0, Depth: epsilon),
                source + (inBlock ? ", hidden biases and norms" : ", final norm")),
            // A gain over a head's fixed dimension: 2512.22382, QK norms.
            _ => new(Powers.One, Powers.One, new(Depth: rate), new(Constant: 0), new(Depth: epsilon), source + ", no width dimension"),
        };
    }

    // The table has the unembedding without a forward multiplier: variance m^−2, rate m^−1, decay m, epsilon 1.
    // With the multiplier m^−1 that is variance 1, rate 1, decay 1, epsilon m^−1 (see Planner.Folded). s = √(batch ratio / token
    // ratio).
    private static Rule CompletedP(TensorRole role, double alpha, bool inBlock, double s)
    {
        double rate = inBlock ? alpha - 1 : 0, epsilon = inBlock ? -alpha : 0, perS = 1 / s;
        Powers steps = new(Depth: rate, Constant: s), decays = new(Constant: s);
        return role switch
        {
            Hidden => new(s_perRootIn, Powers.One, steps with { In = -1 }, decays with { In = 1 }, new(-1, 0, epsilon, perS),
                Completed + ", hidden weights"),
            TensorRole.Readout => new(Powers.One, s_perIn, steps, decays, new(In: -1, Constant: perS), Completed + ", unembedding weights"),
            TensorRole.Tied => new(Powers.One, s_perIn, steps, decays, new(In: -1, Constant: perS), Completed + ", input embedding, tied"),
            Input => new(Powers.One, Powers.One, steps, decays, new(0, -1, epsilon, perS), Completed + ", input embedding"),
            Vector => new(Powers.One, Powers.One, steps, decays, new(0, inBlock ? -1 : 0, epsilon, perS),
                Completed + (inBlock ? ", hidden biases and norms" : ", unembedding norm")),
            _ => new(Powers.One, Powers.One, steps, decays, new(Depth: epsilon, Constant: perS), Completed + ", QK norms"),
        };
    }

    // Decay is λ at every rate, hence λ over the rate's factor where a step multiplies by 1 − rate × decay. The paper's epsilon is for
    // gradients that its backward pass has brought to scale 1; ours have the sizes that epsilon follows here.
    private static Rule UnitMuP(TensorRole role, bool inBlock)
    {
        double stack = inBlock ? -0.5 : 0;
        return role switch
        {
            Hidden => new(Powers.One, s_perRootIn, new(In: -0.5, Depth: stack), new(In: 0.5, Depth: -stack),
                new(In: -1.5, Depth: stack), Unit + ", hidden weights"),
            TensorRole.Readout => new(Powers.One, s_perIn, Powers.One, Powers.One, s_perIn, Unit + ", output weights"),
            Input => new(Powers.One, Powers.One, new(Out: -0.5, Depth: stack), new(Out: 0.5, Depth: -stack),
                new(Out: -1, Depth: stack), Unit + ", input weights"),
            Vector => new(Powers.One, Powers.One, new(Depth: stack), new(Depth: -stack), new(Out: -1, Depth: stack),
                Unit + ", biases and norms"),
            Fixed => new(Powers.One, Powers.One, new(Depth: stack), new(Depth: -stack), new(Depth: stack), Unit + ", no width dimension"),
            _ => throw new ArgumentOutOfRangeException(nameof(role)),
        };
    }
}
