using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// Hyperband (Li et al., JMLR 2018) with asynchronous brackets: bracket s is successive halving whose first rung is min·η^s, so that
/// trials which start slowly have a place where they are not judged too early. Trials are dealt to brackets by their numbers, in
/// Hyperband's proportions (most to the bracket that halves most), so which is where depends on nothing else.
/// <example><code>autopeft sweep autopeft --task polarity --trials 120 --scheduler hyperband:min=1,eta=4,max=16</code></example>
/// </summary>
public sealed class HyperbandScheduler : IScheduler
{
    private readonly AshaScheduler[] _brackets;
    private readonly int[] _deal;

    /// <param name="options">As for each bracket; <see cref="AshaOptions.Max"/> has to be there, since brackets end with it.</param>
    /// <exception cref="InvalidInputException">There is no max, or none above min.</exception>
    public HyperbandScheduler(AshaOptions options)
    {
        if (options.Max is not { } max || max <= options.Min)
            throw new InvalidInputException($"Hyperband needs max, the step at which trials end by themselves, above min ({options.Min}): "
                + $"its brackets lie between them.");
        var brackets = new List<AshaScheduler>();
        for (long first = options.Min; first < max; first = first > long.MaxValue / options.Eta ? max : first * options.Eta)
            brackets.Add(new AshaScheduler(options with { Min = first }));
        // The last bracket runs trials to their end; it has no rung below max.
        brackets.Add(new AshaScheduler(options with { Min = max }));
        _brackets = [.. brackets];
        _deal = Deal(_brackets.Length, options.Eta);
    }

    /// <inheritdoc/>
    public string Name => "hyperband";

    /// <summary>Number of brackets that the scheduler deals trials to.</summary>
    public int Brackets => _brackets.Length;

    /// <summary>The bracket of a trial: 0 halves most.</summary>
    public int BracketOf(int trial) => _deal[trial % _deal.Length];

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _brackets[0].Reads(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial) =>
        _brackets[BracketOf(trial.Number)].Decide(study, trial, Members(study, BracketOf(trial.Number)));

    /// <inheritdoc/>
    public int? Promote(IStudyView study)
    {
        for (int s = 0; s < _brackets.Length; s++)
            if (_brackets[s].Promote(study, Members(study, s)) is { } number) return number;
        return null;
    }

    private Trial[] Members(IStudyView study, int bracket) => [.. study.Trials.Where(t => BracketOf(t.Number) == bracket)];

    /// <summary>
    /// One round of trials as brackets, each bracket's evenly spread: of k brackets, number s from the end has ⌈k·η^s / (s + 1)⌉
    /// trials (Li et al. 2018, algorithm 1).
    /// </summary>
    private static int[] Deal(int brackets, int eta)
    {
        var places = new List<(double At, int Bracket)>();
        for (int b = 0; b < brackets; b++)
        {
            int s = brackets - 1 - b;
            // Beyond some hundreds a longer round says nothing more about the proportions.
            int count = (int)Math.Min(Math.Ceiling(brackets * Math.Pow(eta, s) / (s + 1)), 1_000);
            for (int k = 0; k < count; k++) places.Add(((k + 0.5) / count, b));
        }
        return [.. places.OrderBy(p => p.At).ThenBy(p => p.Bracket).Select(p => p.Bracket)];
    }
}
