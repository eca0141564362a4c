using System.Collections.Immutable;
using AutoPeft.Scheduling;

namespace AutoPeft.Analysis.Racing;

/// <summary>Options of a race.</summary>
internal sealed record RaceOptions
{
    /// <summary>Chance of ever eliminating a candidate by luck alone. Default 0.05.</summary>
    public double Error { get; init; } = 0.05;

    /// <summary>Blocks that every candidate runs before any is eliminated. Default 3: two differences have no spread to speak of.</summary>
    public int FirstTest { get; init; } = 3;
}

/// <summary>A result of a race: one candidate under one block.</summary>
/// <param name="Candidate">Its index.</param>
/// <param name="Block">The seed, or the pair of task and seed, that all candidates share.</param>
/// <param name="Loss">Smaller is better. Not finite where the run failed: the worst result of its block.</param>
internal readonly record struct RaceResult(int Candidate, int Block, double Loss);

/// <summary>Where a race stands.</summary>
/// <param name="Alive">Candidates that may still be the best, by index.</param>
/// <param name="EliminatedBy">For each candidate the one that beat it, or −1.</param>
/// <param name="Leader">The alive candidate with the smallest mean over the blocks that all alive ones have run; −1 before the first
/// block is complete.</param>
internal sealed record RaceStanding(ImmutableArray<int> Alive, ImmutableArray<int> EliminatedBy, int Leader)
{
    /// <summary>Whether one candidate is left.</summary>
    public bool IsDecided => Alive.Length == 1;
}

/// <summary>
/// Racing (Maron and Moore 1994; F-Race: Birattari et al. 2002): candidates run the same blocks in turn, and one that is worse than another
/// beyond doubt runs no more. Worse is decided by paired differences and a test that may be looked at after every run, at level
/// <see cref="RaceOptions.Error"/> over all pairs and all times. Blocks are seeds, or tasks and seeds, so that a race may be over tasks.
/// Pure: the results decide.
/// </summary>
internal sealed class Race
{
    private readonly RaceOptions _options;
    private readonly int _candidates, _blocks;

    /// <param name="candidates">How many run.</param>
    /// <param name="blocks">Most blocks.</param>
    /// <param name="options">Options, or null for the defaults.</param>
    /// <exception cref="InvalidInputException">Fewer than one candidate or block, or an error that is no probability.</exception>
    public Race(int candidates, int blocks, RaceOptions? options = null)
    {
        (_candidates, _blocks, _options) = (candidates, blocks, options ?? new());
        if (candidates < 1 || blocks < 1)
            throw new InvalidInputException($"A race needs candidates and blocks, not {candidates} and {blocks}.");
        if (!(_options.Error is > 0 and < 1))
            throw new InvalidInputException($"A race's error must be between 0 and 1, not {_options.Error}.");
    }

    /// <summary>Where the race stands after these results; a later result of the same run replaces an earlier one.</summary>
    public RaceStanding Standing(IEnumerable<RaceResult> results)
    {
        double?[,] table = Table(results);
        int[] by = new int[_candidates];
        Array.Fill(by, -1);
        // Each pair spends an equal part of the error, once, whenever it is looked at.
        double threshold = Math.Log(Math.Max(_candidates * (_candidates - 1) / 2, 1) / _options.Error);
        var differences = new (int Count, double Mean, double Squares)[_candidates, _candidates];
        for (int k = 0; k < _blocks; k++)
        {
            // Blocks in their order, as they were when the decision could first be taken: a result that comes late changes no earlier
            // elimination.
            var fallen = new List<(int Loser, int Winner)>();
            for (int i = 0; i < _candidates; i++)
                for (int j = 0; j < _candidates; j++)
                {
                    if (i == j || by[i] >= 0 || by[j] >= 0 || table[i, k] is not { } better || table[j, k] is not { } worse) continue;
                    (int n, double mean, double squares) = differences[i, j];
                    // A pair that missed a block is not compared any more until that block is there.
                    if (n != k) continue;
                    double step = Difference(worse, better) - mean;
                    mean += step / (n + 1);
                    squares += step * (Difference(worse, better) - mean);
                    differences[i, j] = (n + 1, mean, squares);
                    if (n + 1 >= _options.FirstTest && mean > 0 && AnytimeTest.LogEvidence(n + 1, mean, squares) >= threshold)
                        fallen.Add((j, i));
                }
            foreach ((int loser, int winner) in fallen)
                if (by[loser] < 0) by[loser] = winner;
        }
        int[] alive = [.. Enumerable.Range(0, _candidates).Where(i => by[i] < 0)];
        int common = Enumerable.Range(0, _blocks).TakeWhile(k => alive.All(i => table[i, k] is not null)).Count();
        int leader = common == 0
            ? -1
            : alive.OrderBy(i => Enumerable.Range(0, common).Average(k => Math.Min(table[i, k]!.Value, Cap))).ThenBy(i => i).First();
        return new RaceStanding([.. alive], [.. by], leader);
    }

    /// <summary>
    /// The runs to do next, most wanted first: the alive candidates' missing runs of the earliest incomplete block. Empty when one
    /// candidate is left or no block is.
    /// </summary>
    /// <param name="results">Results so far.</param>
    /// <param name="pending">Runs that are under way or queued.</param>
    public IReadOnlyList<(int Candidate, int Block)> Next(IReadOnlyList<RaceResult> results,
        IReadOnlySet<(int Candidate, int Block)> pending)
    {
        RaceStanding standing = Standing(results);
        if (standing.IsDecided) return [];
        double?[,] table = Table(results);
        for (int b = 0; b < _blocks; b++)
        {
            (int, int)[] missing = [.. standing.Alive.Where(i => table[i, b] is null).Select(i => (i, b))];
            // One block at a time: the next would be wasted on whom this one eliminates.
            if (missing.Length > 0) return [.. missing.Where(m => !pending.Contains(m))];
        }
        return [];
    }

    /// <summary>What a failed run stands for in means: worse than anything.</summary>
    private const double Cap = 1e300;

    private static double Difference(double worse, double better) => (double.IsFinite(worse), double.IsFinite(better)) switch
    {
        (true, true) => worse - better,
        (false, false) => 0,
        // Its size is unknown; its sign is not.
        (false, true) => 1,
        _ => -1,
    };

    private double?[,] Table(IEnumerable<RaceResult> results)
    {
        var table = new double?[_candidates, _blocks];
        foreach (RaceResult r in results)
            if (r.Candidate >= 0 && r.Candidate < _candidates && r.Block >= 0 && r.Block < _blocks)
                table[r.Candidate, r.Block] = double.IsNaN(r.Loss) ? double.PositiveInfinity : r.Loss;
        return table;
    }
}
