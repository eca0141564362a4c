using System.Text.Json;
using AutoPeft.Pareto;
using AutoPeft.Reporting;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Reporting;

public class ReportDataTests
{
    private static JsonElement DataOf(Study study, StudyReportOptions? options = null) =>
        new ReportPageText(StudyReport.Html(study, options ?? new StudyReportOptions { Insight = false })).Data;

    public static TheoryData<string> Studies => ["peft", "mixed", "single", "three"];

    private static Study Named(string name) => name switch
    {
        "peft" => ReportStudies.Peft(),
        "mixed" => ReportStudies.Mixed(300),
        "single" => ReportStudies.Single(),
        _ => ReportStudies.Three(),
    };

    [Theory, MemberData(nameof(Studies))]
    public void Every_trial_stands_in_the_page_as_it_stands_in_the_study(string name)
    {
        Study study = Named(name);
        JsonElement[] trials = [.. DataOf(study).GetProperty("trials").EnumerateArray()];
        Assert.Equal(study.Trials.Count, trials.Length);
        foreach ((Trial t, JsonElement json) in study.Trials.Zip(trials))
        {
            Assert.Equal(t.Number, json.GetProperty("number").GetInt32());
            Assert.Equal(t.State.ToString().ToLowerInvariant(), json.GetProperty("state").GetString());
            double[] codes =
                [.. json.GetProperty("codes").EnumerateArray().Select(c => c.ValueKind == JsonValueKind.Null ? double.NaN : c.GetDouble())];
            Assert.Equal(t.Configuration, study.Definition.Space.FromCodes(codes));
            if (t.State == TrialState.Completed)
                Assert.Equal(t.Values, json.GetProperty("values").EnumerateArray().Select(ReportPageText.Real));
            else Assert.False(json.TryGetProperty("values", out _));
            if (t.State == TrialState.Failed) Assert.Equal(t.Error, json.GetProperty("error").GetString());
            Assert.Equal(t.State == TrialState.Completed && !t.IsFeasible, json.TryGetProperty("infeasible", out _));
        }
        Assert.Equal(study.Completed.Select(t => t.Number),
            DataOf(study).GetProperty("completed").EnumerateArray().Select(n => n.GetInt32()));
    }

    [Theory, MemberData(nameof(Studies))]
    public void The_front_and_the_last_hypervolume_are_the_studys(string name)
    {
        Study study = Named(name);
        JsonElement data = DataOf(study);
        Assert.Equal(ParetoFront.Of(study).Select(t => t.Number), data.GetProperty("front").EnumerateArray().Select(n => n.GetInt32()));
        double[][] losses = [.. study.Completed.Where(t => t.IsFeasible).Select(t => t.Losses.ToArray())];
        double[] reference = [.. data.GetProperty("hypervolume").GetProperty("reference").EnumerateArray()
            .Select((r, i) => study.Definition.Objectives[i].ToLoss(r.GetDouble()))];
        Assert.Equal(ReferencePoint.Infer(losses), reference);
        double[] steps =
            [.. data.GetProperty("hypervolume").GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("value").GetDouble())];
        double whole = Hypervolume.Compute(losses, reference);
        Assert.True(whole > 0);
        Assert.Equal(whole, steps[^1], whole * 1e-9);
        for (int i = 1; i < steps.Length; i++) Assert.True(steps[i] >= steps[i - 1] - whole * 1e-12, $"step {i} falls");
    }

    [Fact]
    public void The_hypervolume_of_every_step_is_that_of_the_trials_completed_until_then()
    {
        Study study = ReportStudies.Three(80);
        JsonElement hypervolume = DataOf(study).GetProperty("hypervolume");
        double[] reference = [.. hypervolume.GetProperty("reference").EnumerateArray()
            .Select((r, i) => study.Definition.Objectives[i].ToLoss(r.GetDouble()))];
        foreach (JsonElement step in hypervolume.GetProperty("steps").EnumerateArray())
        {
            double[][] until = [
                .. study.Completed.Take(step.GetProperty("completed").GetInt32()).Where(t => t.IsFeasible).Select(t => t.Losses.ToArray())];
            double expected = Hypervolume.Compute(until, reference);
            Assert.Equal(expected, step.GetProperty("value").GetDouble(), expected * 1e-9);
            Assert.Equal(Dominance.NonDominated(until).Select(i => string.Join(",", until[i])).Distinct().Count(),
                step.GetProperty("size").GetInt32());
        }
    }

    [Fact]
    public void Four_objectives_get_fewer_steps_and_the_same_end()
    {
        SearchSpace space = SearchSpace.Build(b => b.Float("a", 0, 1).Float("b", 0, 1).Float("c", 0, 1).Float("d", 0, 1));
        var definition = new StudyDefinition(space, "wxyz".Select(name => Objective.Minimize(name.ToString(), reference: 1)));
        Study study = ReportStudies.Run(definition, 240, 1,
            (c, _, _) => new([c.GetDouble("a"), c.GetDouble("b"), c.GetDouble("c"), c.GetDouble("d")], []));
        JsonElement hypervolume = DataOf(study).GetProperty("hypervolume");
        Assert.False(hypervolume.GetProperty("inferred").GetBoolean());
        JsonElement[] steps = [.. hypervolume.GetProperty("steps").EnumerateArray()];
        Assert.InRange(steps.Length, 2, 62);
        Assert.Equal(Hypervolume.Compute([.. study.Completed.Select(t => t.Losses.ToArray())], [1, 1, 1, 1]),
            steps[^1].GetProperty("value").GetDouble(), 1e-9);
    }

    [Fact]
    public void What_JSON_cannot_write_comes_back_as_it_was()
    {
        var definition =
            new StudyDefinition(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("loss"), Objective.Maximize("score")]);
        double[] reports = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 5e-324, double.MaxValue];
        double[][] values = [[0.5, 1], [5e-324, double.MaxValue], [double.Epsilon, -0.125], [0.25, 0.125], [1.0 / 3, double.MinValue]];
        Study study = ReportStudies.Run(definition, values.Length, 1,
            (_, _, n) => new([.. values[n]], [ReportStudies.Metrics(("loss", reports[n]))]));
        JsonElement[] trials = [.. DataOf(study).GetProperty("trials").EnumerateArray()];
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(values[i], trials[i].GetProperty("values").EnumerateArray().Select(ReportPageText.Real));
            Assert.Equal(reports[i], ReportPageText.Real(trials[i].GetProperty("reports").GetProperty("loss")[0]));
        }
    }

    [Fact]
    public void A_study_whose_trials_all_failed_has_no_hypervolume_and_still_a_page()
    {
        var definition =
            new StudyDefinition(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("a"), Objective.Minimize("b")]);
        Study study = ReportStudies.Run(definition, 4, 1, (_, _, _) => new([], [], Error: "objective 'a' came back NaN"));
        Assert.False(DataOf(study).TryGetProperty("hypervolume", out _));
    }

    [Fact]
    public void A_pruned_trial_stands_where_its_last_report_left_it()
    {
        Study study = ReportStudies.Peft();
        Trial pruned = study.Trials.First(t => t.State == TrialState.Pruned);
        JsonElement partial = DataOf(study).GetProperty("trials")[pruned.Number].GetProperty("partial");
        Assert.Equal(pruned.Reports[^1].Metrics["dev_score"], partial[0].GetDouble());
        Assert.Equal(JsonValueKind.Null, partial[1].ValueKind);
    }

    [Fact]
    public void A_seed_of_64_bits_keeps_every_digit()
    {
        Study study = ReportStudies.Empty(
            new StudyDefinition(SearchSpace.Build(b => b.Bool("x")), [Objective.Minimize("y")]) { Seed = ulong.MaxValue });
        Assert.Equal("18446744073709551615", DataOf(study).GetProperty("study").GetProperty("seed").GetString());
    }

    [Fact]
    public void Long_curves_are_thinned_evenly_and_keep_their_ends()
    {
        var definition = new StudyDefinition(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("loss")]);
        Study study = ReportStudies.Run(definition, 3, 1,
            (_, _, n) =>
                new([0.1], [.. Enumerable.Range(0, n == 0 ? 20 : 1000).Select(i => ReportStudies.Metrics(("loss", 1.0 / (i + 1))))]));
        JsonElement data = DataOf(study, new StudyReportOptions { MaxCurvePoints = 50 });
        Assert.True(data.GetProperty("curvesThinned").GetBoolean());
        Assert.Equal(20, data.GetProperty("trials")[0].GetProperty("steps").GetArrayLength());
        long[] steps = [.. data.GetProperty("trials")[1].GetProperty("steps").EnumerateArray().Select(s => s.GetInt64())];
        Assert.Equal(50, steps.Length);
        Assert.Equal((1, 1000), (steps[0], steps[^1]));
        Assert.All(steps.Zip(steps.Skip(1)), p => Assert.InRange(p.Second - p.First, 20, 21));
        foreach ((long step, int i) in steps.Select((s, i) => (s, i)))
            Assert.Equal(1.0 / step, data.GetProperty("trials")[1].GetProperty("reports").GetProperty("loss")[i].GetDouble());
        Assert.False(DataOf(study, new StudyReportOptions { MaxCurvePoints = 1000 }).GetProperty("curvesThinned").GetBoolean());
    }

    [Fact]
    public void All_curves_together_stay_within_the_pages_limit()
    {
        var definition = new StudyDefinition(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("loss")]);
        Study study = ReportStudies.Run(definition, 40, 1,
            (_, _, _) => new([0.1], [.. Enumerable.Range(0, 100).Select(i => ReportStudies.Metrics(("loss", i), ("norm", 2 * i)))]));
        JsonElement data = DataOf(study, new StudyReportOptions { MaxCurvePointsInAll = 1000 });
        int points = data.GetProperty("trials").EnumerateArray()
            .Sum(t => t.GetProperty("reports").EnumerateObject().Sum(m => m.Value.GetArrayLength()));
        Assert.InRange(points, 900, 1000);
    }

    [Fact]
    public void The_final_evaluation_stands_in_the_order_given()
    {
        Study study = ReportStudies.Peft();
        IReadOnlyList<FinalRow> rows = [.. ReportStudies.Final(study), new FinalRow("one seed", 10, 1e-5, 0.5, double.NaN, 1)];
        JsonElement final = DataOf(study, new StudyReportOptions { Final = rows, FinalMetric = "accuracy" }).GetProperty("final");
        Assert.Equal("accuracy", final.GetProperty("metric").GetString());
        FinalRow[] read = [.. final.GetProperty("rows").EnumerateArray().Select(r => new FinalRow(
            r.GetProperty("name").GetString()!, r.GetProperty("parameters").GetInt64(), r.GetProperty("share").GetDouble(),
            r.GetProperty("mean").GetDouble(), ReportPageText.Real(r.GetProperty("sd")), r.GetProperty("seeds").GetInt32())
        {
            DevScore = r.TryGetProperty("dev", out JsonElement dev) ? dev.GetDouble() : null,
            IsBaseline = r.GetProperty("baseline").GetBoolean(),
            TrialNumber = r.TryGetProperty("trial", out JsonElement trial) ? trial.GetInt32() : null,
        })];
        Assert.Equal(rows, read);
        Assert.False(DataOf(study).TryGetProperty("final", out _));
    }

    [Fact]
    public void The_space_is_described_with_its_conditions_scales_and_choices()
    {
        JsonElement space = DataOf(ReportStudies.Mixed(1)).GetProperty("space");
        JsonElement Parameter(string name) =>
            space.GetProperty("parameters").EnumerateArray().Single(p => p.GetProperty("name").GetString() == name);
        Assert.Equal(["lora", "dora"],
            Parameter("rank").GetProperty("when").GetProperty("values").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal(("int", true, 64),
            (Parameter("rank").GetProperty("type").GetString(), Parameter("rank").GetProperty("log").GetBoolean(),
                Parameter("rank").GetProperty("high").GetInt32()));
        Assert.Equal([8, 16, 32, 64, 128], Parameter("batch_size").GetProperty("values").EnumerateArray().Select(v => v.GetDouble()));
        Assert.Equal((1, 6),
            (Parameter("targets").GetProperty("minSize").GetInt32(), Parameter("targets").GetProperty("items").GetArrayLength()));
        Assert.False(space.TryGetProperty("cardinality", out _));
        Assert.Equal("2097152", DataOf(ReportStudies.Peft(1)).GetProperty("space").GetProperty("cardinality").GetString());
    }
}
