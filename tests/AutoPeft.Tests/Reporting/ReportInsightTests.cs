using System.Text.Json;
using AutoPeft.Analysis.Importance;
using AutoPeft.Analysis.Winners;
using AutoPeft.Reporting;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Reporting;

/// <summary>What the page says of the winner and of the parameters.</summary>
public class ReportInsightTests
{
    private static JsonElement DataOf(Study study) => new ReportPageText(StudyReport.Html(study)).Data;

    [Fact]
    public void The_winner_is_the_analysis_own_with_luck_taken_out()
    {
        Study study = ReportStudies.Peft();
        StudyWinner expected = StudyWinner.Of(study, 0);
        JsonElement winner = DataOf(study).GetProperty("winner")[0];
        Assert.Equal(("dev_score", expected.Trial, expected.IsTold),
            (winner.GetProperty("objective").GetString(), winner.GetProperty("trial").GetInt32(), winner.GetProperty("told").GetBoolean()));
        double Number(string name) => ReportPageText.Real(winner.GetProperty(name));
        Assert.Equal((expected.Observed, expected.Corrected, expected.Worse, expected.Better),
            (Number("observed"), Number("corrected"), Number("worse"), Number("better")));
        Assert.True(expected.Worse <= expected.Corrected && expected.Corrected <= expected.Better);
    }

    [Fact]
    public void Shares_are_close_to_those_of_the_full_analysis_and_layers_have_their_effects()
    {
        Study study = ReportStudies.Peft(60);
        ImportanceReport full = ImportanceAnalysis.Of(study, 0);
        JsonElement page = DataOf(study).GetProperty("importance")[0];
        Assert.Equal("Gaussian process", page.GetProperty("method").GetString());
        Dictionary<string, double> shares = page.GetProperty("parameters").EnumerateArray()
            .ToDictionary(p => p.GetProperty("name").GetString()!, p => p.GetProperty("value").GetDouble());
        Assert.Equal(study.Definition.Space.Count, shares.Count);
        Assert.All(full.Parameters, p => Assert.InRange(shares[p.Parameter], p.Main.Value - 0.06, p.Main.Value + 0.06));
        Assert.Equal(12, page.GetProperty("switches").GetArrayLength());
        Assert.InRange(page.GetProperty("curves").GetArrayLength(), 1, 6);
        Assert.All(page.GetProperty("curves").EnumerateArray(), c => Assert.True(c.GetProperty("points").GetArrayLength() >= 2));
    }

    [Fact]
    public void Too_few_trials_have_a_line_that_says_so_and_none_at_all_have_no_section()
    {
        JsonElement few = DataOf(ReportStudies.Single(4));
        Assert.Contains("at least 10 completed trials", few.GetProperty("importance")[0].GetProperty("reason").GetString(),
            StringComparison.Ordinal);
        Assert.Contains("run some configurations again", few.GetProperty("winner")[0].GetProperty("reason").GetString(),
            StringComparison.Ordinal);
        JsonElement none = DataOf(ReportStudies.Empty(ReportStudies.Single(1).Definition));
        Assert.False(none.TryGetProperty("importance", out _) || none.TryGetProperty("winner", out _));
    }

    [Fact]
    public void Equal_results_and_results_that_never_vary_are_said_and_not_guessed_at()
    {
        var space = SearchSpace.Build(b => b.Float("x", 0, 1));
        Study study = ReportStudies.Run(new StudyDefinition(space, [Objective.Minimize("size"), Objective.Minimize("constant")]), 20, 1,
            (c, _, n) => new([Math.Max(n % 5, 1), 3], []));
        JsonElement data = DataOf(study);
        JsonElement size = data.GetProperty("winner")[0], constant = data.GetProperty("winner")[1];
        Assert.Equal((0, 7), (size.GetProperty("trial").GetInt32(), size.GetProperty("ties").GetArrayLength()));
        Assert.False(size.GetProperty("told").GetBoolean());
        // Where all are level, the other objective chooses.
        Assert.Equal((0, 19), (constant.GetProperty("trial").GetInt32(), constant.GetProperty("ties").GetArrayLength()));
        Assert.Equal("none", constant.GetProperty("noise").GetString());
        Assert.Contains("no variance", data.GetProperty("importance")[1].GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_study_gives_the_same_numbers_and_a_page_without_them_where_that_is_asked()
    {
        Study study = ReportStudies.Single(60);
        Assert.Equal(StudyReport.Html(study), StudyReport.Html(study));
        Assert.False(
            new ReportPageText(StudyReport.Html(study, new StudyReportOptions { Insight = false })).Data.TryGetProperty("winner", out _));
    }
}
