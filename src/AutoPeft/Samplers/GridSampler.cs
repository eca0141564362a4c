using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Every combination of listed values, in an order that spreads early trials over the whole grid. For small finite spaces that should be
/// covered completely, and for plots. Continuous and long integer parameters are cut into <see cref="Resolution"/> levels; conditions and
/// constraints are kept. Ends when the grid is used up: fewer proposals than asked for come back, then none.
/// <example><code>autopeft sweep lora --task polarity --model base --sampler grid</code></example>
/// </summary>
public sealed class GridSampler : ISampler
{
    /// <summary>Most members that are listed; a larger grid is never used up.</summary>
    private const int ListUpTo = 20_000;

    /// <param name="resolution">Levels of a parameter with more values than that; 5 by default: ends, middle and quarters.</param>
    public GridSampler(int resolution = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resolution, 2);
        Resolution = resolution;
    }

    /// <summary>Levels of a parameter with more values.</summary>
    public int Resolution { get; }

    /// <inheritdoc/>
    public string Name => "grid";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        List<Configuration> grid = [.. Members(space).Take(ListUpTo)];
        if (grid.Count == 0)
            throw new InvalidInputException(
                "No point of the grid keeps the constraints; give the grid more levels, or use the random sampler.");
        // One fixed shuffle by the study's seed: a grid that is stopped early should not have covered one corner.
        new Philox(study.Definition.Seed, 0, StreamPurpose.Scramble)
            .Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(grid));
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        var proposals = new List<Proposal>(count);
        foreach (Configuration c in grid)
        {
            if (proposals.Count == count) break;
            if (!seen.Contains(c)) proposals.Add(new Proposal(c));
        }
        return proposals;
    }

    /// <summary>The grid's members that keep the constraints, lazily.</summary>
    private IEnumerable<Configuration> Members(SearchSpace space)
    {
        int[] order = space.ParentsFirst.ToArray();
        double[][] levels = [.. space.Parameters.Select(Levels)];
        var codes = new double[space.Count];
        var at = new int[order.Length];
        int depth = 0;
        while (depth >= 0)
        {
            int i = order[depth];
            bool active = space.IsActive(i, codes);
            if (at[depth] >= (active ? levels[i].Length : 1))
            {
                at[depth--] = 0;
                continue;
            }
            codes[i] = active ? levels[i][at[depth]] : double.NaN;
            at[depth]++;
            if (depth < order.Length - 1) { depth++; continue; }
            Configuration c = space.FromCodes(codes);
            if (space.IsFeasible(c)) yield return c;
        }
    }

    private double[] Levels(Parameter p)
    {
        // Names and switches cannot be thinned out; numbers can.
        if (p.Cardinality is { } n && (n <= Resolution || !p.IsOrdered || p is OrdinalParameter))
            return [.. Enumerable.Range(0, checked((int)Math.Min(n, 4096))).Select(k => p.CodeAt(k))];
        return [.. Enumerable.Range(0, Resolution).Select(k => p.FromUnit(k / (Resolution - 1.0))).Distinct()];
    }
}
