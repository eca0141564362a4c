using System.Text;
using System.Text.Json;
using AutoPeft.Pareto;
using AutoPeft.Parquet.Tables;
using AutoPeft.Studies;

namespace AutoPeft.Parquet;

/// <summary>
/// A study as three tables: <c>trials</c> (a row per trial), <c>pareto</c> (the front, same columns) and <c>curves</c> (a row per reported
/// measurement).
/// <para>
/// <c>trials</c> has: number, state; a column per parameter, objective, outcome constraint and metric; on_front; feasible (where there are
/// outcome constraints); source, parent and parent_step (where trials go on from each other's checkpoints), device, worker, attempt,
/// seconds, proposed, started, finished, error, note. Times are UTC. What a trial does not have (an inactive parameter, the values of a
/// trial that has not completed) is null. Objectives, outcomes and metrics are doubles, but counts are 64-bit integers: what is a whole
/// number in every trial of the study, and <see cref="LeastCount"/> or more in one. <c>curves</c> has trial, step, metric, value and
/// seconds, from the start of the trial's last attempt to the report; null for reports of an earlier attempt.
/// </para>
/// <para>
/// Parameters, objectives and outcomes keep the names that a person gave them, unless two names differ only in case, which DuckDB and Spark
/// cannot tell apart: then the later one is called <c>parameter_…</c>, <c>objective_…</c> or <c>outcome_…</c>, and
/// <see cref="Renamed"/> says so. A column of ours whose name a person's has taken is called <c>trial_…</c>, a metric <c>metric_…</c>.
/// </para>
/// <para>
/// Each file's metadata has the study's definition as JSON under <see cref="DefinitionKey"/>, the number of folded records under
/// <see cref="SequenceKey"/>, and, where there are any, the columns of <see cref="Renamed"/> as a JSON object under
/// <see cref="RenamedKey"/>.
/// </para>
/// <code>
/// StudyTables.Write("runs/demo", session.Study);
/// // pandas: pd.read_parquet("runs/demo/pareto.parquet")
/// </code>
/// </summary>
public static class StudyTables
{
    /// <summary>Name of the file that holds a row for each trial.</summary>
    public const string TrialsFile = "trials.parquet";

    /// <summary>Name of the file that holds the trials of the Pareto front.</summary>
    public const string ParetoFile = "pareto.parquet";

    /// <summary>Name of the file that holds the trials' intermediate reports.</summary>
    public const string CurvesFile = "curves.parquet";

    /// <summary>Metadata key of the study's definition: JSON, as the journal's first record and the ask-tell protocol have it.</summary>
    public const string DefinitionKey = "autopeft.study";

    /// <summary>Metadata key of the number of log records that the table shows.</summary>
    public const string SequenceKey = "autopeft.sequence";

    /// <summary>
    /// Metadata key of the columns that bear another name than the person gave: JSON, column to name; absent where there are none.
    /// </summary>
    public const string RenamedKey = "autopeft.renamed";

    /// <summary>
    /// Whole numbers are taken for counts (of parameters, of bytes) where one is this large: 1,000. Smaller ones may be a score of 0 or 1
    /// in the few trials that there are, and the type of a column must not change as more come.
    /// </summary>
    internal const double LeastCount = 1000;

    // Beyond it doubles do not have every whole number.
    private const double LargestCount = 1L << 53;

    /// <summary>
    /// Writes the tables of trials, front and reports as three Parquet files into <paramref name="directory"/>, which is made where
    /// absent. Each file is replaced at once: a reader never sees a part, also while the study runs. Read-only on the study, which
    /// nobody may append to meanwhile.
    /// </summary>
    /// <param name="directory">Where the files go.</param>
    /// <param name="study">Any study, running or finished; one without trials gives tables without rows.</param>
    /// <exception cref="TableFileException">The folder cannot be written to or the disk is full; files not yet replaced are as they
    /// were.</exception>
    public static void Write(string directory, IStudyView study)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TableFileException($"{directory}: the folder cannot be made ({e.Message.TrimEnd('.')}); choose another.", e);
        }
        ParquetFile.Write(Path.Combine(directory, CurvesFile), Curves(study));
        ParquetFile.Write(Path.Combine(directory, ParetoFile), Pareto(study));
        ParquetFile.Write(Path.Combine(directory, TrialsFile), Trials(study));
    }

    /// <summary>A row per trial, by number.</summary>
    public static Table Trials(IStudyView study) => TrialTable("trials", study, study.Trials);

    /// <summary>The front: as <see cref="ParetoFront.Of"/>, by ascending first loss.</summary>
    public static Table Pareto(IStudyView study) => TrialTable("pareto", study, ParetoFront.Of(study));

    /// <summary>
    /// Trial, step, metric, value, seconds: each trial's reports, by trial, step and metric; an attempt that starts over replaces those of
    /// earlier ones step by step.
    /// </summary>
    public static Table Curves(IStudyView study)
    {
        var points =
            (from trial in study.Trials
             from report in trial.Reports
             from metric in report.Metrics
             select (trial.Number, report.Step, Metric: Column.WellFormed(metric.Key), metric.Value,
                 Seconds: SecondsOf(trial, report))).ToArray();
        return new Table("curves",
        [
            Column.Int32("trial", points.Select(p => p.Number)),
            Column.Int64("step", points.Select(p => p.Step)),
            Column.String("metric", points.Select(p => p.Metric), nullable: false),
            Column.Double("value", points.Select(p => p.Value)),
            Column.Double("seconds", points.Select(p => p.Seconds)),
        ], Metadata(study));
    }

    /// <summary>
    /// The columns whose names are not those that a person gave, and the names given: two of a study's names differed only in case.
    /// </summary>
    public static IReadOnlyList<(string Name, string Column)> Renamed(StudyDefinition definition)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return [.. Given(definition).Select(g => (g.Name, Column: Free(taken, g.Name, g.Prefix))).Where(c => c.Name != c.Column)];
    }

    /// <summary>The names that a person gave, in the order of their columns, and what a name begins with that has to give way.</summary>
    private static IEnumerable<(string Name, string Prefix)> Given(StudyDefinition d) =>
    [
        .. d.Space.Parameters.Select(p => (Column.WellFormed(p.Name), "parameter_")),
        .. d.Objectives.Select(o => (Column.WellFormed(o.Name), "objective_")),
        .. d.Outcomes.Select(o => (Column.WellFormed(o.Name), "outcome_")),
    ];

    private static Table TrialTable(string name, IStudyView study, IReadOnlyList<Trial> rows)
    {
        StudyDefinition d = study.Definition;
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string[] given = [.. Given(d).Select(g => Free(names, g.Name, g.Prefix))];
        string Ours(string column) => Free(names, column, "trial_");
        bool lineage = study.Trials.Any(t => t.Parent is not null);

        // Named before the metrics, which are measured on the way and give way to what every study has.
        string number = Ours("number"), state = Ours("state"), onFront = Ours("on_front"),
            feasible = d.Outcomes.IsEmpty ? "" : Ours("feasible"), source = Ours("source"),
            parent = lineage ? Ours("parent") : "", parentStep = lineage ? Ours("parent_step") : "",
            device = Ours("device"), worker = Ours("worker"), attempt = Ours("attempt"), seconds = Ours("seconds"),
            proposed = Ours("proposed"), started = Ours("started"), finished = Ours("finished"), error = Ours("error"), note = Ours("note");

        var columns = new List<Column>
        {
            Column.Int32(number, rows.Select(t => t.Number)),
            Column.String(state, rows.Select(t => t.State.ToString().ToLowerInvariant()), nullable: false),
        };
        columns.AddRange(d.Space.Parameters.Select((p, i) => ParameterColumn.Of(given[i], p, i, rows)));
        int objectives = d.Space.Parameters.Length, outcomes = objectives + d.Objectives.Length;
        columns.AddRange(d.Objectives.Select((o, i) => Measured(given[objectives + i], study, rows, t => At(t.Values, i))));
        columns.AddRange(d.Outcomes.Select((o, i) => Measured(given[outcomes + i], study, rows, t => At(t.Outcomes, i))));
        foreach (string metric in study.Trials.SelectMany(t => t.Metrics.Keys).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal))
        {
            string free = Free(names, Column.WellFormed(metric), "metric_");
            columns.Add(Measured(free, study, rows, t => t.Metrics.TryGetValue(metric, out double v) ? v : null));
        }
        HashSet<int> front = [.. ParetoFront.Of(study).Select(t => t.Number)];
        columns.Add(Column.Bool(onFront, rows.Select(t => front.Contains(t.Number))));
        if (!d.Outcomes.IsEmpty)
        {
            columns.Add(Column.Bool(feasible, rows.Select(t => t.State == TrialState.Completed ? t.IsFeasible : (bool?)null)));
        }
        columns.Add(Column.String(source, rows.Select(t => Column.WellFormed(t.Proposed.Source)), nullable: false));
        if (lineage)
        {
            columns.Add(Column.Int32(parent, rows.Select(t => t.Parent?.Number)));
            columns.Add(Column.Int64(parentStep, rows.Select(t => t.Parent?.Step)));
        }
        columns.AddRange(
        [
            Column.String(device, rows.Select(t => t.Device is { } text ? Column.WellFormed(text) : null)),
            Column.String(worker, rows.Select(t => t.Worker is { } text ? Column.WellFormed(text) : null)),
            Column.Int32(attempt, rows.Select(t => t.Attempt)),
            Column.Double(seconds, rows.Select(t => t.Seconds)),
            Column.Timestamp(proposed, rows.Select(t => t.Proposed.Time)),
            Column.Timestamp(started, rows.Select(t => t.StartedAt)),
            Column.Timestamp(finished, rows.Select(t => t.FinishedAt)),
            Column.String(error, rows.Select(t => t.Error is { } text ? Column.WellFormed(text) : null)),
            Column.String(note, rows.Select(t => t.Note is { } text ? Column.WellFormed(text) : null)),
        ]);
        return new Table(name, columns, Metadata(study));
    }

    /// <summary>A column of what trials measured. Its type is decided by all trials of the study, so that its tables agree.</summary>
    private static Column Measured(string name, IStudyView study, IReadOnlyList<Trial> rows, Func<Trial, double?> value)
    {
        double[] all = [.. study.Trials.Select(value).OfType<double>()];
        bool counts = all.Any(v => Math.Abs(v) >= LeastCount) && all.All(v => Math.Abs(v) <= LargestCount && Math.Floor(v) == v);
        return counts ? Column.Int64(name, rows.Select(t => (long?)value(t))) : Column.Double(name, rows.Select(value));
    }

    /// <summary>
    /// Seconds from the start of the trial's last attempt to a report of that attempt, as its host measured them; where none did, the
    /// difference of the records' times. Null for reports of other attempts, and where no host measured and the clock was set back.
    /// </summary>
    private static double? SecondsOf(Trial trial, Report report)
    {
        if (report.Attempt != trial.Attempt) return null;
        return report.Seconds ?? ((report.Time - trial.StartedAt)?.TotalSeconds is >= 0 and var seconds ? seconds : null);
    }

    private static double? At(System.Collections.Immutable.ImmutableArray<double> values, int i) => i < values.Length ? values[i] : null;

    private static string Free(HashSet<string> taken, string name, string prefix)
    {
        string free = name.Length > 0 ? name : prefix;
        while (!taken.Add(free))
        {
            free = prefix + free;
        }
        return free;
    }

    private static Dictionary<string, string> Metadata(IStudyView study)
    {
        var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            DefinitionJson.Write(writer, study.Definition);
            writer.WriteEndObject();
        }
        var metadata = new Dictionary<string, string>
        {
            [DefinitionKey] = Encoding.UTF8.GetString(json.ToArray()),
            [SequenceKey] = study.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        if (Renamed(study.Definition) is { Count: > 0 } renamed)
        {
            metadata[RenamedKey] = JsonSerializer.Serialize(renamed.ToDictionary(r => r.Column, r => r.Name));
        }
        return metadata;
    }
}
