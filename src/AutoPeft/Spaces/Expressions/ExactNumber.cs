using System.Globalization;

namespace AutoPeft.Spaces;

/// <summary>
/// Numbers in one form, so that equal numbers are equal objects however they are spelt: a <c>long</c> where the number is whole and fits
/// 64 bits, else a <c>double</c>. Whole numbers beyond 2^53 keep all their digits.
/// </summary>
internal static class ExactNumber
{
    /// <summary>2^63, the first whole number that a <c>long</c> does not hold; exact as a double.</summary>
    private const double BeyondLong = 9223372036854775808.0;

    /// <summary>The number that a JSON literal is: 1, 1.0 and 1e0 are one number, and so are 0 and -0.0.</summary>
    /// <param name="literal">The text of a JSON number.</param>
    public static object Parse(string literal) =>
        long.TryParse(literal, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole
        : Of((object)double.Parse(literal, NumberStyles.Float, CultureInfo.InvariantCulture))!;

    /// <summary>A number of any .NET type in that form; null for what is no number.</summary>
    public static object? Of(object? value)
    {
        if (value is long or int or short or byte) return Convert.ToInt64(value, CultureInfo.InvariantCulture);
        if (value is decimal m && m == decimal.Floor(m) && m is >= long.MinValue and <= long.MaxValue) return (long)m;
        if (!ValueText.TryNumber(value, out double d)) return null;
        if (IsWhole(d)) return (long)d;
        return d;
    }

    private static bool IsWhole(double d) => d == Math.Floor(d) && d is >= -BeyondLong and < BeyondLong;
}
