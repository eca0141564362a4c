using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>
/// Numbers as people write them into tables: 1e9, 1,234,567, 1_000_000, 7B, 1.4T, and the words for numbers that are missing
/// (nan, na, none, null, -) or belong to failed runs (diverged, failed, crashed, oom), which are not numbers.
/// </summary>
public static class NumberCell
{
    private static readonly string[] s_missing =
        ["nan", "na", "n/a", "#n/a", "none", "null", "-", "?", "diverged", "failed", "crashed", "oom", "killed"];

    /// <summary>Parses a cell without surrounding white space.</summary>
    public static bool TryParse(ReadOnlySpan<char> cell, out double value)
    {
        if (double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out value)) return true;
        if (cell.IsEmpty || cell.Length > 40) return false;
        if (TryWord(cell, out value) || TryGrouped(cell, out value)) return true;
        double unit = char.ToLowerInvariant(cell[^1]) switch { 'k' => 1e3, 'm' => 1e6, 'b' or 'g' => 1e9, 't' => 1e12, _ => 0 };
        if (unit == 0 || cell.Length < 2 || !char.IsAsciiDigit(cell[0]) || !(char.IsAsciiDigit(cell[^2]) || cell[^2] == ' ')) return false;
        if (!double.TryParse(cell[..^1].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)) return false;
        value *= unit;
        return true;
    }

    private static bool TryWord(ReadOnlySpan<char> cell, out double value)
    {
        value = double.NaN;
        foreach (string word in s_missing)
            if (cell.Equals(word, StringComparison.OrdinalIgnoreCase)) return true;
        if (cell.Equals("inf", StringComparison.OrdinalIgnoreCase) || cell.Equals("+inf", StringComparison.OrdinalIgnoreCase))
            value = double.PositiveInfinity;
        else if (cell.Equals("-inf", StringComparison.OrdinalIgnoreCase)) value = double.NegativeInfinity;
        else return false;
        return true;
    }

    // Groups of three digits, as 1,234,567 or 1_234_567; a single group of three after a comma could be a decimal comma and is no number.
    private static bool TryGrouped(ReadOnlySpan<char> cell, out double value)
    {
        value = 0;
        char mark = cell.Contains('_') ? '_' : cell.Contains(',') ? ',' : cell.Contains('\u2009') ? '\u2009' : '\0';
        if (mark == '\0' || !char.IsAsciiDigit(cell[0])) return false;
        int digits = 0, groups = 0, point = cell.IndexOf('.');
        var whole = point < 0 ? cell : cell[..point];
        foreach (char c in whole)
            if (c == mark)
            {
                if (groups > 0 ? digits != 3 : digits is 0 or > 3) return false;
                (digits, groups) = (0, groups + 1);
            }
            else if (char.IsAsciiDigit(c)) digits++;
            else return false;
        if (digits != 3 || mark == ',' && groups == 1 && point < 0 && whole[0] == '0') return false;
        return double.TryParse(cell.ToString().Replace(mark.ToString(), "", StringComparison.Ordinal), NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out value);
    }
}
