using System.Globalization;

namespace AutoPeft.Cli.Transfers;

/// <summary>What a transfer sweep trains.</summary>
internal sealed record TransferSweepOptions
{
    /// <summary>Widths; the smallest is the base.</summary>
    public required IReadOnlyList<int> Widths { get; init; }

    /// <summary>Learning rates, increasing.</summary>
    public required IReadOnlyList<double> Rates { get; init; }

    /// <summary>Names of parametrisations.</summary>
    public required IReadOnlyList<string> Parametrizations { get; init; }

    /// <summary>Seeds of weights and of the order of the text.</summary>
    public required int Seeds { get; init; }

    /// <summary>Updates of a training.</summary>
    public required int Steps { get; init; }

    /// <summary>Layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Sequences of an update.</summary>
    public required int Batch { get; init; }

    /// <summary>Tokens of a sequence.</summary>
    public required int Length { get; init; }

    /// <summary>Weight decay of the base.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>Trainings at a time.</summary>
    public required int Workers { get; init; }

    /// <summary>Rates at equal ratios between two ends.</summary>
    public static IReadOnlyList<double> Between(double low, double high, int count)
    {
        if (!(low > 0) || !(high > low)) throw new InvalidInputException("--from and --to must be positive learning rates, --to the "
            + "larger one");
        if (count < 3) throw new InvalidInputException($"--rates is {count}; fewer than three rates give no optimum");
        return [.. Enumerable.Range(0, count).Select(i => Rounded(low * Math.Pow(high / low, i / (count - 1.0))))];
    }

    /// <summary>Refuses what cannot be run.</summary>
    public TransferSweepOptions Checked()
    {
        if (Widths.Distinct().Count() < 2) throw new InvalidInputException("--widths needs two different widths or more");
        foreach (var (name, value) in new[] { ("--seeds", Seeds), ("--steps", Steps), ("--layers", Layers), ("--batch", Batch),
            ("--length", Length), ("--workers", Workers) })
            if (value < 1) throw new InvalidInputException($"{name} is {value}; it must be 1 or more");
        return this;
    }

    // Six digits: the rate in a table is the rate that was run.
    private static double Rounded(double rate) => double.Parse(rate.ToString("0.#####e+0", CultureInfo.InvariantCulture),
        CultureInfo.InvariantCulture);
}
