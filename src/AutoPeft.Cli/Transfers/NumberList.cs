using System.Globalization;

namespace AutoPeft.Cli.Transfers;

/// <summary>Whole numbers from 1 with commas between, as an option has them.</summary>
internal static class NumberList
{
    /// <summary>Reads a list.</summary>
    /// <param name="option">The option, for messages.</param>
    /// <param name="list">The list as typed.</param>
    /// <exception cref="InvalidInputException">Something in it is no such number, or it is empty.</exception>
    public static int[] Read(string option, string list)
    {
        string[] parts = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0) throw new InvalidInputException($"{option} takes whole numbers from 1 with commas between, and has none");
        return [.. parts.Select(p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n > 0 ? n
            : throw new InvalidInputException($"{option} takes whole numbers from 1 with commas between, not '{p}'"))];
    }
}
