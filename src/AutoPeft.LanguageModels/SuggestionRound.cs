using AutoPeft.Pareto;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.LanguageModels;

/// <summary>The questions of one ask: configurations, and where there is a history the values that the model foretells for them.</summary>
/// <param name="study">What is known.</param>
/// <param name="options">How is asked.</param>
/// <param name="dropped">What was dropped before.</param>
/// <param name="call">Answers a prompt.</param>
internal sealed class SuggestionRound(IStudyView study, LanguageModelOptions options, DropCounts dropped, Func<string, RecordedAnswer> call)
{
    /// <summary>The answers so far, in order.</summary>
    public List<RecordedAnswer> Answers { get; } = [];

    /// <summary>What was dropped before and in this round.</summary>
    public DropCounts Dropped { get; private set; } = dropped;

    /// <summary>At most so many feasible, new configurations, the most promising first.</summary>
    public List<Configuration> Suggest(int wanted)
    {
        HashSet<Configuration> taken = [.. study.Trials.Select(t => t.Configuration)];
        bool zeroShot = study.Trials.Count < options.ZeroShotTrials || study.Completed.Count == 0;
        string? answer = Ask(TuningPrompt.ForConfigurations(study, zeroShot ? wanted : Math.Max(options.Candidates, wanted), options));
        List<Configuration> found = AnswerReader.Configurations(answer, study.Definition.Space, taken, out DropCounts d);
        Dropped += d;
        return zeroShot || !options.SurrogateHints || found.Count <= wanted
            ? [.. found.Take(wanted)]
            : [.. Ranked(found).Take(wanted)];
    }

    private IEnumerable<Configuration> Ranked(List<Configuration> found)
    {
        string? answer = Ask(TuningPrompt.ForPredictions(study, found, options));
        if (answer is null) return found;
        double[][]? losses = AnswerReader.Predictions(answer, study.Definition.Objectives, found.Count);
        if (losses is null)
        {
            Dropped = Dropped with { Malformed = Dropped.Malformed + 1 };
            return found;
        }
        double[] gain = Gains(losses);
        return found.Select((c, i) => (c, i)).OrderByDescending(p => gain[p.i]).ThenBy(p => p.i).Select(p => p.c);
    }

    private string? Ask(string prompt)
    {
        RecordedAnswer answer = call(prompt);
        Answers.Add(answer);
        if (answer.Error is not null) Dropped = Dropped with { Failed = Dropped.Failed + 1 };
        if (answer.Length is not null) Dropped = Dropped with { TooLong = Dropped.TooLong + 1 };
        return answer.Text;
    }

    /// <summary>
    /// One loss: how small it is predicted. Several: the predicted gain of hypervolume, and behind all gains how little it is dominated.
    /// </summary>
    private double[] Gains(double[][] predicted)
    {
        if (predicted[0].Length == 1) return [.. predicted.Select(p => -p[0])];
        double[][] known = [.. study.Completed.Where(t => t.IsFeasible).Select(t => t.Losses.ToArray())];
        double[] reference = study.Definition.ReferenceLosses ?? ReferencePoint.Infer([.. known, .. predicted]);
        double now = Hypervolume.Compute(known, reference);
        return [.. predicted.Select(
            p => Hypervolume.Compute([.. known, p], reference) - now is > 0 and var g ? g : -known.Count(k => Dominance.Dominates(k, p)))];
    }
}
