using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// Successive halving in cohorts (Jamieson and Talwalkar, AISTATS 2016): so many trials run to the first rung, the best 1/η of them to the
/// next, and so on. Decides on whole cohorts and so never on few results, but a cohort waits for its slowest trial (the next one runs
/// meanwhile). The last cohort may be smaller, where the budget says so.
/// <example><code>autopeft sweep autopeft --task polarity --trials 54 --scheduler halving:min=1,eta=3,max=8,cohort=27</code></example>
/// </summary>
internal sealed class SuccessiveHalvingScheduler : IScheduler
{
    private readonly AshaOptions _options;
    private readonly int _cohort;

    /// <param name="options">As for asynchronous halving; stopping has no meaning here.</param>
    /// <param name="cohort">Trials of a cohort; default η², so that two rungs have somebody to compare.</param>
    public SuccessiveHalvingScheduler(AshaOptions? options = null, int? cohort = null)
    {
        _options = options ?? new();
        _cohort = cohort ?? _options.Eta * _options.Eta;
        if (_cohort < _options.Eta)
            throw new InvalidInputException($"A cohort of {_cohort} is smaller than eta ({_options.Eta}): none of it would ever go on.");
    }

    /// <inheritdoc/>
    public string Name => "halving";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial) =>
        Rungs.For(study, _options).CrossedBy(trial) is { } rung && _options.Measure.AtRung(study.Definition, trial, rung) is not null
            ? Decision.Pause
            : Decision.Continue;

    /// <inheritdoc/>
    public int? Promote(IStudyView study)
    {
        Rungs ladder = Rungs.For(study, _options);
        foreach (IGrouping<int, Trial> paused in study.Trials.Where(t => t.State == TrialState.Paused).GroupBy(t => t.Number / _cohort))
        {
            int first = paused.Key * _cohort, size = Math.Min(_cohort, (study.Definition.Budget ?? int.MaxValue) - first);
            if (study.Trials.Count < first + size) continue;
            Trial[] cohort = [.. study.Trials.Skip(first).Take(size)];
            IReadOnlyList<long> rungs = ladder.UpTo(paused.Max(t => t.PausedAt ?? 0));
            // From below: what a rung still has to send up belongs to the comparison at the next.
            for (int level = 0; level < rungs.Count; level++)
            {
                Standing standing = Standing.AtRung(study.Definition, _options.Measure, cohort, rungs[level]);
                if (standing.Trials.Length < Survivors(size, level) && cohort.Any(t => t.IsPending)) break;
                foreach (Trial t in standing.Best(Survivors(size, level + 1)))
                    if (t.State == TrialState.Paused && ladder.Crossed(0, t.PausedAt ?? 0) == rungs[level]) return t.Number;
            }
        }
        return null;
    }

    /// <summary>How many of a cohort are at a level.</summary>
    private int Survivors(int size, int level)
    {
        for (int i = 0; i < level; i++) size = Math.Max(size / _options.Eta, 1);
        return size;
    }
}
