using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Population;

/// <summary>
/// Where a population stands, read from the study: who belongs to it, who was compared where, whose place is free. A place is free where a
/// member was retired or failed; its successor is a trial of its own that goes on from another's checkpoint. A pure function of the study.
/// </summary>
internal sealed class PopulationState
{
    /// <summary>How the first trial of a further population says so in <see cref="TrialProposed.State"/>.</summary>
    public const string Begins = "population";

    private readonly IStudyView _study;
    private readonly PopulationOptions _options;
    private readonly Trial[] _members;

    /// <summary>
    /// For each place that nobody has taken yet the comparison at which it was left, ascending; 0 where a member failed before the first.
    /// </summary>
    private readonly List<long> _left = [];

    private int _open;

    /// <summary>The latest population.</summary>
    public PopulationState(IStudyView study, PopulationOptions options) : this(study, options, FirstOf(study)) { }

    private PopulationState(IStudyView study, PopulationOptions options, int first)
    {
        (_study, _options, First) = (study, options, first);
        _members = [.. study.Trials.Skip(first)];
        int budget = study.Definition.Budget ?? int.MaxValue;
        Size = Math.Min(options.Population, budget - first);
        _open = Size - _members.Length;
        foreach (Trial t in _members)
            if (t.State is TrialState.Pruned or TrialState.Failed) _left.Add(RungOf(Position(t)));
        _left.Sort();
        _open += _left.Count;
        int founders = 0;
        foreach (Trial t in _members)
        {
            if (t.Parent is null && ++founders <= Size) continue;
            // A successor starts where its place was left, or before, where more were compared.
            int place = _left.FindIndex(rung => rung >= RungOf(t.Parent?.Step ?? 0));
            if (place >= 0) _left.RemoveAt(place);
        }
    }

    /// <summary>The number of its first trial; every later one belongs to it.</summary>
    public int First { get; }

    /// <summary>How many train at a time.</summary>
    public int Size { get; }

    /// <summary>Whether there is a free place and the budget has a trial for it.</summary>
    public bool HasOpening => _open > 0 && HasBudget;

    /// <summary>Whether everybody has trained to the end.</summary>
    public bool IsOver => _open <= 0 && Array.TrueForAll(_members, t => t.HasEnded);

    private bool HasBudget => _study.Trials.Count < (_study.Definition.Budget ?? int.MaxValue);

    /// <summary>The population after this one, or null where the budget does not take a whole one.</summary>
    public PopulationState? Following() =>
        (_study.Definition.Budget ?? int.MaxValue) - _study.Trials.Count < _options.Population
            ? null
            : new PopulationState(_study, _options, _study.Trials.Count);

    /// <summary>Takes a free place: the comparison from which its successor goes on, 0 for a trial that starts at the beginning.</summary>
    public long Fill()
    {
        _open--;
        if (_left.Count == 0) return 0;
        long rung = _left[0];
        _left.RemoveAt(0);
        return StartOf(rung) is > 0 and var enough ? enough : rung;
    }

    /// <summary>
    /// The comparison from which the successor of who leaves at <paramref name="rung"/> goes on: who is ahead of the others may leave where
    /// too few have been to tell who is good. 0 where nowhere before enough have been. More trials at a comparison never lower it.
    /// </summary>
    private long StartOf(long rung)
    {
        for (long enough = rung; enough > 0; enough -= _options.Interval)
            if (Leaving(Order(enough).Trials.Length) > 0) return enough;
        return 0;
    }

    /// <summary>
    /// The paused member whose turn it is: of those that have come least far the one of the lowest number. Null where none is, or in a
    /// synchronous population where the others are not there yet.
    /// </summary>
    public Trial? Next()
    {
        if (HasOpening) return null;
        Trial? next = null;
        foreach (Trial t in _members)
            if (t.State == TrialState.Paused && (next is null || RungOf(Position(t)) < RungOf(Position(next)))) next = t;
        return next is null || _options.Synchronous && !IsComplete(RungOf(Position(next))) ? null : next;
    }

    /// <summary>
    /// True if the budget allows a replacement and the member ranks in the bottom share at the last rung where enough members can be
    /// compared. A member ahead of all others is compared at the furthest rung they reached.
    /// </summary>
    public bool IsToLeave(Trial trial)
    {
        if (!HasBudget) return false;
        for (long rung = RungOf(Position(trial)); rung > RungOf(trial.Parent?.Step ?? 0); rung -= _options.Interval)
            if (Leaving(Order(rung).Trials.Length) > 0) return IsAmongWorst(trial, rung);
        return false;
    }

    /// <summary>Whether a trial is among those that leave at a comparison.</summary>
    public bool IsAmongWorst(Trial trial, long rung)
    {
        Trial[] order = Order(rung).Trials;
        return Array.IndexOf(order, trial) is >= 0 and var place && place >= order.Length - Leaving(order.Length);
    }

    /// <summary>Those out of whom a successor's parent is drawn: the best of a comparison that left a checkpoint there.</summary>
    public Trial[] Parents(long rung)
    {
        Ranking order = Order(rung);
        return [.. order.Trials.Take(order.Sound).Where(t => t.PausedAt >= rung).Take(Math.Max(Leaving(order.Trials.Length), 1))];
    }

    /// <summary>The step at which a trial left its device for a comparison: of its first report there or beyond.</summary>
    public static long StepAt(Trial trial, long rung) => trial.Reports.First(r => r.Step >= rung).Step;

    /// <summary>Losses at a comparison; null where the trial has not been there.</summary>
    public double[]? LossesAt(Trial trial, long rung) => _options.Measure.AtRung(_study.Definition, trial, rung);

    /// <summary>The comparison at or before a step.</summary>
    public long RungOf(long step) => step / _options.Interval * _options.Interval;

    /// <summary>The furthest checkpoint that a trial has: its own, or its parent's.</summary>
    public static long Position(Trial trial) => Math.Max(trial.PausedAt ?? 0, trial.Parent?.Step ?? 0);

    /// <summary>
    /// The first comparison from which somebody may still start: where the successor would start of each member that trains and of each
    /// place that is free.
    /// </summary>
    public long NeededFrom()
    {
        IEnumerable<long> rungs = _members.Where(t => !t.HasEnded).Select(t => RungOf(Position(t)));
        if (HasOpening) rungs = rungs.Concat(_left.DefaultIfEmpty(0));
        return rungs.Distinct().Select(StartOf).DefaultIfEmpty(long.MaxValue).Min();
    }

    private static int FirstOf(IStudyView study)
    {
        for (int i = study.Trials.Count - 1; i > 0; i--)
            if (study.Trials[i].Proposed.State is Begins) return i;
        return 0;
    }

    /// <summary>Members that have been at a comparison, best first. Who started there was not compared there.</summary>
    private Ranking Order(long rung) => Ranking.Of(_study.Definition, _options.Measure, _members
        .Where(t => RungOf(t.Parent?.Step ?? 0) < rung && (t.PausedAt >= rung || t.State == TrialState.Completed))
        .Select(t => (t, LossesAt(t, rung))));

    /// <summary>
    /// How many leave of so many that have been there: of a whole population at least one, of a part of it rather none; never more than can
    /// be replaced by better ones.
    /// </summary>
    private int Leaving(int there)
    {
        double share = there * _options.Quantile / 100;
        return Math.Min((int)(there < Size ? Math.Floor(share) : Math.Ceiling(share)), there / 2);
    }

    private bool IsComplete(long rung) => Array.TrueForAll(_members, t => t.HasEnded || Position(t) >= rung);
}
