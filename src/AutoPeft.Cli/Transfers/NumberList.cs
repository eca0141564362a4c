using System.Globalization;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Cli.Transfers;

/// <summary>Whole numbers with commas between, as an option has them: 64,128 or 1.5k,3k.</summary>
internal static class NumberList
{
    /// <summary>The parts of a list.</summary>
    public static string[] Parts(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Reads a list of sizes or counts.</summary>
    /// <param name="option">The option, for messages.</param>
    /// <param name="list">The list as typed.</param>
    /// <param name="most">The largest number that makes sense.</param>
    /// <exception cref="InvalidInputException">Something in it is no whole number from 1 to the largest, or it is empty.</exception>
    public static int[] Read(string option, string list, int most = int.MaxValue) =>
        [.. ReadLong(option, list, most).Select(n => (int)n)];

    /// <summary>Reads a list of numbers of tokens.</summary>
    /// <inheritdoc cref="Read"/>
    public static long[] ReadLong(string option, string list, long most)
    {
        string wanted =
            string.Create(CultureInfo.InvariantCulture, $"{option} takes whole numbers from 1 to {most:N0} with commas between");
        string[] parts = Parts(list);
        if (parts.Length == 0) throw new InvalidInputException($"{wanted}, and has none");
        return [.. parts.Select(p => NumberCell.TryParse(p, out double n) && n >= 1 && n <= most && n == Math.Floor(n) ? (long)n
            : throw new InvalidInputException($"{wanted}, not '{p}'"))];
    }
}
