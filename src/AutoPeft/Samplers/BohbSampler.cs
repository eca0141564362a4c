using AutoPeft.Randomness;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>Options of <see cref="BohbSampler"/>; the defaults are the paper's.</summary>
internal sealed record BohbOptions
{
    /// <summary>
    /// Share of proposals that are random, whatever the model says: it keeps the convergence that Hyperband guarantees. Default 1/3.
    /// </summary>
    public double RandomShare { get; init; } = 1.0 / 3;

    /// <summary>
    /// Results that a fidelity needs to be modelled; null (the default) for the number of parameters (at most 12) and 3 more.
    /// </summary>
    public int? LeastResults { get; init; }

    /// <summary>Share of results that count as good. Default 0.15.</summary>
    public double GoodShare { get; init; } = 0.15;

    /// <summary>Candidates drawn from the good density. Default 64.</summary>
    public int Candidates { get; init; } = 64;
}

/// <summary>
/// BOHB (Falkner, Klein and Hutter, ICML 2018): tree-structured Parzen estimators on the results of the highest fidelity that has enough of
/// them, for use with <c>hyperband</c> or <c>asha</c>. Paused and pruned trials count at the rungs they have been at; those that crashed or
/// diverged count as bad. Several objectives as in <see cref="TpeSampler"/>.
/// <example><code>autopeft sweep autopeft --task polarity --trials 120 --sampler bohb --scheduler hyperband:min=1,max=8</code></example>
/// </summary>
internal sealed class BohbSampler : ISampler
{
    private readonly BohbOptions _options;
    private readonly TpeSampler _tpe;

    /// <summary>With these options, or the defaults.</summary>
    public BohbSampler(BohbOptions? options = null)
    {
        _options = options ?? new();
        _tpe = new TpeSampler(new TpeOptions { StartupTrials = 2, GoodShare = _options.GoodShare, Candidates = _options.Candidates });
    }

    /// <inheritdoc/>
    public string Name => "bohb";

    /// <inheritdoc/>
    public bool ReadsReports => true;

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        // d + 3 would keep wide spaces waiting for ever.
        int least = _options.LeastResults ?? Math.Min(space.Count, 12) + 3;
        (RungView View, string Where)? model = Model(study, least);
        var design = new QuasiRandomDesign(space, study.Definition.Seed);
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Configuration? c = null;
            string note = "";
            if (model is { } m && random.NextDouble() >= _options.RandomShare)
            {
                note = $"TPE {m.Where}";
                for (int tries = 0; tries < 8 && (c is null || seen.Contains(c)); tries++)
                    c = _tpe.Propose(m.View, 1, random, cancellationToken)[0].Configuration;
                if (seen.Contains(c!)) c = null;
            }
            if (c is null)
            {
                int index = study.Trials.Count + i;
                c = model is null ? design.Next(ref index, seen, random) : UnseenSampling.Draw(space, seen, random);
                note = model is null ? "Sobol (start-up)" : "random";
            }
            seen.Add(c);
            proposals[i] = new Proposal(c, null, note);
        }
        return proposals;
    }

    private static (RungView, string)? Model(IStudyView study, int least)
    {
        foreach (long step in RungResults.Steps(study))
        {
            (List<(Trial, double[])> results, List<Trial> bad) = RungResults.At(study, step);
            if (results.Count >= least)
                return (new RungView(study, results, bad), step == long.MaxValue ? "at the end" : $"at step {step}");
        }
        return null;
    }
}
