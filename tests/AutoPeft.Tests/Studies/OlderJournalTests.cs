using AutoPeft.Reporting;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Studies;

/// <summary>
/// Logs that earlier versions wrote stay readable. The files in Assets were written once and are never written again: a change that cannot
/// read them breaks somebody's study.
/// </summary>
public sealed class OlderJournalTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    public static TheoryData<string> Assets =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Assets"), "journal-v*.jsonl").Select(f => Path.GetFileName(f))
            .Order()];

    [Theory]
    [MemberData(nameof(Assets))]
    public async Task A_log_of_an_older_version_folds_to_the_study_that_it_was(string name)
    {
        await using JournalStore store = await OpenCopyAsync(name);
        Study study = Study.Of(await StudyFixture.ReadAllAsync(store));
        Assert.Equal(("branin-currin", 5ul, 12), (study.Definition.Name, study.Definition.Seed, study.Definition.Budget));
        Assert.Equal(
            [TrialState.Completed, TrialState.Completed, TrialState.Failed, TrialState.Pruned, TrialState.Completed, TrialState.Waiting,
                TrialState.Running], study.Trials.Select(t => t.State));
        Assert.Equal([0.25, 12.5], study.Trials[0].Values.ToArray());
        Assert.Equal([3.75, -2e-9], study.Trials[4].Values.ToArray());
        Assert.Equal("error: näme 'x' \"y\"", study.Trials[2].Error);
        Assert.Equal(2, study.Trials[1].Attempt);
        Assert.Equal([1L, 2], study.Trials[3].Reports.Select(r => r.Step));
        Assert.True(double.IsNaN(study.Trials[3].Reports[1].Metrics["loss"]));
        Assert.Equal(name.Contains("torn", StringComparison.Ordinal), store.Torn is not null);
    }

    [Theory]
    [MemberData(nameof(Assets))]
    public async Task A_study_of_an_older_version_goes_on_and_proposes_what_it_would_have(string name)
    {
        await using JournalStore store = await OpenCopyAsync(name);
        await using StudySession session = await SessionSteps.OpenAsync(store);
        Trial next = (await session.AskAsync(1))[0];
        Assert.Equal((7, "0.7632014077122082 0.20273531974035386"),
            (next.Number,
                string.Join(' ',
                    next.Configuration.Codes.ToArray().Select(c => c.ToString(System.Globalization.CultureInfo.InvariantCulture)))));
    }

    [Theory]
    [InlineData("sweep-v1.jsonl")]
    [InlineData("sweep-v2.jsonl")]
    public async Task A_sweep_of_an_older_version_opens_reports_and_goes_on_as_it_would_have(string name)
    {
        string[] expected = await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Assets", "sweep-folded.txt"));
        await using JournalStore store = await OpenCopyAsync(name);
        Assert.Null(store.Torn);
        await using StudySession session = await SessionSteps.OpenAsync(store);
        Assert.Equal(expected[..^1], session.Study.Trials.Select(Line));
        string report = Path.Combine(_directory, "report.html");
        StudyReport.Write(report, session.Study);
        Assert.Contains("older sweep/", await File.ReadAllTextAsync(report), StringComparison.Ordinal);
        Trial next = (await session.AskAsync(1))[0];
        Assert.Equal(expected[^1], $"next | {Codes(next)}");
        // What goes on is read by the next start, packed or not.
        await session.Log.RequeueRunningAsync("its host ended");
        await session.CompleteAsync(next.Number, [0.5, 1e6]);
        await using JournalStore again = await JournalStore.OpenAsync(store.Path);
        Assert.Equal(session.Study.Sequence, (await StudyFixture.ReadAllAsync(again)).Count);
        await again.CompactAsync();
        await using JournalStore packed = await JournalStore.OpenAsync(store.Path);
        Assert.Equal(await StudyFixture.ReadAllAsync(store), await StudyFixture.ReadAllAsync(packed));
    }

    /// <summary>A trial as the version that wrote the log folded it.</summary>
    private static string Line(Trial t) =>
        string.Join(" | ", t.Number, Codes(t), t.State, string.Join(' ', t.Values.Select(Text)), t.Attempt, t.Worker, t.Device,
        t.StartedAt?.ToString("O"), t.FinishedAt?.ToString("O"), t.PausedAt, t.Error,
        string.Join(", ",
            t.Reports.Select(r => $"{r.Step}/{r.Attempt}: {string.Join(' ', r.Metrics.Select(m => $"{m.Key}={Text(m.Value)}"))}")));

    private static string Codes(Trial t) => string.Join(' ', t.Configuration.Codes.ToArray().Select(Text));

    private static string Text(double v) => v.ToString("R", System.Globalization.CultureInfo.InvariantCulture);

    private async Task<JournalStore> OpenCopyAsync(string name)
    {
        string copy = Path.Combine(_directory, name);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Assets", name), copy);
        return await JournalStore.OpenAsync(copy);
    }
}
