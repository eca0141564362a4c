using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Parquet.Tables;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Parquet.Tests;

public sealed class StudyTablesTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly SearchSpace Space = SpaceJson.Parse("""
        [
          {"name":"lr","type":"float","low":1e-5,"high":0.01,"log":true},
          {"name":"method","type":"categorical","choices":["lora","bitfit"]},
          {"name":"rank","type":"int","low":1,"high":64,"log":true,"when":{"method":["lora"]}},
          {"name":"batch","type":"categorical","choices":[16,32]},
          {"name":"warm","type":"categorical","choices":[true,false]},
          {"name":"decay","type":"categorical","choices":[0.0,0.1]},
          {"name":"width","type":"ordinal","values":[1,3,6]},
          {"name":"layers","type":"subset","items":["q","k","v"]},
          {"name":"residual","type":"bool"}
        ]
        """);

    private static readonly ImmutableSortedDictionary<string, double> NoMetrics = ImmutableSortedDictionary<string, double>.Empty;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Trial 0 and 1 completed (both on the front), 2 breaks its outcome constraint, 3 failed, 4 was pruned, 5 runs again after a lost
    /// worker, 6 waits.
    /// </summary>
    private static Study Sample()
    {
        var definition = new StudyDefinition(Space,
            [Objective.Maximize("accuracy"), Objective.Minimize("parameters")], [new OutcomeConstraint("latency_ms", Max: 20)])
        { Name = "demo", Seed = 7 };
        var log = new List<StudyEvent> { new StudyCreated(Start, definition) };
        for (int i = 0; i < 7; i++)
        {
            log.Add(new TrialProposed(Start.AddSeconds(i), i, Configuration(i), "random", i + 1, i, 1));
        }
        for (int i = 0; i < 6; i++)
        {
            log.Add(new TrialStarted(Start.AddSeconds(10 + i), i, $"worker {i % 2}", "cpu:0", 1));
        }
        log.Add(new TrialReported(Start.AddSeconds(20), 0, null, 1, NoMetrics.Add("loss", 0.7).Add("accuracy", 0.5)));
        log.Add(new TrialReported(Start.AddSeconds(21), 0, null, 2, NoMetrics.Add("loss", 0.4)));
        log.Add(new TrialReported(Start.AddSeconds(22), 5, null, 1, NoMetrics.Add("loss", 9)));
        log.Add(new TrialCompleted(Start.AddSeconds(25.5), 0, null, [0.8, 100], [12], NoMetrics.Add("accuracy", 0.79).Add("f1", 0.75)));
        log.Add(new TrialCompleted(Start.AddSeconds(30), 1, null, [0.9, 900], [19], NoMetrics));
        log.Add(new TrialCompleted(Start.AddSeconds(31), 2, null, [0.99, 1], [21], NoMetrics.Add("f1", 0.98)) { Seconds = 18.75 });
        log.Add(new TrialFailed(Start.AddSeconds(32), 3, null, "out of memory on \uD83C"));
        log.Add(new TrialPruned(Start.AddSeconds(33), 4, null, 1));
        log.Add(new TrialRequeued(Start.AddSeconds(34), 5, null, "the worker is gone"));
        log.Add(new TrialStarted(Start.AddSeconds(35), 5, "worker 0", "cpu:1", 2));
        return Study.Of(log);
    }

    private static Configuration Configuration(int i)
    {
        bool lora = i % 2 == 0;
        var values = new Dictionary<string, object?>
        {
            ["lr"] = 1e-4,
            ["method"] = lora ? "lora" : "bitfit",
            ["batch"] = lora ? "16" : "32",
            ["warm"] = "true",
            ["decay"] = "0.1",
            ["width"] = 3.0,
            ["layers"] = new[] { "q", "v" },
            ["residual"] = true,
        };
        if (lora)
        {
            values["rank"] = 8L;
        }
        return Space.FromValues(values);
    }

    [Fact]
    public void Trials_has_a_row_per_trial_and_every_column_has_its_type()
    {
        Table trials = StudyTables.Trials(Sample());
        Assert.Equal(
            [
                ("number", ColumnType.Int32), ("state", ColumnType.String), ("lr", ColumnType.Double), ("method", ColumnType.String),
                ("rank", ColumnType.Int64),
                ("batch", ColumnType.Int64), ("warm", ColumnType.Bool), ("decay", ColumnType.Double), ("width", ColumnType.Int64),
                ("layers", ColumnType.StringList),
                ("residual", ColumnType.Bool), ("accuracy", ColumnType.Double), ("parameters", ColumnType.Double),
                ("latency_ms", ColumnType.Double),
                ("metric_accuracy", ColumnType.Double), ("f1", ColumnType.Double), ("on_front", ColumnType.Bool),
                ("feasible", ColumnType.Bool), ("source", ColumnType.String), ("device", ColumnType.String),
                ("worker", ColumnType.String), ("attempt", ColumnType.Int32), ("seconds", ColumnType.Double),
                ("proposed", ColumnType.TimestampMicros),
                ("started", ColumnType.TimestampMicros), ("finished", ColumnType.TimestampMicros), ("error", ColumnType.String),
                ("note", ColumnType.String),
            ],
            trials.Columns.Select(c => (c.Name, c.Type)));
        Assert.Equal(Enumerable.Range(0, 7).Cast<object>(), Values(trials, "number"));
        Assert.Equal(["completed", "completed", "completed", "failed", "pruned", "running", "waiting"], Values(trials, "state"));
    }

    [Fact]
    public void A_row_has_what_its_trial_has_and_nulls_elsewhere()
    {
        Table trials = StudyTables.Trials(Sample());
        Assert.Equal([8L, null, 8L, null, 8L, null, 8L], Values(trials, "rank"));
        Assert.Equal([16L, 32L, 16L, 32L, 16L, 32L, 16L], Values(trials, "batch"));
        Assert.Equal([0.8, 0.9, 0.99, null, null, null, null], Values(trials, "accuracy"));
        Assert.Equal([true, true, false, null, null, null, null], Values(trials, "feasible"));
        Assert.Equal([0.75, null, 0.98, null, null, null, null], Values(trials, "f1"));
        Assert.Equal([0.79, null, null, null, null, null, null], Values(trials, "metric_accuracy"));
        Assert.Equal([1, 1, 1, 1, 1, 2, 0], Values(trials, "attempt"));
        Assert.Equal([15.5, 19.0, 18.75, 19.0, 19.0, null, null], Values(trials, "seconds"));
        Assert.Equal(Start.AddSeconds(35), trials["started"][5]);
        Assert.Equal("out of memory on \uFFFD", trials["error"][3]);
        Assert.Equal((0.1, 3L, true, true), (trials["decay"][0], trials["width"][0], trials["warm"][0], trials["residual"][0]));
        Assert.Equal(["q", "v"], Assert.IsAssignableFrom<IReadOnlyList<string>>(trials["layers"][0]));
        Assert.Equal([true, true, false, false, false, false, false], Values(trials, "on_front"));
    }

    [Fact]
    public void Pareto_is_the_feasible_front_in_the_same_columns()
    {
        Study study = Sample();
        Table pareto = StudyTables.Pareto(study), trials = StudyTables.Trials(study);
        Assert.Equal(trials.Columns.Select(c => (c.Name, c.Type, c.IsNullable)),
            pareto.Columns.Select(c => (c.Name, c.Type, c.IsNullable)));
        Assert.Equal([1, 0], Values(pareto, "number"));
    }

    [Fact]
    public void Curves_has_each_trials_reports_and_keeps_those_of_an_attempt_that_was_lost_until_they_are_made_again()
    {
        Table curves = StudyTables.Curves(Sample());
        Assert.Equal([0, 0, 0, 5], Values(curves, "trial"));
        Assert.Equal([1L, 1L, 2L, 1L], Values(curves, "step"));
        Assert.Equal(["accuracy", "loss", "loss", "loss"], Values(curves, "metric"));
        Assert.Equal([0.5, 0.7, 0.4, 9.0], Values(curves, "value"));
        // Trial 0 started after 10 s and reported after 20 and 21; what trial 5 reported belongs to an attempt that was lost.
        Assert.Equal([10.0, 10.0, 11.0, null], Values(curves, "seconds"));
    }

    [Fact]
    public void Seconds_of_curves_are_what_the_host_measured_whatever_its_wall_clock_did()
    {
        StudyEvent[] log =
        [
            new StudyCreated(Start, new StudyDefinition(Space, [Objective.Minimize("loss")])),
            new TrialProposed(Start, 0, Configuration(0), "random", 1, 0, 1), new TrialStarted(Start, 0, "worker", "cpu:0", 1),
            new TrialReported(Start.AddHours(-1), 0, 1, 1, NoMetrics.Add("loss", 3)) { Seconds = 1.5 },
            new TrialReported(Start.AddHours(1), 0, 1, 2, NoMetrics.Add("loss", 2)) { Seconds = 2.5 },
            // Nobody measured: a difference of wall clocks that is below zero says nothing.
            new TrialReported(Start.AddHours(-1), 0, 1, 3, NoMetrics.Add("loss", 1)),
            new TrialReported(Start.AddSeconds(4), 0, 1, 4, NoMetrics.Add("loss", 0)),
        ];
        Assert.Equal([1.5, 2.5, null, 4.0], Values(StudyTables.Curves(Study.Of(log)), "seconds"));
        // A report's time is none of the trial's, which runs.
        Assert.Null(Study.Of(log).Trials[0].Seconds);
    }

    [Fact]
    public void Counts_are_whole_numbers_in_every_table_and_small_ones_stay_what_they_may_become()
    {
        SearchSpace space = SearchSpace.Build(b => b.Int("rank", 1, 8));
        var log = new List<StudyEvent> {
            new StudyCreated(Start, new StudyDefinition(space, [Objective.Maximize("solved"), Objective.Minimize("parameters")])) };
        for (int i = 0; i < 2; i++)
        {
            log.Add(new TrialProposed(Start, i, space.FromCodes([i + 1]), "random", log.Count, i, 1));
            log.Add(
                new TrialCompleted(Start, i, 0, [i, 1536 * i], [], NoMetrics.Add("bytes", 1e9).Add("too_large", 1e20).Add("half", 1000.5)));
        }
        foreach (Table table in (Table[])[StudyTables.Trials(Study.Of(log)), StudyTables.Pareto(Study.Of(log))])
        {
            Assert.Equal((ColumnType.Double, ColumnType.Int64), (table["solved"].Type, table["parameters"].Type));
            Assert.Equal((ColumnType.Int64, ColumnType.Double, ColumnType.Double),
                (table["bytes"].Type, table["too_large"].Type, table["half"].Type));
        }
        Assert.Equal([0L, 1536L], Values(StudyTables.Trials(Study.Of(log)), "parameters"));
    }

    [Fact]
    public void Where_trials_go_on_from_each_others_checkpoints_the_table_says_from_whose()
    {
        var space = SearchSpace.Build(s => s.Float("lr", 0, 1));
        var study = Study.Of(
        [
            new StudyCreated(Start, new StudyDefinition(space, [Objective.Minimize("loss")])),
            new TrialProposed(Start, 0, space.FromValues([new("lr", 0.5)]), "pbt", 1, 0, 1),
            new TrialProposed(Start, 1, space.FromValues([new("lr", 0.6)]), "pbt", 2, 1, 1, null, new TrialParent(0, 4)),
        ]);
        Table trials = StudyTables.Trials(study);
        Assert.Equal([null, 0], Values(trials, "parent"));
        Assert.Equal([null, 4L], Values(trials, "parent_step"));
        Assert.DoesNotContain("parent", StudyTables.Trials(Sample()).Columns.Select(c => c.Name));
    }

    [Fact]
    public void What_a_person_named_keeps_its_name_and_ours_gives_way()
    {
        var space = SearchSpace.Build(s => s.Float("seconds", 0, 1).Int("State", 0, 3));
        var study = Study.Of(
        [
            new StudyCreated(Start, new StudyDefinition(space, [Objective.Minimize("error")])),
            new TrialProposed(Start, 0, space.FromValues([new("seconds", 0.5), new("State", 2L)]), "random", 1, 0, 1),
            new TrialStarted(Start, 0, "w", "cpu:0", 1),
            new TrialCompleted(Start.AddSeconds(3), 0, null, [0.25], [], NoMetrics.Add("ERROR", 9).Add("worker", 4)),
        ]);
        Table trials = StudyTables.Trials(study);
        Assert.Equal((0.5, 2L, 0.25), (trials["seconds"][0], trials["State"][0], trials["error"][0]));
        Assert.Equal((3.0, "completed", null), (trials["trial_seconds"][0], trials["trial_state"][0], trials["trial_error"][0]));
        Assert.Equal((9.0, 4.0, "w"), (trials["metric_ERROR"][0], trials["metric_worker"][0], trials["worker"][0]));
        Assert.Equal(trials.Columns.Count, trials.Columns.Select(c => c.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void Names_of_a_person_that_differ_only_in_case_become_columns_that_every_reader_can_tell_apart_and_the_file_says_which()
    {
        var space = SearchSpace.Build(s => s.Float("lr", 0, 1).Float("LR", 0, 1).Float("e", 0, 1));
        var study = Study.Of(
        [
            new StudyCreated(Start, new StudyDefinition(space, [Objective.Minimize("E"), Objective.Minimize("loss")])),
            new TrialProposed(Start, 0, space.FromValues([new("lr", 0.1), new("LR", 0.2), new("e", 0.3)]), "random", 1, 0, 1),
            new TrialStarted(Start, 0, "w", "cpu:0", 1),
            new TrialCompleted(Start.AddSeconds(3), 0, 1, [0.4, 0.5], [], NoMetrics),
        ]);
        StudyTables.Write(_folder.Path, study);
        Table trials = ParquetFile.Read(_folder["trials.parquet"]);
        Assert.Equal((0.1, 0.2, 0.3, 0.4, 0.5),
            (trials["lr"][0], trials["parameter_LR"][0], trials["e"][0], trials["objective_E"][0], trials["loss"][0]));
        Assert.Equal([("LR", "parameter_LR"), ("E", "objective_E")], StudyTables.Renamed(study.Definition));
        Assert.Equal("""{"parameter_LR":"LR","objective_E":"E"}""", trials.Metadata[StudyTables.RenamedKey]);
        Assert.DoesNotContain(StudyTables.RenamedKey, StudyTables.Trials(Sample()).Metadata.Keys);
    }

    [Fact]
    public void The_files_hold_the_tables_and_the_study_that_they_came_from()
    {
        Study study = Sample();
        StudyTables.Write(_folder["runs/demo"], study);
        Assert.Equal([StudyTables.CurvesFile, StudyTables.ParetoFile, StudyTables.TrialsFile],
            Directory.GetFileSystemEntries(_folder["runs/demo"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (Table table in new[] { StudyTables.Trials(study), StudyTables.Pareto(study), StudyTables.Curves(study) })
        {
            TableAssert.Same(table, ParquetFile.Read(_folder[$"runs/demo/{table.Name}.parquet"]));
        }
        Table trials = ParquetFile.Read(_folder["runs/demo/trials.parquet"]);
        using var json = JsonDocument.Parse(trials.Metadata[StudyTables.DefinitionKey]);
        StudyDefinition definition = DefinitionJson.Read(json.RootElement);
        Assert.Equal(("demo", 7UL, Space), (definition.Name, definition.Seed, definition.Space));
        Assert.Equal(study.Sequence.ToString(), trials.Metadata[StudyTables.SequenceKey]);
    }

    [Fact]
    public void The_same_log_gives_the_same_bytes()
    {
        StudyTables.Write(_folder["a"], Sample());
        StudyTables.Write(_folder["b"], Sample());
        foreach (string file in new[] { StudyTables.TrialsFile, StudyTables.ParetoFile, StudyTables.CurvesFile })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["a"], file)), File.ReadAllBytes(Path.Combine(_folder["b"], file)));
        }
    }

    [Fact]
    public void A_study_without_trials_gives_tables_without_rows_but_with_their_columns()
    {
        StudyTables.Write(_folder.Path, Study.Of([new StudyCreated(Start, new StudyDefinition(Space, [Objective.Minimize("loss")]))]));
        Table trials = ParquetFile.Read(_folder["trials.parquet"]);
        Assert.Equal(0, trials.RowCount);
        Assert.Equal(ColumnType.Int64, trials["rank"].Type);
        Assert.Equal(0, ParquetFile.Read(_folder["curves.parquet"]).RowCount);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_one_clear_line()
    {
        File.WriteAllText(_folder["file"], "");
        var e = Assert.Throws<TableFileException>(() => StudyTables.Write(_folder["file/below"], Sample()));
        Assert.Contains("file/below", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    private static object?[] Values(Table table, string column) =>
        [.. Enumerable.Range(0, table.RowCount).Select(row => table[column][row])];
}
