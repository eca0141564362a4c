using TorchSharp.Modules;

namespace AutoPeft.Peft.Optimizers;

/// <summary>
/// An optimiser as people type it: a name, then options as in <c>prodigy:coefficient=0.5</c>. Knows what the method wants of a training.
/// </summary>
internal sealed class OptimizerChoice
{
    private delegate IOptimizer Make(TrainedTensor[] tensors, UpdateOptions training);

    /// <summary>The optimiser that every default of the project was chosen with.</summary>
    public const string AdamW = "adamw";

    private static readonly Dictionary<string, Func<OptionText, (Make Make, double Rate)>> s_known = new()
    {
        ["d-adaptation"] = Options(t => new DAdaptationOptions { Initial = Small(t, "initial", 1e-6), Growth = Growth(t) },
            1, (x, o, c) => new DAdaptation(x, o, c)),
        ["prodigy"] = Options(t => new ProdigyOptions
        {
            Initial = Small(t, "initial", 1e-6),
            Growth = Growth(t),
            Coefficient = Positive(t, "coefficient", 1),
            BiasCorrection = Flag(t, "bias-correction", false),
            Safeguard = Flag(t, "safeguard", false),
        }, 1, (x, o, c) => new Prodigy(x, o, c)),
        ["dog"] = Options(t => new DistanceOverGradientsOptions
        {
            Initial = Small(t, "initial", 1e-6),
            Epsilon = Small(t, "epsilon", 1e-8),
            Layerwise = Flag(t, "layerwise", false),
        }, 1, (x, o, c) => new DistanceOverGradients(x, o, c)),
        ["momo"] = Options(t => new MomentumModelOptions { LowerBound = t.Number("lower-bound", _ => true, "a number") ?? 0 },
            1e-2, (x, o, c) => new MomentumModel(x, o, c)),
        ["mechanic"] = Options(t => new MechanicOptions
        {
            Initial = Small(t, "initial", 1e-8),
            Decay = t.Number("decay", d => d >= 0, "a number from 0") ?? 0.01,
        }, 1, (x, o, c) => new Mechanic(x, o, c, new FlatAdamW(x, o with { MaxGradientNorm = double.PositiveInfinity }))),
        ["cocob"] = Options(t => new CoinBettingOptions { Alpha = Positive(t, "alpha", 100), Epsilon = Small(t, "epsilon", 1e-8) },
            1, (x, o, c) => new CoinBetting(x, o, c)),
        [ScheduleFreeName] = Options(t => new ScheduleFreeOptions
        {
            Power = t.Number("power", p => p >= 0, "a number from 0") ?? 0,
            RatePower = t.Number("rate-power", p => p >= 0, "a number from 0") ?? 2,
        }, 2.5e-3, (x, o, c) => new ScheduleFree(x, o, c)),
        ["lion"] = Options(t => new LionOptions { Beta1 = Beta(t, "beta1", 0.9), Beta2 = Beta(t, "beta2", 0.99) },
            1e-4, (x, o, c) => new Lion(x, o, c)),
        ["muon"] = Options(t => new MuonOptions
        {
            Momentum = Beta(t, "momentum", 0.95),
            Iterations = t.Count("iterations", 5),
            MuP = Flag(t, "mup", false),
            AdamShare = Positive(t, "adam-share", 0.015),
        }, 0.02, (x, o, c) => new Muon(x, o, c)),
        ["soap"] = Options(t => new SoapOptions
        {
            Beta1 = Beta(t, "beta1", 0.95),
            Beta2 = Beta(t, "beta2", 0.95),
            Every = t.Count("every", 10),
            Longest = t.Count("longest", 10_000),
        }, 3e-3, (x, o, c) => new Soap(x, o, c)),
        ["adafactor"] = Options(t => new AdafactorOptions
        {
            Clip = Positive(t, "clip", 1),
            Decay = t.Number("decay", d => d is < 0 and >= -1, "a number from -1 to below 0") ?? -0.8,
            Relative = Flag(t, "relative", true),
        }, 1e-3, (x, o, c) => new Adafactor(x, o, c)),
    };

    private const string ScheduleFreeName = "schedule-free";

    private readonly Make _make;

    private OptimizerChoice(string name, Make make, double? rate) => (Name, _make, DefaultRate) = (name, make, rate);

    /// <summary>The names, for messages and help.</summary>
    public static string Known { get; } = string.Join(", ", s_known.Keys.Prepend(AdamW));

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
        return parsed.Done(new OptimizerChoice(parsed.Name, make, rate));
    }

    /// <summary>Makes the optimiser of a training.</summary>
    /// <param name="parameters">What is trained; all of one dtype and device.</param>
    /// <param name="training">Decay rates, weight decay and gradient norm.</param>
    /// <param name="factors">What a tensor's updates differ in, by its name; null: in nothing.</param>
    /// <exception cref="InvalidInputException">The method finds one rate for all tensors, and factors state several.</exception>
    public IOptimizer Create(IEnumerable<(string Name, Parameter Parameter)> parameters, UpdateOptions training,
        Func<string, UpdateFactors>? factors = null) => _make(TrainedTensor.Of(parameters, training, factors), training);

    private static Func<OptionText, (Make, double)> Options<T>(Func<OptionText, T> read, double rate,
        Func<TrainedTensor[], UpdateOptions, T, IOptimizer> make) =>
        text =>
        {
            T options = read(text);
            return ((tensors, training) => make(tensors, training, options), rate);
        };

    private static double Small(OptionText t, string name, double standard) =>
        t.Number(name, v => v is > 0 and <= 1, "a number above 0 and at most 1") ?? standard;

    private static double Positive(OptionText t, string name, double standard) =>
        t.Number(name, v => v > 0, "a number above 0") ?? standard;

    private static double Beta(OptionText t, string name, double standard) =>
        t.Number(name, v => v is >= 0 and < 1, "a number in [0, 1)") ?? standard;

    private static double Growth(OptionText t) => t.Number("growth", v => v > 1, "a number above 1") ?? double.PositiveInfinity;

    private static bool Flag(OptionText t, string name, bool standard) =>
        t.Choice(name, standard ? "true" : "false", "true", "false") == "true";
}
