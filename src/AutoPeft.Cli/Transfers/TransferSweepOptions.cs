using System.Globalization;

namespace AutoPeft.Cli.Transfers;

/// <summary>What a transfer sweep trains.</summary>
internal sealed record TransferSweepOptions
{
    /// <summary>What grows.</summary>
    public required TransferAxis Axis { get; init; }

    /// <summary>Widths, layers, sequences of an update or tokens in all; the smallest is the base. Empty: four doublings.</summary>
    public required IReadOnlyList<int> Sizes { get; init; }

    /// <summary>Learning rates, increasing.</summary>
    public required IReadOnlyList<double> Rates { get; init; }

    /// <summary>Names of parametrisations. Empty: two that suit the axis.</summary>
    public required IReadOnlyList<string> Parametrizations { get; init; }

    /// <summary>Seeds of weights and of the order of the text.</summary>
    public required int Seeds { get; init; }

    /// <summary>Groups of seeds, each of which foretells the largest size by itself; 1: all seeds together.</summary>
    public required int Repeats { get; init; }

    /// <summary>Updates of a training; over batches: of the smallest one.</summary>
    public required int Steps { get; init; }

    /// <summary>Width, where something else grows.</summary>
    public required int Width { get; init; }

    /// <summary>Layers, where something else grows.</summary>
    public required int Layers { get; init; }

    /// <summary>Sequences of an update, where something else grows.</summary>
    public required int Batch { get; init; }

    /// <summary>Tokens of a sequence.</summary>
    public required int Length { get; init; }

    /// <summary>Weight decay of the base.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>Trainings at a time.</summary>
    public required int Workers { get; init; }

    /// <summary>The smallest size.</summary>
    public int Base => Sizes.Min();

    /// <summary>Rates at equal ratios between two ends.</summary>
    public static IReadOnlyList<double> Between(double low, double high, int count)
    {
        if (!(low > 0) || !(high > low) || !double.IsFinite(high))
            throw new InvalidInputException($"--from is {low} and --to {high}; both must be positive learning rates, --to the larger one");
        if (count < 3) throw new InvalidInputException($"--rates is {count}; fewer than three rates give no optimum");
        return [.. Enumerable.Range(0, count).Select(i => Rounded(low * Math.Pow(high / low, i / (count - 1.0))))];
    }

    /// <summary>Refuses what cannot be run, and fills in sizes and parametrisations that were left out.</summary>
    public TransferSweepOptions Checked()
    {
        foreach (var (name, value) in new[] { ("--seeds", Seeds), ("--repeats", Repeats), ("--steps", Steps), ("--width", Width),
            ("--layers", Layers), ("--batch", Batch), ("--length", Length), ("--workers", Workers) })
            if (value < 1) throw new InvalidInputException($"{name} is {value}; it must be 1 or more");
        if (!(WeightDecay >= 0) || !double.IsFinite(WeightDecay))
            throw new InvalidInputException($"--weight-decay is {WeightDecay}; it must be 0 or more");
        if (Repeats > 1 && (Seeds % Repeats != 0 || Seeds / Repeats < 2))
            throw new InvalidInputException($"--seeds is {Seeds}, which {Repeats} repeats cannot share; give a multiple of {Repeats} "
                + $"from {2 * Repeats}, since one seed alone shows no noise");
        TransferSweepOptions filled = this with
        {
            Sizes = Sizes.Count > 0 ? [.. Sizes.Distinct().Order()] : Doublings(),
            Parametrizations = Parametrizations.Count > 0 ? Parametrizations : [Axis switch
            {
                TransferAxis.Width => "mup",
                TransferAxis.Depth => "completep",
                _ => "completedp",
            }, "sp"],
        };
        if (filled.Sizes.Count < 2) throw new InvalidInputException("--sizes needs two different ones or more");
        if (Repeats > 1 && filled.Sizes.Count < 4)
            throw new InvalidInputException("--repeats foretells the largest size from the others; --sizes must be four or more");
        foreach (int size in filled.Sizes) filled.At(size);
        return filled;
    }

    /// <summary>The training of a size.</summary>
    /// <exception cref="InvalidInputException">The size does not divide what it has to divide.</exception>
    public TransferShape At(int size)
    {
        switch (Axis)
        {
            case TransferAxis.Width: return new TransferShape(size, Layers, Batch, Steps);
            case TransferAxis.Depth: return new TransferShape(Width, size, Batch, Steps);
            case TransferAxis.Batch:
                long sequences = (long)Steps * Base;
                return sequences % size == 0 ? new TransferShape(Width, Layers, size, (int)(sequences / size))
                    : throw new InvalidInputException($"--sizes: {sequences} sequences ({Steps} updates of {Base}) are no whole number of "
                        + $"updates of {size}; choose --steps and --sizes that divide");
            default:
                long update = (long)Batch * Length;
                return size % update == 0 ? new TransferShape(Width, Layers, Batch, (int)(size / update))
                    : throw new InvalidInputException($"--sizes: {size} tokens are no whole number of updates of {Batch} × {Length}");
        }
    }

    private int[] Doublings()
    {
        Int128 first = Axis switch
        {
            TransferAxis.Width => 64,
            TransferAxis.Depth => 2,
            TransferAxis.Batch => 4,
            _ => (Int128)Steps * Batch * Length,
        };
        return 8 * first <= int.MaxValue ? [.. Enumerable.Range(0, 4).Select(doubled => (int)first << doubled)]
            : throw new InvalidInputException($"{first} tokens (--steps {Steps} × --batch {Batch} × --length {Length}), doubled three "
                + $"times, are more than {int.MaxValue}; make one of them smaller, or give --sizes");
    }

    // Six digits: the rate in a table is the rate that was run.
    private static double Rounded(double rate) => double.Parse(rate.ToString("0.#####e+0", CultureInfo.InvariantCulture),
        CultureInfo.InvariantCulture);
}
