using System.Globalization;

namespace AutoPeft.Spaces;

/// <summary>How values are written for people: invariant culture, shortest form that reads back the same.</summary>
internal static class ValueText
{
    /// <summary>The value as text; strings in single quotes, so that 'true' and true differ.</summary>
    public static string Of(object? value) => value switch
    {
        null => "null",
        string s => $"'{s}'",
        IEnumerable<string> list => "[" + string.Join(", ", list) + "]",
        _ => Plain(value),
    };

    /// <summary>The value as text without quotes, as conditions and tables write it.</summary>
    public static string Plain(object? value) => value switch
    {
        null => "",
        bool b => b ? "true" : "false",
        double d => d.ToString("R", CultureInfo.InvariantCulture),
        IEnumerable<string> list => string.Join("+", list),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    internal static bool TryNumber(object? value, out double number)
    {
        switch (value)
        {
            case double d: number = d; return true;
            case float f: number = f; return true;
            case int i: number = i; return true;
            case long l: number = l; return true;
            case short s: number = s; return true;
            case byte b: number = b; return true;
            case decimal m: number = (double)m; return true;
            default: number = double.NaN; return false;
        }
    }
}
