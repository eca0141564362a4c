using System.Globalization;
using System.Text;
using AutoPeft.Pareto;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.LanguageModels;

/// <summary>What is said to the model: a pure function of the study, in the manner of LLAMBO (Liu et al., ICLR 2024) and LLMTune.</summary>
internal static class TuningPrompt
{
    /// <summary>Asks for configurations.</summary>
    /// <param name="study">What is known.</param>
    /// <param name="count">How many.</param>
    /// <param name="options">Options.</param>
    public static string ForConfigurations(IStudyView study, int count, LanguageModelOptions options)
    {
        var text = new StringBuilder();
        Describe(text, study.Definition, options);
        History(text, study, options.History);
        if (study.Definition.Objectives.Length == 1 && study.Completed.Count > 1)
        {
            Objective o = study.Definition.Objectives[0];
            double best = study.Completed.Min(t => t.Losses[0]), worst = study.Completed.Max(t => t.Losses[0]);
            text.AppendLine(CultureInfo.InvariantCulture,
                $"Aim for {o.Name} of about {Number(o.FromLoss(best - options.Reach * (worst - best)))}.");
        }
        text.AppendLine(CultureInfo.InvariantCulture,
            $"Propose {count} configurations that are likely to improve on these, different from each other and from those above.");
        text.Append("""Answer with one JSON object and nothing else: {"configurations":[{"name":value,...},...]}. Give every active """
            + """parameter and no other.""");
        return text.ToString();
    }

    /// <summary>Asks what candidates will score.</summary>
    public static string ForPredictions(IStudyView study, IReadOnlyList<Configuration> candidates, LanguageModelOptions options)
    {
        var text = new StringBuilder();
        Describe(text, study.Definition, options);
        History(text, study, options.History);
        text.AppendLine("Predict the values of these candidates:");
        for (int i = 0; i < candidates.Count; i++) text.AppendLine(CultureInfo.InvariantCulture, $"{i}: {SpaceJson.ToText(candidates[i])}");
        text.Append("""Answer with one JSON object and nothing else: {"predictions":[[""")
            .AppendJoin(',', study.Definition.Objectives.Select(o => o.Name))
            .Append("],...]}, one list of numbers for each candidate, in their order.");
        return text.ToString();
    }

    private static void Describe(StringBuilder text, StudyDefinition definition, LanguageModelOptions options)
    {
        text.AppendLine("You tune the configuration of an experiment.");
        if (options.Task is { } task) text.AppendLine(task);
        text.AppendLine("Objectives: "
            + string.Join("; ",
                definition.Objectives.Select(o => $"{(o.Direction == Direction.Minimize ? "minimize" : "maximize")} "
                    + $"{o.Name}{(o.Log ? " (on a logarithmic scale)" : "")}")) + ".");
        foreach (OutcomeConstraint o in definition.Outcomes)
            text.AppendLine(CultureInfo.InvariantCulture,
                $"A result counts only if {o.Name} is "
                    + $"{(o.Min is { } min
                        ? $"at least {Number(min)}"
                        : "")}{(o.Min is not null && o.Max is not null
                            ? " and "
                            : "")}{(o.Max is { } max ? $"at most {Number(max)}" : "")}.");
        text.AppendLine("Parameters:");
        foreach (Parameter p in definition.Space.Parameters)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {p.Name}: {p.Domain}{(p.IsLog ? ", on a logarithmic scale" : "")}");
            if (p.When is { } when)
                text.Append(CultureInfo.InvariantCulture,
                    $"; only where {when.Parent} is {string.Join(" or ", when.Values.Select(ValueText.Plain))}");
            text.AppendLine();
        }
        foreach (Constraint c in definition.Space.Constraints) text.AppendLine(CultureInfo.InvariantCulture, $"Required: {c.Text}");
    }

    private static void History(StringBuilder text, IStudyView study, int most)
    {
        if (study.Trials.Count == 0) return;
        Trial[] done = [.. study.Completed.Where(t => t.IsFeasible)];
        if (done.Length > most)
        {
            int[] ranks = Dominance.Ranks([.. done.Select(t => t.Losses.ToArray())]);
            var best =
                Enumerable.Range(0, done.Length).OrderBy(i => ranks[i]).ThenBy(i => done[i].Losses[0]).Take(most - most / 3).ToHashSet();
            done = [.. done.Where((_, i) => best.Contains(i) || i >= done.Length - most / 3)];
        }
        if (done.Length > 0) text.AppendLine("Results so far:");
        foreach (Trial t in done)
        {
            string values = string.Join(", ", study.Definition.Objectives.Select((o, j) => $"{o.Name} {Number(t.Values[j])}"));
            text.AppendLine(CultureInfo.InvariantCulture, $"{SpaceJson.ToText(t.Configuration)} -> {values}");
        }
        Trial[] failed = [.. study.Trials.Where(t => t.State == TrialState.Failed).TakeLast(8)];
        if (failed.Length > 0) text.AppendLine("These failed:");
        foreach (Trial t in failed) text.AppendLine(SpaceJson.ToText(t.Configuration));
        Trial[] pending = [.. study.Trials.Where(t => t.IsPending).TakeLast(16)];
        if (pending.Length > 0) text.AppendLine("These are running:");
        foreach (Trial t in pending) text.AppendLine(SpaceJson.ToText(t.Configuration));
    }

    private static string Number(double v) => v.ToString("G6", CultureInfo.InvariantCulture);
}
