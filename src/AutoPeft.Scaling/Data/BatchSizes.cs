using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>Batch sizes in tokens, whatever unit the table counts them in.</summary>
internal static class BatchSizes
{
    /// <summary>Step Law's sequence length, assumed when nothing in the table or the command says another.</summary>
    private const double DefaultSequenceLength = 2048;

    public static double[] InTokens(RunTable table, ColumnChoice choice, RunColumn bs, RunColumn? steps, double[] d, RunColumn? sequence,
        List<string> notes)
    {
        var v = bs.Numbers!;
        double? inferred = steps is null ? null : SequenceFromSteps(v, steps.Numbers!, d);
        var name = bs.Name.ToLowerInvariant();
        bool looksTokens = name.Contains("tok", StringComparison.Ordinal) || name == "bst" || v.Min() >= 8192;
        var unit = choice.BatchUnit
            ?? (inferred is { } s ? s < 1.5 ? BatchUnit.Tokens : BatchUnit.Sequences
                : looksTokens ? BatchUnit.Tokens
                : BatchUnit.Sequences);
        if (unit == BatchUnit.Tokens)
        {
            Reject(table, bs, 1, "tokens");
            notes.Add($"batch size '{bs.Name}' counts tokens");
            return v;
        }
        Reject(table, bs, 1, "sequences");
        if (choice.SequenceLength is null && inferred is null && sequence?.Numbers is { } perRow)
        {
            notes.Add($"batch size '{bs.Name}' counts sequences of '{sequence.Name}' tokens");
            return [.. v.Select((b, i) => b * perRow[i])];
        }
        double length = choice.SequenceLength ?? inferred ?? DefaultSequenceLength;
        var why = choice.SequenceLength is not null ? "as stated"
            : inferred is not null ? "from D/(batch·steps)"
            : "assumed; state it with --seq";
        notes.Add($"batch size '{bs.Name}' counts sequences of {length.ToString("G6", CultureInfo.InvariantCulture)} tokens ({why})");
        return [.. v.Select(b => b * length)];
    }

    // D = batch · sequence · steps holds to rounding of the steps; a median that is nearly constant is the sequence length.
    private static double? SequenceFromSteps(double[] bs, double[] steps, double[] d)
    {
        var ratio = Enumerable.Range(0, bs.Length).Select(i => d[i] / (bs[i] * steps[i])).Where(double.IsFinite).Order().ToArray();
        if (ratio.Length < bs.Length / 2) return null;
        double median = ratio[ratio.Length / 2], low = ratio[ratio.Length / 10], high = ratio[ratio.Length * 9 / 10];
        return median > 0.9 && high / low < 1.05 ? Math.Round(median) : null;
    }

    private static void Reject(RunTable table, RunColumn bs, double least, string unit)
    {
        int i = Array.FindIndex(bs.Numbers!, b => b < least);
        if (i >= 0)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"{table.Source}, row {table.RowNumber(i)}: a batch of {bs.Numbers![i]:G4} {unit} cannot be (column '{bs.Name}'); check "
                    + $"the column and --bs-unit."));
    }
}
