using System.Globalization;
using System.Text;

namespace AutoPeft.Parametrization;

/// <summary>What a coordinate check found: a slope for each module, and what differs from the plan. Immutable.</summary>
public sealed class CoordinateReport
{
    /// <summary>What the model itself is called.</summary>
    internal const string Model = "(model)";

    private readonly IReadOnlyList<CoordinateRun> _runs;

    private CoordinateReport(
        IReadOnlyList<CoordinateRun> runs, CoordinateCheckOptions options, IReadOnlyList<ModuleSlope> modules,
            IReadOnlyList<PlanFault> faults)
    {
        (_runs, Options, Modules) = (runs, options, modules);
        ModuleSlope? first = modules.FirstOrDefault(m => !m.Passed);
        Faults =
        [
            .. faults,
            .. modules.Where(m => !m.Passed && (m.Tensors.Count > 0 || !modules.Any(part => !part.Passed && Within(part, m))))
                .SelectMany(m => (m.Tensors.Count > 0 ? m.Tensors : [m.Module]).Select(tensor => new PlanFault(tensor,
                    Problem(m, m == first)))),
        ];
    }

    /// <summary>Options that the coordinate check was run with.</summary>
    public CoordinateCheckOptions Options { get; }

    /// <summary>A slope for every module that put tensors out, in the order in which they finish.</summary>
    public IReadOnlyList<ModuleSlope> Modules { get; }

    /// <summary>Everything that is wrong, each with a tensor's name: first what differs from the plan, then modules that fail.</summary>
    public IReadOnlyList<PlanFault> Faults { get; }

    /// <summary>Whether the coordinate check found no fault.</summary>
    public bool Passed => Faults.Count == 0;

    /// <summary>The sizes, in increasing order.</summary>
    public IReadOnlyList<int> Sizes => [.. _runs.Select(r => r.Size).Distinct().Order()];

    private string Axis => Options.Axis == CoordinateAxis.Width ? "width" : "depth";

    internal static CoordinateReport Of(IReadOnlyList<CoordinateRun> runs, CoordinateCheckOptions options)
    {
        CoordinateRun one = runs[0];
        string[] names = [.. one.Order.Where(name => runs.All(r => r.Means[^1].ContainsKey(name)))];
        var modules = names.Select(name => Module(name, one, runs, options)).ToArray();
        // One line for a fault that several models have: the largest shows it best.
        PlanFault[] faults = [.. runs.OrderByDescending(r => r.Size).SelectMany(r => r.Faults)
            .DistinctBy(f => (f.Tensor, Kind(f.Problem)))];
        return new CoordinateReport(runs, options, modules, faults);
    }

    /// <summary>The report as plain text: a line for each module, then what is wrong.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        int width = Math.Max(6, Modules.Count == 0 ? 0 : Modules.Max(m => m.Module.Length));
        text.Append($"slope of log mean |x| against log {Axis}, {Axis}s {string.Join(", ", Sizes)}, {Options.Seeds} seeds\n");
        text.Append("module".PadRight(width));
        for (int t = 0; t <= Options.Steps; t++) text.Append(CultureInfo.InvariantCulture, $"{"t=" + t,8}");
        text.Append($"   from t={Options.FirstJudged} [{Options.Confidence:P0}]\n");
        foreach (ModuleSlope m in Modules)
        {
            text.Append(m.Module.PadRight(width));
            foreach (Estimate s in m.BySteps) text.Append(Number(s.Value).PadLeft(8));
            text.Append($"   {m.Judged.Text(Number)}  "
                + $"{(m.StartsSmall && m.Passed ? "starts small" : m.Passed ? "pass" : "FAIL")}\n");
        }
        foreach (PlanFault fault in Faults) text.Append($"{fault}\n");
        text.Append(Passed ? "pass\n" : $"FAIL: {Faults.Count} faults\n");
        return text.ToString();
    }

    /// <summary>The curves of mean |x| against size as an SVG picture: a panel for each step, failing modules in orange.</summary>
    public string ToSvg() => CoordinateFigure.Draw(this, [.. Modules.Select(m => Curve(m))], Axis).ToStandaloneSvg();

    private CoordinateCurve Curve(ModuleSlope module)
    {
        var byStep = Enumerable.Range(0, Options.Steps + 1).Select(t => (IReadOnlyList<(double, double)>)
            [.. _runs.GroupBy(r => r.Size).OrderBy(g => g.Key).Select(g =>
                ((double)g.Key, Math.Exp(g.Average(r => Math.Log(r.Means[t].GetValueOrDefault(module.Module, double.NaN))))))]);
        return new CoordinateCurve(module.Module, module.Passed, [.. byStep]);
    }

    private static ModuleSlope Module(string name, CoordinateRun one, IReadOnlyList<CoordinateRun> runs, CoordinateCheckOptions options)
    {
        Estimate Slope(Func<CoordinateRun, double> log) => Estimate.Of(
            [.. runs.Select(r => (Math.Log(r.Size), log(r))).Where(p => double.IsFinite(p.Item2))], options.Confidence);
        Estimate[] bySteps = [.. Enumerable.Range(0, options.Steps + 1)
            .Select(t => Slope(r => Math.Log(r.Means[t].GetValueOrDefault(name))))];
        Estimate over = Slope(r => Judged(options).Average(t => Math.Log(r.Means[t].GetValueOrDefault(name))));
        // Growth compounds; attention that averages a little less in narrow models, while it is learned, makes outputs shrink a little.
        bool shrinks = over.High < -2 * options.Tolerance;
        bool small = shrinks && over.High > -0.5 - options.Tolerance && MayStartSmall(name, one, options.Axis);
        bool passed = BlownUp(name, runs, options) is null && !(over.Low > options.Tolerance) && (!shrinks || small);
        return new ModuleSlope(name, TensorsOf(name, one), bySteps, over, small, passed);
    }

    private static IEnumerable<int> Judged(CoordinateCheckOptions options) =>
        Enumerable.Range(options.FirstJudged, options.Steps + 1 - options.FirstJudged);

    /// <summary>The smallest size at which the module's output is not finite in a judged step; null: none.</summary>
    /// <remarks>A model that blew up has no logarithm: that is a failure, not a missing point.</remarks>
    private static int? BlownUp(string name, IReadOnlyList<CoordinateRun> runs, CoordinateCheckOptions options) =>
        runs.Where(r => Judged(options).Any(t => !double.IsFinite(r.Means[t].GetValueOrDefault(name)))).Min(r => (int?)r.Size);

    /// <summary>
    /// Over widths: attention logits and outputs. Over depths: the residual stream, since the random parts of r branches, each ÷ r, add up
    /// to r^−½ (what is learned adds up to the same at every depth).
    /// </summary>
    private static bool MayStartSmall(string name, CoordinateRun run, CoordinateAxis axis) => axis == CoordinateAxis.Width
        ? name is Model || run.Readouts.Contains(name) || !run.Tensors.ContainsKey(name) && !HasParts(name, run)
            && !name.EndsWith(OutputRecorder.Input, StringComparison.Ordinal)
        : HasParts(name, run) || name.EndsWith(OutputRecorder.Input, StringComparison.Ordinal);

    /// <summary>
    /// A module's own tensors. A module without any and without parts, such as one that attention logits pass through, has those of the
    /// modules beside it that finish before; a container has none.
    /// </summary>
    private static string[] TensorsOf(string name, CoordinateRun run)
    {
        if (run.Tensors.TryGetValue(name, out string[]? own)) return own;
        if (name == Model || name.EndsWith(OutputRecorder.Input, StringComparison.Ordinal) || HasParts(name, run)) return [];
        int dot = name.LastIndexOf('.');
        string parent = dot < 0 ? "" : name[..(dot + 1)];
        return
        [
            .. run.Order.TakeWhile(n => n != name)
                .Where(n => n != name && n.StartsWith(parent, StringComparison.Ordinal) && !n[parent.Length..].Contains('.'))
                .SelectMany(n => run.Tensors.GetValueOrDefault(n) ?? []),
        ];
    }

    private string Problem(ModuleSlope m, bool first) =>
        $"{(m.Module.EndsWith(OutputRecorder.Input, StringComparison.Ordinal) ? m.Module : "output of " + m.Module)} "
        + (BlownUp(m.Module, _runs, Options) is { } size ? $"is not finite at {Axis} {size}"
            : $"{(m.Judged.Value > 0 ? "grows" : "shrinks")} with the {Axis}: slope {m.Judged.Text(Number)}")
        + (first ? "; the first that does" : "");

    private static bool HasParts(string name, CoordinateRun run) =>
        run.Order.Any(n => n.StartsWith(name + ".", StringComparison.Ordinal));

    private static bool Within(ModuleSlope part, ModuleSlope whole) => part != whole
        && (whole.Module == Model || part.Module.StartsWith(whole.Module + ".", StringComparison.Ordinal));

    private static string Kind(string problem) => string.Concat(problem.TakeWhile(c => !char.IsAsciiDigit(c)));

    private static string Number(double value) =>
        double.IsNaN(value) ? "-" : (Math.Round(value, 2) + 0.0).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
