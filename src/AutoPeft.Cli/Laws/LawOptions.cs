using System.Globalization;

namespace AutoPeft.Cli.Laws;

/// <summary>What a law is made from.</summary>
internal sealed record LawOptions
{
    // Three sizes give an exponent that can be checked; the fourth is foretold.
    private const int FewestSizes = 4, FewestLevels = 2, FewestRates = 3;

    // A sum of twenty of them, which a text needs, is still a number of bytes.
    private const int LongestSequence = 1_000_000;

    /// <summary>The largest batch, in sequences.</summary>
    public const int LargestBatch = 1_000_000;

    /// <summary>The largest number of training tokens.</summary>
    public const long MostTokens = 1_000_000_000_000_000;

    /// <summary>Sizes, smallest first; the largest is held out.</summary>
    public required IReadOnlyList<ModelSize> Sizes { get; init; }

    /// <summary>Learning rates of a grid, increasing.</summary>
    public required IReadOnlyList<double> Rates { get; init; }

    /// <summary>Batches of a grid, in sequences, increasing.</summary>
    public required IReadOnlyList<int> Batches { get; init; }

    /// <summary>Tokens of a sequence.</summary>
    public required int Length { get; init; }

    /// <summary>Numbers of training tokens that a person chose, increasing; null: as many as the budget pays for.</summary>
    public IReadOnlyList<long>? Tokens { get; init; }

    /// <summary>How many numbers of training tokens; where a budget pays, each is twice the one before.</summary>
    public required int Levels { get; init; }

    /// <summary>Seed of weights and of the order of the text.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Trainings at a time, a thread each.</summary>
    public required int Workers { get; init; }

    /// <summary>Trainings of one size and number of tokens.</summary>
    public int GridSize => Rates.Count * Batches.Count;

    /// <summary>Tokens that every batch divides; numbers of training tokens are multiples of it.</summary>
    public long Unit => checked(Batches.Aggregate(1L, Multiple) * Length);

    /// <summary>Everything that the runs depend on but the numbers of tokens and the text, in one line.</summary>
    public string Recipe => string.Create(CultureInfo.InvariantCulture,
        $"sizes {string.Join(',', Sizes)}; rates {string.Join(',', Rates.Select(r => r.ToString("R", CultureInfo.InvariantCulture)))}; "
        + $"batches {string.Join(',', Batches)} of {Length} bytes; {Levels} numbers of tokens; seed {Seed}");

    /// <summary>Refuses what gives no law.</summary>
    /// <exception cref="InvalidInputException">One line that says what.</exception>
    public LawOptions Checked()
    {
        ModelSize[] sizes = [.. Sizes.Distinct().OrderBy(s => s.Params)];
        if (sizes.Length < FewestSizes)
            throw new InvalidInputException($"--sizes has {sizes.Length} different sizes; a law needs {FewestSizes} or more, of which the "
                + "largest is held out and foretold");
        if (sizes.Zip(sizes.Skip(1)).FirstOrDefault(p => p.Second.Params < 1.05 * p.First.Params) is { First: not null } near)
            throw new InvalidInputException($"--sizes: {near.First} and {near.Second} have within 5 % as many parameters; "
                + "take sizes apart");
        long[]? tokens = Tokens is null ? null : [.. Tokens.Distinct().Order()];
        if (tokens?.Length < FewestLevels)
            throw new InvalidInputException($"--tokens has {tokens.Length} different numbers; a law needs {FewestLevels} or more");
        if (Levels < FewestLevels) throw new InvalidInputException($"--levels is {Levels}; a law needs {FewestLevels} or more");
        if (Rates.Count < FewestRates) throw new InvalidInputException($"--rates is {Rates.Count}; fewer than three rates give no optimum");
        int[] batches = [.. Batches.Distinct().Order()];
        if (batches.Length < 2) throw new InvalidInputException("--batches needs two different batches or more");
        if (Length is < 2 or > LongestSequence)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
                $"--length is {Length}; it must be from 2 to {LongestSequence:N0}"));
        if (Workers < 1) throw new InvalidInputException($"--workers is {Workers}; it must be 1 or more");
        LawOptions options = this with { Sizes = sizes, Batches = batches, Tokens = tokens, Levels = tokens?.Length ?? Levels };
        try
        {
            if (options.Unit <= MostTokens) return options;
        }
        catch (OverflowException)
        {
            // More than the most.
        }
        throw new InvalidInputException($"--batches {string.Join(',', batches)} of {Length} bytes have no number of tokens in common "
            + "that a training could have; take batches that divide each other");
    }

    private static long Multiple(long a, int b)
    {
        long x = a, y = b;
        while (y != 0) (x, y) = (y, x % y);
        return checked(a / x * b);
    }
}
