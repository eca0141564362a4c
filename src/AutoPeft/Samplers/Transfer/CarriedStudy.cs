using AutoPeft.Studies;

namespace AutoPeft.Samplers.Transfer;

/// <summary>Carries an earlier study's trials over to a new study's space.</summary>
internal static class CarriedStudy
{
    /// <summary>
    /// Most trials that are carried over: as many as hyperparameters are fitted to. They stand in the new study's definition.
    /// </summary>
    public const int MostTrials = 200;

    /// <summary>
    /// Maps an earlier study; where it has more than <see cref="MostTrials"/>, the better half of those kept are its best, and the others
    /// are spread over the rest.
    /// </summary>
    /// <param name="earlier">The earlier study.</param>
    /// <param name="target">The new one's definition.</param>
    /// <param name="mapping">What maps and what does not.</param>
    /// <exception cref="InvalidInputException">No parameter maps, or no trial does.</exception>
    public static EarlierStudy Of(IStudyView earlier, StudyDefinition target, out StudyMapping mapping)
    {
        var map = new StudyMapping(earlier.Definition, target);
        Trial[] ranked = ScoredTrials.BestFirst(earlier);
        var trials = new List<EarlierTrial>();
        foreach (Trial t in ranked)
            if (map.Map(t.Configuration) is { } c)
                trials.Add(new EarlierTrial(c,
                    [.. map.Objectives.Select((k, j) => k < 0 ? double.NaN : Finite(target.Objectives[j], t.Values[k]))]));
        mapping = map;
        if (trials.Count == 0) throw new InvalidInputException($"No completed trial of '{earlier.Definition.Name}' fits the new space.");
        if (trials.Count > MostTrials)
        {
            int half = MostTrials / 2, rest = trials.Count - half;
            trials = [.. trials.Take(half), .. Enumerable.Range(0, half).Select(k => trials[half + (int)((long)k * rest / half)])];
        }
        return new EarlierStudy(earlier.Definition.Name, [.. trials]);
    }

    private static double Finite(Objective objective, double value) =>
        objective.ToLoss(value) is var loss && double.IsFinite(loss) ? loss : double.NaN;
}
