using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoPeft.Reporting;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Reporting;

public sealed class StudyReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Names that would end an element, open one, or look like one of the template's slots.</summary>
    private static readonly string[] Hostile = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "{{data}}{{script}}",
        "\" onload=\"alert(3)", "]]><!-- & ' \\ \u2028 \u0000 ünïcode 🙂", "<!--<script>"];

    private static Study HostileStudy()
    {
        SearchSpace space = SearchSpace.Build(b =>
        {
            foreach (string name in Hostile) b.Categorical(name, [name, "</title>"]);
            b.Subset("</style>", ["<b>", "</textarea>"]);
        }, "</script>");
        var definition = new StudyDefinition(space, [Objective.Minimize("<svg onload=alert(4)>"), Objective.Maximize("</script >")])
        {
            Name = string.Concat(Hostile),
            Sampler = "<sampler>",
            Problem = JsonSerializer.SerializeToElement(new Dictionary<string, string>
            {
                ["task"] = "</SCRIPT><script>alert(5)</script>",
                ["<model>"] = "{{policy}}",
            }),
        };
        return ReportStudies.Run(definition, 6, 1,
            (_, _, n) =>
                n == 3 ? new([], [], Error: "</script><script>alert(6)</script>") : new([n, n], [ReportStudies.Metrics(("</script>", n))]));
    }

    [Fact]
    public void No_name_in_a_study_can_break_out_of_its_place()
    {
        Study study = HostileStudy();
        FinalRow row = new("</script><script>alert(7)</script>", 1, 0.1, 0.5, 0.1, 5);
        var page = new ReportPageText(StudyReport.Html(study, new StudyReportOptions { Final = [row] }));
        // One data element and one script, as in a page of harmless names; the script is the same one.
        Assert.Equal(2, Regex.Count(page.Html, "<script", RegexOptions.IgnoreCase));
        Assert.Equal(2, Regex.Count(page.Html, "</script", RegexOptions.IgnoreCase));
        Assert.Equal(new ReportPageText(StudyReport.Html(ReportStudies.Single(3))).Script, page.Script);
        Assert.DoesNotContain("<img", page.Html);
        Assert.DoesNotContain("<svg onload", page.Html);
        Assert.Equal(study.Definition.Name, page.Title);
        Assert.Equal(Hostile,
            page.Data.GetProperty("space").GetProperty("parameters").EnumerateArray().Take(Hostile.Length)
                .Select(p => p.GetProperty("name").GetString()));
        Assert.Equal("{{policy}}", page.Data.GetProperty("study").GetProperty("settings").GetProperty("<model>").GetString());
        Assert.Equal(study.Trials[3].Error, page.Data.GetProperty("trials")[3].GetProperty("error").GetString());
    }

    [Fact]
    public void The_script_makes_no_markup_from_text()
    {
        string script = new ReportPageText(StudyReport.Html(ReportStudies.Single(3))).Script;
        Assert.DoesNotMatch(
            @"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|createContextualFragment", script);
    }

    [Fact]
    public void The_page_asks_for_nothing_outside_itself()
    {
        var page = new ReportPageText(StudyReport.Html(ReportStudies.Peft()));
        Assert.DoesNotMatch(@"https?:", page.Html);
        Assert.DoesNotMatch(@"@import|url\(|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(", page.Html);
        Assert.All(Regex.Matches(page.Html, @"<[^>]*\s(?:src|href)\s*=\s*""([^""]*)"""),
            m => Assert.Matches("^(#|data:)", m.Groups[1].Value));
        Assert.Contains("default-src 'none'", page.Policy);
    }

    [Fact]
    public void The_policy_lets_exactly_this_script_run()
    {
        var page = new ReportPageText(StudyReport.Html(ReportStudies.Peft()));
        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page.Script)));
        Assert.Contains($"script-src 'sha256-{hash}';", page.Policy);
        Assert.DoesNotMatch(@"\s(on[a-z]+)=", Regex.Replace(page.Html, "<script.*?</script>", "", RegexOptions.Singleline));
    }

    [Fact]
    public void The_same_study_gives_the_same_bytes()
    {
        var options = new StudyReportOptions { Final = ReportStudies.Final(ReportStudies.Peft()) };
        string first = Path.Combine(_folder, "a.html"), second = Path.Combine(_folder, "b.html");
        StudyReport.Write(first, ReportStudies.Peft(), options);
        StudyReport.Write(second, ReportStudies.Peft(), options);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    [Fact]
    public void A_written_report_replaces_the_old_one_and_leaves_nothing_else()
    {
        string path = Path.Combine(_folder, "new", "report.html");
        StudyReport.Write(path, ReportStudies.Peft(3));
        StudyReport.Write(path, ReportStudies.Peft(5));
        Assert.Equal(5, new ReportPageText(File.ReadAllText(path)).Data.GetProperty("trials").GetArrayLength());
        Assert.Equal([path], Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named_and_nothing_is_left_behind()
    {
        string blocked = Path.Combine(_folder, "file");
        File.WriteAllText(blocked, "kept");
        var e =
            Assert.Throws<InvalidInputException>(() => StudyReport.Write(Path.Combine(blocked, "report.html"), ReportStudies.Single(2)));
        Assert.Contains(Path.Combine(blocked, "report.html"), e.Message);
        Assert.DoesNotContain('\n', e.Message);
        // A folder stands where the file should be: the rename fails after the temporary file was written.
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "report.html")).FullName;
        Assert.Throws<InvalidInputException>(() => StudyReport.Write(folder, ReportStudies.Single(2)));
        Assert.Equal("kept", File.ReadAllText(blocked));
        Assert.Equal([blocked, folder], Directory.GetFileSystemEntries(_folder).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_study_without_trials_and_one_in_which_all_failed_have_a_page()
    {
        Study empty = ReportStudies.Empty(ReportStudies.Mixed(1).Definition);
        var page = new ReportPageText(StudyReport.Html(empty));
        Assert.Equal(0, page.Data.GetProperty("trials").GetArrayLength());
        Assert.False(page.Data.GetProperty("study").TryGetProperty("started", out _));

        Study failed = ReportStudies.Run(empty.Definition, 3, 1, (_, _, _) => new([], [], Error: "no device"));
        page = new ReportPageText(StudyReport.Html(failed));
        Assert.Equal(0, page.Data.GetProperty("front").GetArrayLength());
        Assert.False(page.Data.TryGetProperty("hypervolume", out _));
    }

    [Fact]
    public void A_running_study_shows_its_pending_trials()
    {
        Study study = ReportStudies.Peft(4);
        DateTimeOffset later = study.Trials[^1].FinishedAt!.Value.AddSeconds(5);
        study.Apply(new TrialProposed(later, 4, study.Trials[0].Configuration, "gp", study.Sequence, 4, 2));
        study.Apply(new TrialProposed(later, 5, study.Trials[1].Configuration, "gp", study.Sequence, 4, 2));
        study.Apply(new TrialStarted(later, 5, "worker-1", "cpu:1", 1));
        var trials = new ReportPageText(StudyReport.Html(study)).Data.GetProperty("trials");
        Assert.Equal(["waiting", "running"], trials.EnumerateArray().Skip(4).Select(t => t.GetProperty("state").GetString()));
        Assert.False(trials[5].TryGetProperty("end", out _));
    }

    [Fact]
    public void A_report_has_the_notes_and_says_how_to_see_the_study_live()
    {
        Study study = ReportStudies.Single(5);
        study.Apply(new NoteWritten(DateTimeOffset.UnixEpoch, null, "for the paper\n</script>"));
        study.Apply(new NoteWritten(DateTimeOffset.UnixEpoch, 3, "a rerun"));
        var options = new StudyReportOptions { Insight = false, LiveCommand = "autopeft dashboard runs/a" };
        var page = new ReportPageText(StudyReport.Html(study, options));
        Assert.Equal("for the paper\n</script>", page.Data.GetProperty("study").GetProperty("note").GetString());
        Assert.Equal("autopeft dashboard runs/a", page.Data.GetProperty("study").GetProperty("liveCommand").GetString());
        Assert.Equal("a rerun", page.Data.GetProperty("trials")[3].GetProperty("note").GetString());
        Assert.Equal(1, page.Data.GetProperty("trials").EnumerateArray().Count(t => t.TryGetProperty("note", out _)));
    }

    [Fact]
    public void A_title_of_its_own_leaves_the_studys_name_in_the_data()
    {
        var page = new ReportPageText(StudyReport.Html(ReportStudies.Peft(2), new StudyReportOptions { Title = "Polarity & <co>" }));
        Assert.Equal("Polarity & <co>", page.Title);
        Assert.Equal("autopeft-demo", page.Data.GetProperty("study").GetProperty("name").GetString());
    }
}
