using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>What a study is: fixed when it is created, first record of its log.</summary>
public sealed record StudyDefinition
{
    /// <exception cref="InvalidInputException">
    /// No objective, one without a name, with a reference that is no finite number or with a malformed formula, an outcome constraint that
    /// allows everything or nothing, or two objectives, outcomes or parameters of the same name.
    /// </exception>
    public StudyDefinition(SearchSpace space, IEnumerable<Objective> objectives, IEnumerable<OutcomeConstraint>? outcomes = null)
    {
        Space = space;
        Objectives = [.. objectives];
        Outcomes = outcomes is null ? [] : [.. outcomes];
        if (Objectives.IsEmpty) throw new InvalidInputException("The study has no objective; name at least one.");
        if (Objectives.Any(o => string.IsNullOrWhiteSpace(o.Name)) || Outcomes.Any(o => string.IsNullOrWhiteSpace(o.Name)))
            throw new InvalidInputException("An objective or outcome has no name; give it one.");
        if (Objectives.FirstOrDefault(o => o.Reference is { } r && !double.IsFinite(r)) is { } odd)
            throw new InvalidInputException($"Objective '{odd.Name}': its reference must be a finite number.");
        if (Objectives.FirstOrDefault(o => o is { Log: true, Reference: <= 0 }) is { } low)
            throw new InvalidInputException($"Objective '{low.Name}': a reference on a logarithmic scale must be above 0.");
        Formulas = [.. Objectives.Select(o => o.Formula is { } text ? FormulaOf(o.Name, text, space) : null)];
        if (Outcomes.FirstOrDefault(o => !(o.Min is not null || o.Max is not null)
            || !((o.Min ?? double.NegativeInfinity) <= (o.Max ?? double.PositiveInfinity))) is { } bound)
            throw new InvalidInputException($"Outcome '{bound.Name}': it needs a max, or a min, or a min below its max.");
        string? twice = space.Parameters.Select(p => p.Name).Concat(Objectives.Select(o => o.Name)).Concat(Outcomes.Select(o => o.Name))
            .GroupBy(n => n).FirstOrDefault(g => g.Count() > 1)?.Key;
        if (twice is not null)
            throw new InvalidInputException(
                $"The name '{twice}' stands twice among parameters, objectives and outcomes; each is a column of the tables.");
    }

    /// <summary>Search space that the study's configurations come from.</summary>
    public SearchSpace Space { get; }

    /// <summary>The objectives to optimise, at least one, in the order in which results list their values.</summary>
    public ImmutableArray<Objective> Objectives { get; }

    /// <summary>By objective its formula, null where only a trial tells the value.</summary>
    internal ImmutableArray<Formula?> Formulas { get; }

    /// <summary>Outcome constraints that a trial's measurements must keep to be feasible.</summary>
    public ImmutableArray<OutcomeConstraint> Outcomes { get; }

    /// <summary>Name of the study for reports and tables. Default "study".</summary>
    public string Name { get; init; } = "study";

    /// <summary>The sampler's name, "auto" by default.</summary>
    public string Sampler { get; init; } = "auto";

    /// <summary>All randomness of the study hangs on this.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Trials to run in all, as last changed (<see cref="BudgetChanged"/>); null if it is not known, as in an open ask-tell session.
    /// </summary>
    /// <exception cref="InvalidInputException">Below 1.</exception>
    public int? Budget
    {
        get;
        init => field = value is < 1 ? throw new InvalidInputException($"The budget must be at least 1 trial, not {value}.") : value;
    }

    /// <summary>The scheduler and its options as people type them, "none" by default: every trial runs to its end.</summary>
    public string Scheduler { get; init; } = "none";

    /// <summary>
    /// Null (the default): a proposal rests on every result that is in when it is asked for. A number k: the proposal of trial n rests on
    /// the results of trials 0 to n − k and no other, the k − 1 after them counting as pending, finished or not; so the proposals
    /// depend on seed and k alone, not on which of k workers is quicker. Trial n is not asked for before trial n − k has ended.
    /// </summary>
    /// <exception cref="InvalidInputException">Below 1.</exception>
    public int? Lockstep
    {
        get;
        init => field = value is < 1 ? throw new InvalidInputException($"Lockstep must be at least 1, not {value}.") : value;
    }

    /// <summary>
    /// What the trials run (task, model, options), for the program that made the study to run them again after a restart: a JSON object
    /// of that program's own, kept and compared by value. Null (the default) where the program brings its objective itself.
    /// </summary>
    public JsonElement? Problem { get; init => field = value?.Clone(); }

    /// <summary>Earlier studies that this one starts from, mapped onto its space; empty where there are none.</summary>
    internal ImmutableArray<EarlierStudy> Earlier { get; init; } = [];

    /// <summary>The hypervolume's reference point in losses (smaller is better), where every objective states its own; else null.</summary>
    public double[]? ReferenceLosses =>
        Objectives.All(o => o.Reference is not null) ? [.. Objectives.Select(o => o.ToLoss(o.Reference!.Value))] : null;

    /// <summary>The same study, its space replaced by an equal one that can evaluate its C# predicates.</summary>
    /// <exception cref="InvalidInputException"><paramref name="declared"/> is another space.</exception>
    public StudyDefinition WithSpace(SearchSpace declared) => Of(Space.WithPredicatesOf(declared), Objectives);

    /// <summary>
    /// Whether going on with a study of <paramref name="other"/>'s definition means the same as going on with this one: all but the name,
    /// and formulas that one of them has and the other lacks.
    /// </summary>
    public bool IsSameStudyAs(StudyDefinition other) => WithFormulasOf(other).Equals(other.WithFormulasOf(this) with { Name = Name });

    /// <summary>
    /// What makes going on with a study of <paramref name="other"/>'s definition another study than this one, each in a few words with both
    /// values ("seed 1 instead of 0"); empty where <see cref="IsSameStudyAs"/>.
    /// </summary>
    /// <param name="other">The definition that was asked for; its values stand first.</param>
    public IReadOnlyList<string> DifferencesFrom(StudyDefinition other)
    {
        var all = new List<string>();
        if (!Space.Equals(other.Space)) all.Add(SpaceDifference(other.Space));
        if (!WithFormulasOf(other).Objectives.SequenceEqual(other.WithFormulasOf(this).Objectives)) Differ("objectives",
            Text(other.Objectives), Text(Objectives));
        if (!Outcomes.SequenceEqual(other.Outcomes)) Differ("outcome constraints", string.Join(", ", other.Outcomes),
            string.Join(", ", Outcomes));
        Differ("sampler", other.Sampler, Sampler);
        Differ("seed", other.Seed, Seed);
        Differ("budget", other.Budget?.ToString(CultureInfo.InvariantCulture) ?? "open", Budget?.ToString(CultureInfo.InvariantCulture)
            ?? "open");
        Differ("scheduler", other.Scheduler, Scheduler);
        Differ("lockstep", other.Lockstep?.ToString(CultureInfo.InvariantCulture) ?? "none",
            Lockstep?.ToString(CultureInfo.InvariantCulture) ?? "none");
        if (!Earlier.SequenceEqual(other.Earlier)) Differ("earlier studies", Names(other.Earlier), Names(Earlier));
        Dictionary<string, JsonElement> own = ProblemLeaves.Of(Problem), asked = ProblemLeaves.Of(other.Problem);
        foreach (string path in own.Keys.Union(asked.Keys).Order(StringComparer.Ordinal))
            if (!(own.TryGetValue(path, out JsonElement o) && asked.TryGetValue(path, out JsonElement a) && JsonElement.DeepEquals(o, a)))
                SayLeaves(path);
        return all;

        void Differ<T>(string what, T theirs, T ours)
        {
            if (!EqualityComparer<T>.Default.Equals(theirs, ours)) Say(what, theirs, ours);
        }

        void Say<T>(string what, T theirs, T ours) => all.Add($"{what} {Short(theirs)} instead of {Short(ours)}");

        // The number 1 and the text "1" differ in their JSON alone.
        void SayLeaves(string path)
        {
            if (Leaf(asked, path, ProblemLeaves.Text) is var theirs && Leaf(own, path, ProblemLeaves.Text) is var ours && theirs != ours)
                Say(path, theirs, ours);
            else Say(path, Leaf(asked, path, e => e.GetRawText()), Leaf(own, path, e => e.GetRawText()));
        }

        static string Leaf(Dictionary<string, JsonElement> leaves, string path, Func<JsonElement, string> text) =>
            leaves.TryGetValue(path, out JsonElement leaf) ? text(leaf) : "none";

        static string Short<T>(T value) => $"{value}" is { Length: > 60 } text ? text[..60] + "…" : $"{value}";

        static string Text(IEnumerable<Objective> objectives) =>
            string.Join(", ", objectives.Select(o =>
                $"{(o.Direction == Direction.Minimize ? "minimize" : "maximize")} {o.Name}{(o.Log ? " (log)" : "")}{Reference(o)}"));

        static string Names(ImmutableArray<EarlierStudy> earlier) =>
            earlier.IsEmpty ? "none" : string.Join(", ", earlier.Select(e => $"{e.Name} ({e.Trials.Length} trials)"));

        static string Reference(Objective o) =>
            o.Reference is { } r ? string.Create(CultureInfo.InvariantCulture, $" (reference {r})") : "";
    }

    private string SpaceDifference(SearchSpace other)
    {
        string[] more = [.. other.Parameters.Select(p => p.Name).Except(Space.Parameters.Select(p => p.Name))],
            fewer = [.. Space.Parameters.Select(p => p.Name).Except(other.Parameters.Select(p => p.Name))];
        string[] changed =
            [.. Space.Parameters.Where(p => other.Parameters.FirstOrDefault(q => q.Name == p.Name) is { } q && !q.Equals(p)).Select(p =>
            p.Name)];
        (string What, string[] Names)[] all = [("more", more), ("fewer", fewer), ("changed", changed)];
        string[] parts = [.. all.Where(a => a.Names.Length > 0).Select(a => $"{a.What}: {string.Join(", ", a.Names)}")];
        return parts.Length == 0 ? "the space's constraints or order" : $"the space ({string.Join("; ", parts)})";
    }

    /// <summary>This study with the other's formulas where it has none itself.</summary>
    private StudyDefinition WithFormulasOf(StudyDefinition other) =>
        Objectives.Length != other.Objectives.Length || !Space.Equals(other.Space) ? this
        : Of(Space, Objectives.Zip(other.Objectives, (o, p) => o with { Formula = o.Formula ?? p.Formula }));

    private StudyDefinition Of(SearchSpace space, IEnumerable<Objective> objectives) =>
        new(space, objectives, Outcomes)
        {
            Name = Name,
            Sampler = Sampler,
            Seed = Seed,
            Budget = Budget,
            Scheduler = Scheduler,
            Lockstep = Lockstep,
            Problem = Problem,
            Earlier = Earlier,
        };

    private static Formula FormulaOf(string objective, string text, SearchSpace space)
    {
        try
        {
            return Formula.Parse(text, space);
        }
        catch (InvalidInputException e)
        {
            throw new InvalidInputException($"Objective '{objective}': {e.Message}");
        }
    }

    /// <summary>By value: the same space, objectives, outcomes, options, earlier studies and problem.</summary>
    public bool Equals(StudyDefinition? other) =>
        ReferenceEquals(this, other)
            || other is not null && Space.Equals(other.Space) && Objectives.SequenceEqual(other.Objectives)
                && Outcomes.SequenceEqual(other.Outcomes)
            && (Name, Sampler, Seed, Budget, Scheduler,
                Lockstep) == (other.Name, other.Sampler, other.Seed, other.Budget, other.Scheduler, other.Lockstep)
                && Earlier.SequenceEqual(other.Earlier)
                && (Problem is { } p ? other.Problem is { } q && JsonElement.DeepEquals(p, q) : other.Problem is null);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Sampler, Seed, Budget, Objectives.Length);
}
