using TorchSharp.Modules;

namespace AutoPeft.Peft.Optimizers;

/// <summary>
/// An optimiser as people type it: a name, then options as in <c>prodigy:coefficient=0.5</c>. Knows what the method wants of a training.
/// </summary>
internal sealed class OptimizerChoice
{
    private delegate IOptimizer OptimizerMaker(TrainedTensor[] tensors, UpdateOptions training);

    /// <summary>The optimiser that every default of the project was chosen with.</summary>
    public const string AdamW = "adamw";

    private static readonly Dictionary<string, Func<OptionText, (OptimizerMaker Make, double? Rate)>> s_known = new()
    {
        ["d-adaptation"] = Options<DAdaptationOptions>((t, o) => o with
        {
            Initial = Small(t, "initial", o.Initial),
            Growth = Growth(t, o.Growth),
        }, (x, u, o) => new DAdaptation(x, u, o)),
        ["prodigy"] = Options<ProdigyOptions>((t, o) => o with
        {
            Initial = Small(t, "initial", o.Initial),
            Growth = Growth(t, o.Growth),
            Coefficient = Positive(t, "coefficient", o.Coefficient),
            BiasCorrection = Flag(t, "bias-correction", o.BiasCorrection),
            Safeguard = Flag(t, "safeguard", o.Safeguard),
        }, (x, u, o) => new Prodigy(x, u, o)),
        ["dog"] = Options<DistanceOverGradientsOptions>((t, o) => o with
        {
            Initial = Small(t, "initial", o.Initial),
            Epsilon = Small(t, "epsilon", o.Epsilon),
            Layerwise = Flag(t, "layerwise", o.Layerwise),
        }, (x, u, o) => new DistanceOverGradients(x, u, o)),
        ["momo"] = Options<MomentumModelOptions>((t, o) => o with
        {
            LowerBound = t.Number("lower-bound", _ => true, "a number") ?? o.LowerBound,
        }, (x, u, o) => new MomentumModel(x, u, o), 1e-2),
        ["mechanic"] = Options<MechanicOptions>((t, o) => o with
        {
            Initial = Small(t, "initial", o.Initial),
            Decay = FromZero(t, "decay", o.Decay),
        }, (x, u, o) => new Mechanic(x, u, o, new FlatAdamW(x, u with { MaxGradientNorm = double.PositiveInfinity }))),
        ["cocob"] = Options<CoinBettingOptions>((t, o) => o with
        {
            Alpha = Positive(t, "alpha", o.Alpha),
            Epsilon = Small(t, "epsilon", o.Epsilon),
        }, (x, u, o) => new CoinBetting(x, u, o)),
        [ScheduleFreeName] = Options<ScheduleFreeOptions>((t, o) => o with
        {
            Power = FromZero(t, "power", o.Power),
            RatePower = FromZero(t, "rate-power", o.RatePower),
        }, (x, u, o) => new ScheduleFree(x, u, o), 2.5e-3),
        ["lion"] = Options<LionOptions>((t, o) => o with { Beta1 = Beta(t, "beta1", o.Beta1), Beta2 = Beta(t, "beta2", o.Beta2) },
            (x, u, o) => new Lion(x, u, o), 1e-4),
        ["muon"] = Options<MuonOptions>((t, o) => o with
        {
            Momentum = Beta(t, "momentum", o.Momentum),
            Iterations = t.Count("iterations", o.Iterations),
            MuP = Flag(t, "mup", o.MuP),
            AdamShare = Positive(t, "adam-share", o.AdamShare),
        }, (x, u, o) => new Muon(x, u, o), 0.02),
        ["soap"] = Options<SoapOptions>((t, o) => o with
        {
            Beta1 = Beta(t, "beta1", o.Beta1),
            Beta2 = Beta(t, "beta2", o.Beta2),
            Every = t.Count("every", o.Every),
            Longest = t.Count("longest", o.Longest),
        }, (x, u, o) => new Soap(x, u, o), 3e-3),
        ["adafactor"] = Options<AdafactorOptions>((t, o) => o with
        {
            Clip = Positive(t, "clip", o.Clip),
            Decay = t.Number("decay", d => d is < 0 and >= -1, "a number from -1 to below 0") ?? o.Decay,
            Relative = Flag(t, "relative", o.Relative),
        }, (x, u, o) => new Adafactor(x, u, o), 1e-3),
    };

    private const string ScheduleFreeName = "schedule-free";

    private readonly OptimizerMaker _make;

    private OptimizerChoice(string name, OptimizerMaker make, double? rate) => (Name, _make, DefaultRate) = (name, make, rate);

    /// <summary>The names, for messages and help.</summary>
    public static string Known { get; } = string.Join(", ", s_known.Keys.Prepend(AdamW));

    /// <summary>Those that find the learning rate themselves; what is given is a factor of it, 1 unless stated.</summary>
    public static IReadOnlyList<string> RateFree { get; } = ["prodigy", "d-adaptation", "dog", "mechanic", "cocob"];

    /// <summary>What stands before the colon.</summary>
    public string Name { get; }

    /// <summary>The learning rate where none is stated; null: by what is trained.</summary>
    public double? DefaultRate { get; }

    /// <summary>Whether the method wants a constant rate after warm-up, whatever the training's schedule.</summary>
    public bool WantsConstantRate => Name == ScheduleFreeName;

    /// <summary>Reads a text.</summary>
    /// <exception cref="InvalidInputException">There is no such optimiser, or an option is unknown or makes no sense.</exception>
    public static OptimizerChoice Parse(string text)
    {
        var parsed = new OptionText(text, "Optimizer");
        if (parsed.Name == AdamW) return parsed.Done(new OptimizerChoice(AdamW, (x, o) => new FlatAdamW(x, o), null));
        if (!s_known.TryGetValue(parsed.Name, out var known))
            throw new InvalidInputException($"There is no optimizer '{parsed.Name}'; there are {Known}.");
        var (make, rate) = known(parsed);
        return parsed.Done(new OptimizerChoice(parsed.Name, make, RateFree.Contains(parsed.Name) ? 1 : rate));
    }

    /// <summary>Makes the optimiser of a training.</summary>
    /// <param name="parameters">What is trained; all of one dtype and device.</param>
    /// <param name="training">Decay rates, weight decay and gradient norm.</param>
    /// <param name="factors">What a tensor's updates differ in, by its name; null: in nothing.</param>
    /// <exception cref="InvalidInputException">The method finds one rate for all tensors, and factors state several.</exception>
    public IOptimizer Create(IEnumerable<(string Name, Parameter Parameter)> parameters, UpdateOptions training,
        Func<string, UpdateFactors>? factors = null) => _make(TrainedTensor.Of(parameters, training, factors), training);

    /// <param name="read">Takes what was typed into the options, whose defaults are the record's own.</param>
    /// <param name="make">Makes the optimiser.</param>
    /// <param name="rate">The learning rate where none is stated; null: the method finds it.</param>
    private static Func<OptionText, (OptimizerMaker, double?)> Options<T>(Func<OptionText, T, T> read,
        Func<TrainedTensor[], UpdateOptions, T, IOptimizer> make, double? rate = null) where T : new() =>
        text =>
        {
            T options = read(text, new T());
            return ((tensors, training) => make(tensors, training, options), rate);
        };

    private static double Small(OptionText t, string name, double standard) =>
        t.Number(name, v => v is > 0 and <= 1, "a number above 0 and at most 1") ?? standard;

    private static double Positive(OptionText t, string name, double standard) =>
        t.Number(name, v => v > 0, "a number above 0") ?? standard;

    private static double Beta(OptionText t, string name, double standard) =>
        t.Number(name, v => v is >= 0 and < 1, "a number in [0, 1)") ?? standard;

    private static double FromZero(OptionText t, string name, double standard) =>
        t.Number(name, v => v >= 0, "a number from 0") ?? standard;

    private static double Growth(OptionText t, double standard) => t.Number("growth", v => v > 1, "a number above 1") ?? standard;

    private static bool Flag(OptionText t, string name, bool standard) =>
        t.Choice(name, standard ? "true" : "false", "true", "false") == "true";
}
