using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Optima;

namespace AutoPeft.Scaling.Sweeps;

/// <summary>
/// The Step Law form, lr = c·N^a·D^b and batch = c·D^b tokens, fitted to the optima of a sweep, with bootstrap intervals, gaps to
/// the optimum beside other laws and the best fixed setting, and held-out checks. Immutable.
/// </summary>
public sealed class StepLawFit
{
    private StepLawFit(SweepData data, StepLawFitOptions options)
    {
        (Data, Options) = (data, options);
        Optima = SweepOptima.Find(data.Grids, options.Recipe);
        IncludesParams = SpansParams(data.Grids);
        (LearningRate, Batch) = FitLaws(Optima, IncludesParams);
        int[] grid = [.. Optima.Select(o => o.GridIndex)];
        double[] n = [.. Optima.Select(o => o.Params)], d = [.. Optima.Select(o => o.Tokens)], lr = [.. Optima.Select(o => o.LearningRate)],
            bs = [.. Optima.Select(o => o.BatchTokens)];
        double[][] x = IncludesParams ? [n, d] : [d];
        LearningRateByGrid = CoefficientBootstrap.Run(x, lr, grid, options.BootstrapSamples, options.Seed);
        LearningRateByRun = CoefficientBootstrap.Run(x, lr, null, options.BootstrapSamples, options.Seed);
        BatchByGrid = CoefficientBootstrap.Run([d], bs, grid, options.BootstrapSamples, options.Seed);
        BatchByRun = CoefficientBootstrap.Run([d], bs, null, options.BootstrapSamples, options.Seed);
        var own = data.Grids.Select(g => QuadraticSurface.FitOwn(g)).ToList();
        // A grid too sparse for a curvature of its own borrows the others'.
        if (own.Any(s => s is null))
        {
            var shared = QuadraticSurface.FitShared(data.Grids);
            own = [.. own.Select((s, i) => s ?? shared[i])];
        }
        Surfaces = data.Grids.Select((g, i) => (g.Key, own[i])).ToDictionary(p => p.Key, p => p.Item2);
        var laws = this;
        Fitted = new SettingRule("fitted", "fitted to these data", g => laws.Propose(g.Params, g.Tokens));
        Gaps = [.. new[] { Fitted }.Concat(PublishedLaw.All.Select(SettingRule.Of)).Append(SettingRule.BestFixed(data.Grids))
            .Select(r => RuleGaps.Evaluate(r, data.Grids, Surfaces))];
        HeldOut = options.HeldOut ? HeldOutProtocol.RunAll(this) : [];
        PowerScheduler = TryPowerScheduler();
        Warnings = [.. IncludesParams ? [] : new[] { SingleSizeWarning() }, .. LearningRate.Warnings.Select(w => "learning rate: " + w),
            .. Batch.Warnings.Select(w => "batch size: " + w), .. DesignWarnings()];
    }

    /// <summary>The sweep that the law was fitted to.</summary>
    public SweepData Data { get; }
    /// <summary>Options that the law was fitted with.</summary>
    public StepLawFitOptions Options { get; }
    /// <summary>The rows of the regression.</summary>
    public IReadOnlyList<Optimum> Optima { get; }
    /// <summary>
    /// Whether N enters the learning rate's law. It does not where all sizes lie within 1 %: the exponent would be noise
    /// divided by nothing, and the law then holds at that N only.
    /// </summary>
    public bool IncludesParams { get; }
    /// <summary>ln lr on ln N and ln D (ln D alone where <see cref="IncludesParams"/> is false).</summary>
    public PowerLawFit LearningRate { get; }
    /// <summary>ln batch (tokens) on ln D.</summary>
    public PowerLawFit Batch { get; }
    /// <summary>Cluster bootstrap of the learning rate's coefficients (ln c, N, D): grids are drawn whole.</summary>
    public CoefficientBootstrap LearningRateByGrid { get; }
    /// <summary>Row bootstrap, as the Step Law authors ran it. Too narrow: rows of one grid are not independent.</summary>
    public CoefficientBootstrap LearningRateByRun { get; }
    /// <summary>Cluster bootstrap of the batch size's coefficients (ln c, D).</summary>
    public CoefficientBootstrap BatchByGrid { get; }
    /// <summary>Row bootstrap of the batch size's coefficients.</summary>
    public CoefficientBootstrap BatchByRun { get; }
    /// <summary>The grids' quadratic surfaces, by key; null where a grid supports none.</summary>
    public IReadOnlyDictionary<string, QuadraticSurface?> Surfaces { get; }
    /// <summary>The fitted law as a rule that proposes settings for a grid.</summary>
    public SettingRule Fitted { get; }
    /// <summary>Gaps to the optimum: this fit, the published laws, the best fixed setting. In-sample for the first and last.</summary>
    public IReadOnlyList<RuleGaps> Gaps { get; }
    /// <summary>Gaps on grids that the fit did not see.</summary>
    public IReadOnlyList<HeldOutResult> HeldOut { get; }
    /// <summary>The Power scheduler's law on the same optima; null where D does not vary.</summary>
    public (PowerScheduler Law, double R2)? PowerScheduler { get; }
    /// <summary>What to distrust about the fit, in plain sentences; empty where nothing is suspect.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Fits the Step Law form to the optima of a sweep.</summary>
    /// <exception cref="ScalingDataException">The sweep cannot support the form: one N or D only, or too few grids.</exception>
    public static StepLawFit Fit(SweepData data, StepLawFitOptions? options = null) => new(data, options ?? new StepLawFitOptions());

    /// <summary>Learning rate and batch (tokens) at N and D.</summary>
    public (double? LearningRate, double? BatchTokens) Propose(double n, double d) =>
        (LearningRateAt(LearningRate, n, d), Batch.Law.Predict(d));

    /// <summary>A learning-rate law's value, whichever of the two forms it has.</summary>
    internal static double LearningRateAt(PowerLawFit law, double n, double d) =>
        law.Names.Count == 2 ? law.Law.Predict(n, d) : law.Law.Predict(d);

    private static bool SpansParams(IReadOnlyList<SweepGrid> grids)
    {
        double low = grids.Min(g => g.Params), high = grids.Max(g => g.Params);
        if (low == high)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"{(grids.Count == 1 ? "there is one grid, hence" : $"all {grids.Count} grids have")} one N only ({low:G4}); its exponent "
                    + $"cannot be fitted. Add grids at other model sizes."));
        return high / low >= 1.01;
    }

    private string SingleSizeWarning() => string.Create(CultureInfo.InvariantCulture,
        $"N spans {100 * (Data.Grids.Max(g => g.Params) / Data.Grids.Min(g => g.Params) - 1):G2} % only: its exponent cannot be "
            + $"identified; the law is of D alone, at N = {Data.Grids[0].Params:G4}");

    internal static (PowerLawFit LearningRate, PowerLawFit Batch) FitLaws(IReadOnlyList<Optimum> optima, bool includeParams)
    {
        double[] n = [.. optima.Select(o => o.Params)], d = [.. optima.Select(o => o.Tokens)];
        return (PowerLawFit.Fit(includeParams ? ["N", "D"] : ["D"], includeParams ? [n, d] : [d], [.. optima.Select(o => o.LearningRate)]),
            PowerLawFit.Fit(["D"], [d], [.. optima.Select(o => o.BatchTokens)]));
    }

    private (PowerScheduler, double)? TryPowerScheduler()
    {
        // The paper counts batches in sequences; 2,048 tokens is the length its own and Step Law's sweeps use.
        double[] d = [.. Optima.Select(o => o.Tokens)];
        return d.Distinct().Count() < 2
            ? null
            : Laws.PowerScheduler.Fit([.. Optima.Select(o => o.LearningRate)], [.. Optima.Select(o => o.BatchTokens / 2048)], d);
    }

    private IEnumerable<string> DesignWarnings()
    {
        int edge = Data.Grids.Count(SweepOptima.IsAtEdge);
        if (edge > 0)
            yield return $"{edge} of {Data.Grids.Count} grids have their best run on the grid's edge: the optimum may lie outside";
        if (Data.Grids.All(g => g.BatchSizes.Count == 1))
            yield return "every grid has one batch size only: its law merely repeats the design";
        if (Data.Grids.All(g => g.LearningRates.Count == 1))
            yield return "every grid has one learning rate only: its law merely repeats the design";
        if (LearningRateByGrid.Skipped > Options.BootstrapSamples / 20)
            yield return $"{LearningRateByGrid.Skipped} of {Options.BootstrapSamples} bootstrap samples drew a design that identifies "
                + $"nothing: there are too few grids for these intervals";
        int without = Surfaces.Values.Count(s => s is null);
        if (without > 0)
            yield return $"{without} grids have too few runs near their minimum for a quadratic surface; their gaps are left out of it";
    }
}
