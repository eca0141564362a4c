using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AutoPeft.Parametrization;

/// <summary>
/// Trainings over sizes, learning rates and seeds, read: each size's best rate, how it drifts with size under each parametrisation, and the
/// regret of carrying the smallest size's best rate to the largest. Pure: it trains nothing. Immutable.
/// </summary>
public sealed class TransferStudy
{
    private readonly TransferRun[] _runs;

    private TransferStudy(TransferRun[] runs, IReadOnlyList<TransferResult> results) => (_runs, Results) = (runs, results);

    /// <summary>One result for each parametrisation, in the order in which the runs name them.</summary>
    public IReadOnlyList<TransferResult> Results { get; }

    /// <summary>Groups runs by parametrisation and size, and reads the best learning rate of each size.</summary>
    /// <param name="runs">For each parametrisation at least two sizes, each with three rates or more. A parametrisation's seeds should be
    /// the same at every rate; two seeds or more give intervals.</param>
    /// <exception cref="InvalidInputException">There are too few sizes or rates, a number is out of range, or a whole size
    /// diverged.</exception>
    public static TransferStudy Of(IEnumerable<TransferRun> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        TransferRun[] all = [.. runs];
        if (all.Length == 0) throw new InvalidInputException("a transfer study needs runs, and there are none");
        foreach (TransferRun run in all)
            if (!(run.Size > 0) || !(run.LearningRate > 0) || !double.IsFinite(run.LearningRate))
                throw new InvalidInputException($"a run has size {run.Size} and learning rate {run.LearningRate}; both must be positive");
        foreach (var of in all.GroupBy(r => r.Parametrization))
            if (Refusal([.. of]) is { } why) throw new InvalidInputException(why);
        return new TransferStudy(all, [.. all.GroupBy(r => r.Parametrization).Select(g => TransferResult.Of(g.Key, g))]);
    }

    /// <summary>What the runs of smaller sizes foretell of a size; null where they cannot.</summary>
    /// <param name="runs">Runs of one parametrisation; those of the size itself and of larger ones are not looked at.</param>
    /// <param name="size">The size that is foretold.</param>
    internal static TransferPrediction? Foretell(IEnumerable<TransferRun> runs, double size)
    {
        TransferRun[] smaller = [.. runs.Where(r => r.Size < size)];
        return smaller.Select(r => r.Size).Distinct().Count() >= TransferResult.FewestSizes && Refusal(smaller) is null
            ? TransferResult.Of(smaller[0].Parametrization, smaller).Predict(size) : null;
    }

    /// <summary>Why runs of one parametrisation have no optima to compare; null: they have.</summary>
    internal static string? Refusal(IReadOnlyList<TransferRun> runs)
    {
        string name = runs[0].Parametrization;
        var sizes = runs.GroupBy(r => r.Size).ToArray();
        if (sizes.Length < 2) return $"{name}: one size alone tells nothing about transfer; run two or more";
        foreach (var size in sizes)
        {
            var rates = size.GroupBy(r => r.LearningRate).ToArray();
            if (rates.Length < 3) return $"{name}, size {size.Key}: fewer than three learning rates give no optimum";
            if (rates.All(g => g.Any(r => !double.IsFinite(r.Loss))))
                return $"{name}, size {size.Key}: every learning rate diverged; try lower ones";
        }
        return null;
    }

    /// <summary>The result as plain text: a line for each size, then drift, move and regret.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        int width = Results.Max(r => r.Parametrization.Length);
        text.Append($"{"".PadRight(width)}    size  best rate   log2 [95 %]                within 1 %            loss\n");
        foreach (TransferResult result in Results)
        {
            foreach (RateOptimum o in result.Optima)
            {
                string plateau = double.IsNaN(o.PlateauLow) ? "-"
                    : string.Create(CultureInfo.InvariantCulture, $"{o.PlateauLow:0.0e+0} … {o.PlateauHigh:0.0e+0}");
                text.Append(CultureInfo.InvariantCulture, $"{result.Parametrization.PadRight(width)}  {o.Size,6:0.##}  "
                    + $"{o.LearningRate,9:0.00e+0}   ");
                text.Append(CultureInfo.InvariantCulture, $"{Text(o.Log2Rate),-26} {plateau,-21} {o.Loss.Value:0.0000}");
                if (o.Diverged > 0) text.Append(CultureInfo.InvariantCulture, $"  {o.Diverged} diverged");
                text.Append(o.AtEdge ? "  at the end of the rates tried\n" : "\n");
            }
        }
        foreach (TransferResult result in Results)
            text.Append($"{result.Parametrization.PadRight(width)}  drift {Text(result.DriftPerDoubling)} octaves per doubling, "
                + $"moved {Text(result.Moved)} octaves, regret {Text(result.Regret, 4)}\n");
        return text.ToString();
    }

    /// <summary>Optima, drifts, moves and regrets as JSON; numbers that are not finite are null.</summary>
    public string ToJson()
    {
        var root = new JsonObject
        {
            ["results"] = new JsonArray([.. Results.Select(r => new JsonObject
            {
                ["parametrization"] = r.Parametrization,
                ["drift_per_doubling"] = Json(r.DriftPerDoubling),
                ["moved"] = Json(r.Moved),
                ["regret"] = Json(r.Regret),
                ["optima"] = new JsonArray([.. r.Optima.Select(o => new JsonObject
                {
                    ["size"] = o.Size,
                    ["learning_rate"] = Json(o.LearningRate),
                    ["log2_learning_rate"] = Json(o.Log2Rate),
                    ["loss"] = Json(o.Loss),
                    ["plateau"] = new JsonArray(Json(o.PlateauLow), Json(o.PlateauHigh)),
                    ["at_edge"] = o.AtEdge,
                    ["diverged"] = o.Diverged,
                })]),
            })]),
        };
        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>Writes the runs as CSV with the columns parametrisation, size, learning rate, seed and loss.</summary>
    public string ToCsv() => "parametrization,size,learning_rate,seed,loss\n" + string.Concat(_runs.Select(r =>
        string.Create(CultureInfo.InvariantCulture, $"{r.Parametrization},{r.Size:R},{r.LearningRate:R},{r.Seed},{r.Loss:R}\n")));

    /// <summary>
    /// Loss against learning rate as an SVG picture: a panel for each parametrisation side by side, a curve for each size.
    /// </summary>
    public string ToSvg() => TransferFigure.Draw(this).ToStandaloneSvg();

    private static JsonValue? Json(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static JsonObject Json(Estimate e) => new() { ["value"] = Json(e.Value), ["low"] = Json(e.Low), ["high"] = Json(e.High) };

    private static string Text(Estimate e, int digits = 2)
    {
        string format = "+0." + new string('0', digits) + ";-0." + new string('0', digits) + ";0";
        string N(double v) => double.IsNaN(v) ? "-" : double.IsInfinity(v) ? "diverges" : v.ToString(format, CultureInfo.InvariantCulture);
        return e.Text(N);
    }
}
