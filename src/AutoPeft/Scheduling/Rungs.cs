using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// The steps at which successive halving compares: min, min·η, min·η², … below the step at which a trial ends by itself.
/// </summary>
/// <param name="Min">The first rung.</param>
/// <param name="Eta">Of every <paramref name="Eta"/> trials one goes on.</param>
/// <param name="Max">The step at which trials end by themselves; null where that is not known, and rungs go on for ever.</param>
internal readonly record struct Rungs(long Min, int Eta, long? Max)
{
    /// <summary>
    /// The rungs of a study: where nobody said at which step trials end, it is the furthest that a completed one reported.
    /// </summary>
    public static Rungs For(IStudyView study, AshaOptions options) =>
        new(options.Min, options.Eta, options.Max ?? study.Completed.Max(t => t.Reports.Count > 0 ? t.Reports[^1].Step : (long?)null));

    /// <summary>The highest rung in (<paramref name="after"/>, <paramref name="upTo"/>], or null: a report may skip rungs.</summary>
    public long? Crossed(long after, long upTo)
    {
        long? crossed = null;
        for (long rung = Min; rung <= upTo && rung < (Max ?? long.MaxValue); rung = Next(rung))
            if (rung > after) crossed = rung;
        return crossed;
    }

    /// <summary>All rungs up to <paramref name="step"/>, ascending.</summary>
    public IReadOnlyList<long> UpTo(long step)
    {
        var rungs = new List<long>();
        for (long rung = Min; rung <= step && rung < (Max ?? long.MaxValue); rung = Next(rung)) rungs.Add(rung);
        return rungs;
    }

    /// <summary>
    /// The rung that the trial's last report crossed, or null: it reported at none, or had gone past it before it was paused there.
    /// </summary>
    public long? CrossedBy(Trial trial)
    {
        IReadOnlyList<Report> reports = trial.Reports;
        if (reports.Count == 0) return null;
        long before = Math.Max(reports.Count > 1 ? reports[^2].Step : 0, trial.PausedAt ?? 0);
        return Crossed(before, reports[^1].Step);
    }

    private long Next(long rung) => rung > long.MaxValue / Eta ? long.MaxValue : rung * Eta;
}
