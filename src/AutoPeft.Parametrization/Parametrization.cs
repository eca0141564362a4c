using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// Rules by which a model grows without its best learning rate moving. A model is compared with a base model; the comparison gives each
/// tensor its initial scale, its factors of learning rate, weight decay and epsilon, and some modules a forward multiplier.
/// <code>
/// Parametrization mup = Parametrization.MuP(baseModel);
/// mup.Apply(model);
/// AdamW optimizer = mup.AdamW(model, learningRate: 3e-3);
/// </code>
/// </summary>
/// <remarks>
/// At the base's own shapes every factor is 1 and nothing changes. Rules are pure functions of shapes; nothing is kept on tensors. The
/// instance is immutable and may be used for many models, not for one model from several threads at once.
/// </remarks>
public sealed class Parametrization
{
    private readonly Planner _planner;
    private readonly bool _rescales;

    private Parametrization(
        BaseShapes shapes, ParametrizationKind kind, double alpha, ParametrizationOptions? options, TrainingGrowth? training = null)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        var rules = new RuleSet(kind, alpha, (training ?? new TrainingGrowth()).Checked());
        _planner = new Planner(shapes, rules, options ?? new ParametrizationOptions());
        _rescales = kind != ParametrizationKind.Standard;
        Name = rules.Name;
    }

    /// <summary>
    /// Name for reports: "standard", "neural tangent", "muP", "u-muP", "CompleteP", "Complete(d)P", or, with another exponent,
    /// "depth-muP (alpha 0.5)".
    /// </summary>
    public string Name { get; }

    /// <summary>muP (Yang et al., arXiv 2203.03466) for Adam, AdamW and SGD, as the package microsoft/mup has it.</summary>
    /// <param name="baseModel">The model whose learning rate was tuned; freshly constructed.</param>
    /// <param name="options">What shapes do not tell; null: nothing.</param>
    /// <exception cref="InvalidInputException">The base model has no parameters.</exception>
    public static Parametrization MuP(nn.Module baseModel, ParametrizationOptions? options = null) =>
        MuP(BaseShapes.From(baseModel), options);

    /// <summary>muP from base shapes, such as those of a file.</summary>
    /// <param name="shapes">The base model's shapes.</param>
    /// <param name="options">What shapes do not tell; null: nothing.</param>
    public static Parametrization MuP(BaseShapes shapes, ParametrizationOptions? options = null) =>
        new(shapes, ParametrizationKind.MuP, 1, options);

    /// <summary>
    /// muP with a rule for depth, for Adam and AdamW: residual branches × r^−α, rates in the blocks × r^(α−1), where r is the depth
    /// over the base's. α = 1 is CompleteP (Dey et al., arXiv 2505.01618), α = ½ depth-muP (Yang et al., arXiv 2310.02244).
    /// </summary>
    /// <param name="shapes">The base model's shapes.</param>
    /// <param name="options">At least <see cref="ParametrizationOptions.Branches"/> where depth grows.</param>
    /// <param name="alpha">Exponent between ½ and 1. Default: 1.</param>
    /// <exception cref="InvalidInputException">Alpha is below ½ or above 1.</exception>
    public static Parametrization CompleteP(BaseShapes shapes, ParametrizationOptions? options = null, double alpha = 1) =>
        new(shapes, ParametrizationKind.CompleteP, Alpha(alpha), options);

    /// <summary>
    /// Complete(d)P (Mlodozeniec et al., arXiv 2512.22382) for AdamW: CompleteP with a rule for batch and training length. With s =
    /// √(batch ratio / token ratio), rates and decays × s, epsilons ÷ s, and 1 − β₁, 1 − β₂ × s². Vectors are decayed, too.
    /// </summary>
    /// <param name="shapes">The base model's shapes.</param>
    /// <param name="training">How much larger the batch and longer the training is than the base's.</param>
    /// <param name="options">At least <see cref="ParametrizationOptions.Branches"/> where depth grows.</param>
    /// <param name="alpha">Exponent of the residual branches, between ½ and 1. Default: 1.</param>
    /// <exception cref="InvalidInputException">Alpha is below ½ or above 1, or a ratio is not positive.</exception>
    public static Parametrization CompletedP(
        BaseShapes shapes, TrainingGrowth training, ParametrizationOptions? options = null, double alpha = 1) =>
        new(shapes, ParametrizationKind.CompletedP, Alpha(alpha), options, training);

    /// <summary>
    /// u-muP's table (Blake et al., arXiv 2407.17465) for Adam and AdamW, relative to the base: initial scales of the base, matrices ×
    /// m^−½ and their rates × m^−½ · r^−½, readouts × 1/m, an embedding's rate × m^−½, residual branches
    /// × r^−½, weight decay independent of the rate. Unit-scaled operations are no part of it: the base starts as its constructor
    /// makes it.
    /// </summary>
    /// <param name="shapes">The base model's shapes.</param>
    /// <param name="options">At least <see cref="ParametrizationOptions.Branches"/> where depth grows.</param>
    public static Parametrization UnitMuP(BaseShapes shapes, ParametrizationOptions? options = null) =>
        new(shapes, ParametrizationKind.UnitMuP, 0.5, options);

    /// <summary>
    /// The neural tangent parametrisation (Jacot et al., arXiv 1806.07572): matrices × m^−½, initial scales of the base, one rate.
    /// </summary>
    /// <param name="shapes">The base model's shapes.</param>
    /// <param name="options">What shapes do not tell; null: nothing.</param>
    public static Parametrization NeuralTangent(BaseShapes shapes, ParametrizationOptions? options = null) =>
        new(shapes, ParametrizationKind.NeuralTangent, 1, options);

    /// <summary>The standard parametrisation: the model's own initialisation and one learning rate. For comparisons.</summary>
    /// <param name="shapes">The base model's shapes.</param>
    /// <param name="options">What shapes do not tell; null: nothing.</param>
    public static Parametrization Standard(BaseShapes shapes, ParametrizationOptions? options = null) =>
        new(shapes, ParametrizationKind.Standard, 1, options);

    /// <summary>
    /// The factor that attention logits q·k need where the head's dimension grows: √d_base / d, which is 1/√d at the base. For models
    /// that have the division in their own hands; others name their <see cref="ParametrizationOptions.Queries"/>.
    /// </summary>
    /// <param name="headDimension">The model's dimension of a head.</param>
    /// <param name="baseHeadDimension">The base's.</param>
    public static double AttentionScale(int headDimension, int baseHeadDimension) => Math.Sqrt(baseHeadDimension) / headDimension;

    /// <summary>Makes the plan of what the rules ask of a model; the model is not changed.</summary>
    /// <param name="model">A model built as the base is.</param>
    /// <param name="optimizer">The optimiser that the factors are for. Default: AdamW.</param>
    /// <exception cref="InvalidInputException">A tensor is covered by no rule; the message names it and says what to do.</exception>
    public ParametrizationPlan PlanFor(nn.Module model, OptimizerFamily optimizer = OptimizerFamily.AdamW)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _planner.Plan(model, optimizer).Plan;
    }

    /// <summary>
    /// Rescales a fresh model's initial values as the plan asks and puts its forward multipliers on. Applying again changes nothing. Apply
    /// before loading a checkpoint: what was trained replaces what was rescaled.
    /// </summary>
    /// <param name="model">The model, right after its construction.</param>
    /// <returns>The plan for AdamW; its notes say what a person should know.</returns>
    /// <exception cref="InvalidInputException">
    /// A tensor is covered by no rule, does not start as the base's does, or the model already has another plan's scales.
    /// </exception>
    public ParametrizationPlan Apply(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var (plan, tensors) = _planner.Plan(model, OptimizerFamily.AdamW);
        if (AppliedMark.Read(model) is { } mark)
        {
            if (mark != plan.Fingerprint) throw OtherPlan(plan);
            Attach(model, plan);
            return plan;
        }
        // All factors first: a model that cannot be rescaled stays as it was.
        double[] factors = [.. tensors.Select(t => _rescales ? Initializers.Rescaling(t) : 1)];
        using (no_grad())
        {
            foreach (var (tensor, factor) in tensors.Zip(factors))
                if (factor != 1) tensor.Tensor.Parameter.mul_(factor);
        }
        Attach(model, plan);
        AppliedMark.Write(model, plan.Fingerprint);
        return plan;
    }

    /// <summary>AdamW (decay by 1 − rate × decay) with a group for each set of factors.</summary>
    /// <param name="model">A model that the parametrisation was applied to.</param>
    /// <param name="learningRate">The base model's best rate.</param>
    /// <param name="beta1">Decay of the gradient's mean. Default: torch's 0.9.</param>
    /// <param name="beta2">Decay of the squared gradient's mean. Default: torch's 0.999.</param>
    /// <param name="epsilon">Added to the denominator. Default: torch's 1e-8; the rules scale it where they say so.</param>
    /// <param name="weightDecay">The base model's decay. Default: none.</param>
    /// <exception cref="InvalidInputException">The parametrisation was not applied to the model.</exception>
    public AdamW AdamW(
        nn.Module model, double learningRate, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0) =>
        new(Groups(model, OptimizerFamily.AdamW, (own, parameters) => new AdamW.ParamGroup(parameters, new AdamW.Options
        {
            LearningRate = learningRate * own.LearningRate,
            weight_decay = weightDecay * own.WeightDecay,
            eps = epsilon * own.Epsilon,
        }), out ParametrizationPlan plan), learningRate, plan.Beta(beta1), plan.Beta(beta2), epsilon, weightDecay);

    /// <summary>Adam (L2 regularisation in the gradient) with a group for each set of factors.</summary>
    /// <param name="model">A model that the parametrisation was applied to.</param>
    /// <param name="learningRate">The base model's best rate.</param>
    /// <param name="beta1">Decay of the gradient's mean. Default: torch's 0.9.</param>
    /// <param name="beta2">Decay of the squared gradient's mean. Default: torch's 0.999.</param>
    /// <param name="epsilon">Added to the denominator. Default: torch's 1e-8; the rules scale it where they say so.</param>
    /// <param name="weightDecay">The base model's regularisation. Default: none.</param>
    /// <exception cref="InvalidInputException">The parametrisation was not applied to the model.</exception>
    public Adam Adam(
        nn.Module model, double learningRate, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0) =>
        new(Groups(model, OptimizerFamily.Adam, (own, parameters) => new Adam.ParamGroup(parameters, new Adam.Options
        {
            LearningRate = learningRate * own.LearningRate,
            weight_decay = weightDecay * own.WeightDecay,
            eps = epsilon * own.Epsilon,
        }), out ParametrizationPlan plan), learningRate, plan.Beta(beta1), plan.Beta(beta2), epsilon, weightDecay);

    /// <summary>Gradient descent with a group for each set of factors.</summary>
    /// <param name="model">A model that the parametrisation was applied to.</param>
    /// <param name="learningRate">The base model's best rate.</param>
    /// <param name="momentum">Momentum. Default: none.</param>
    /// <param name="weightDecay">The base model's regularisation. Default: none.</param>
    /// <exception cref="InvalidInputException">The parametrisation was not applied to the model, or has no rules for SGD.</exception>
    public SGD SGD(nn.Module model, double learningRate, double momentum = 0, double weightDecay = 0) =>
        new(Groups(model, OptimizerFamily.Sgd, (own, parameters) => new SGD.ParamGroup(parameters, new SGD.Options
        {
            LearningRate = learningRate * own.LearningRate,
            weight_decay = weightDecay * own.WeightDecay,
            momentum = momentum,
        }), out _), learningRate, momentum, 0, weightDecay);

    /// <summary>
    /// Compares a model and an optimiser with the plan: every tensor must be in one group whose rate, decay and epsilon have the ratios
    /// that the plan asks for, and every multiplier must be where it belongs. Schedulers may have multiplied all rates alike.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="optimizer">Its optimiser: Adam, AdamW or SGD of TorchSharp, built here or elsewhere.</param>
    /// <param name="learningRate">The base's rate now; null: that of the tensors which have it unscaled.</param>
    /// <param name="weightDecay">The base's decay; null: that of the tensors which have it unscaled.</param>
    /// <returns>What differs, each with the tensor's name; empty: nothing.</returns>
    /// <exception cref="InvalidInputException">The optimiser is of another kind, or the model does not answer to the base.</exception>
    public IReadOnlyList<PlanFault> Verify(
        nn.Module model, optim.Optimizer optimizer, double? learningRate = null, double? weightDecay = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(optimizer);
        var (plan, tensors) = _planner.Plan(model, OptimizerGroup.Of(optimizer).Family);
        var faults = new List<PlanFault>();
        if (AppliedMark.Read(model) is not { } mark) faults.Add(new PlanFault("the model", $"{Name} was not applied to it"));
        else if (mark != plan.Fingerprint) faults.Add(new PlanFault("the model", "has the initial scales and multipliers of another plan"));
        var modules = ModelTensor.Modules(model).ToDictionary(m => m.Name, m => m.Module, StringComparer.Ordinal);
        foreach (ModuleMultiplier multiplier in plan.Multipliers)
        {
            if (ForwardHooks.Of(modules[multiplier.Module]) is not { } value)
                faults.Add(new PlanFault(multiplier.Module, $"has no forward multiplier, the plan asks for {multiplier.Value:0.######}"));
            else if (Math.Abs(value - multiplier.Value) > 1e-3 * multiplier.Value)
                faults.Add(new PlanFault(multiplier.Module, $"multiplies by {value:0.######}, the plan asks for "
                    + $"{multiplier.Value:0.######}"));
        }
        faults.AddRange(OptimizerCheck.Faults(tensors, plan, optimizer, learningRate, weightDecay));
        return faults;
    }

    /// <summary>Every tensor of a fresh model whose initial scale is not the one that the plan asks for.</summary>
    /// <param name="model">A model that was rescaled and not trained yet.</param>
    internal IReadOnlyList<PlanFault> VerifyInitialScale(nn.Module model)
    {
        if (!_rescales) return [];
        var (_, tensors) = _planner.Plan(model, OptimizerFamily.AdamW);
        return
        [
            .. from tensor in tensors
               let excess = Initializers.Excess(tensor)
               where !(Math.Abs(Math.Log(excess)) <= Initializers.Tolerance(tensor))
               select new PlanFault(tensor.Plan.Name, string.Create(System.Globalization.CultureInfo.InvariantCulture,
                   $"starts {excess:0.###} times as large as the plan asks for")),
        ];
    }

    /// <summary>For each module whose output the plan multiplies, wherever the multiplier went: its value.</summary>
    internal IReadOnlyDictionary<string, double> OutputScales(nn.Module model) => _planner.OutputScales(model);

    private static void Attach(nn.Module model, ParametrizationPlan plan)
    {
        var modules = ModelTensor.Modules(model).ToDictionary(m => m.Name, m => m.Module, StringComparer.Ordinal);
        foreach (ModuleMultiplier multiplier in plan.Multipliers)
        {
            nn.Module module = modules[multiplier.Module];
            if (ForwardHooks.Of(module) is null) ForwardHooks.Attach(module, multiplier);
        }
    }

    private IReadOnlyList<TGroup> Groups<TGroup>(
        nn.Module model, OptimizerFamily family, Func<TensorPlan, Parameter[], TGroup> create, out ParametrizationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(model);
        (plan, IReadOnlyList<PlannedTensor> tensors) = _planner.Plan(model, family);
        if (AppliedMark.Read(model) is not { } mark)
            throw new InvalidInputException($"{Name} was not applied to the model; call Apply before the optimiser is built");
        if (mark != plan.Fingerprint) throw OtherPlan(plan);
        return
        [
            .. tensors.Where(t => t.Tensor.Parameter.requires_grad)
                .GroupBy(t => (t.Plan.LearningRate, t.Plan.WeightDecay, t.Plan.Epsilon))
                .Select(group => create(group.First().Plan, [.. group.Select(t => t.Tensor.Parameter)])),
        ];
    }

    private static double Alpha(double alpha) => alpha is >= 0.5 and <= 1 ? alpha
        : throw new InvalidInputException($"alpha is {alpha}; it must be between 0.5 (depth-muP) and 1 (CompleteP)");

    private static InvalidInputException OtherPlan(ParametrizationPlan plan) => new(
        $"the model has the initial scales and multipliers of another plan than {plan.Parametrization} from this base; build it anew, "
            + $"or use "
        + "the base that it was trained with");
}
