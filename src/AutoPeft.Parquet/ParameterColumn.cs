using System.Globalization;
using AutoPeft.Parquet.Tables;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Parquet;

/// <summary>
/// The column of one parameter over a study's trials, of the type of its values: whole numbers as 64-bit integers, other numbers as
/// doubles, switches as truth values, choices and subsets (joined by "+") as texts. A choice among JSON numbers or truth values is of that
/// type. Always nullable: a row has no value where its trial's configuration has the parameter inactive.
/// </summary>
internal static class ParameterColumn
{
    public static Column Of(string name, Parameter parameter, int index, IReadOnlyList<Trial> trials)
    {
        IEnumerable<object?> values = trials.Select(t => t.Configuration.ValueAt(index));
        switch (parameter)
        {
            case FloatParameter or OrdinalParameter { AllWhole: false }:
                return Column.Double(name,
                    values.Select(v => v is null ? (double?)null : Convert.ToDouble(v, CultureInfo.InvariantCulture)));
            case IntParameter or OrdinalParameter:
                return Column.Int64(name, values.Select(v => v is null ? (long?)null : Convert.ToInt64(v, CultureInfo.InvariantCulture)));
            case BoolParameter:
                return Column.Bool(name, values.Select(v => (bool?)v));
            case CategoricalParameter { Literals.IsEmpty: false } choice:
                return OfLiterals(name, choice, index, trials);
            default:
                return Column.String(name, values.Select(v => v is null ? null : Column.WellFormed(ValueText.Plain(v))));
        }
    }

    private static Column OfLiterals(string name, CategoricalParameter choice, int index, IReadOnlyList<Trial> trials)
    {
        string[] literals = [.. choice.Literals.Where(l => l != "null")];
        string?[] given =
            [.. trials.Select(t => t.Configuration.Codes[index] is var code && !double.IsNaN(code) ? choice.Literals[(int)code] : null)];
        given = [.. given.Select(l => l == "null" ? null : l)];
        if (literals.Length > 0 && literals.All(l => l is "true" or "false"))
        {
            return Column.Bool(name, given.Select(l => l is null ? (bool?)null : l == "true"));
        }
        if (literals.Length > 0 && literals.All(l => long.TryParse(l, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)))
        {
            return Column.Int64(name, given.Select(l => l is null ? (long?)null : long.Parse(l, CultureInfo.InvariantCulture)));
        }
        if (literals.Length > 0 && literals.All(l => double.TryParse(l, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
        {
            return Column.Double(name,
                given.Select(l => l is null ? (double?)null : double.Parse(l, NumberStyles.Float, CultureInfo.InvariantCulture)));
        }
        // Choices of several kinds: by name, "null" too, since here it is a choice like the others.
        return Column.String(name,
            trials.Select(t => t.Configuration.ValueAt(index) is { } v ? Column.WellFormed(ValueText.Plain(v)) : null));
    }
}
