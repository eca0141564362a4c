using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>Population-based training as people type it.</summary>
public sealed class PopulationCommandTests(PretrainedModel model) : IClassFixture<PretrainedModel>, IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    private string[] On(string space) =>
        ["sweep", space, "--task", "polarity;train=64;dev=32;test=32", "--model", model.Folder, "--epochs", "4",
            "--max-length", "24", "--threads", "1"];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_population_trains_in_worker_processes_and_audit_resume_and_final_know_it()
    {
        string one = Path.Combine(_directory, "one"), two = Path.Combine(_directory, "two");
        (int code,
            string text) = await RunAsync(_directory,
                [.. On("lora"), "--sampler", "pb2:population=4", "--trials", "7", "--lockstep", "--workers", "2", "--out", two]);
        Assert.True(code == 0, text);
        Study study = await ReadAsync(two);
        Assert.Equal("pb2:population=4,explore=dropout+learning_rate,max=4,mode=sync", study.Definition.Sampler);
        Assert.Equal("pbt:population=4,explore=dropout+learning_rate,max=4,mode=sync", study.Definition.Scheduler);
        Assert.Equal((7, 4, 3), (study.Trials.Count, study.Completed.Count, study.Trials.Count(t => t.Parent is not null)));
        Assert.All(study.Trials.Where(t => t.Parent is not null), t => Assert.Equal(t.Parent!.Step + 1, t.Reports[0].Step));

        (code, text) = await RunAsync(_directory, "audit", two);
        Assert.True(code == 0 && text.Contains("7 proposals replayed, all the same", StringComparison.Ordinal), text);

        // One worker, killed on the way: the same in the end.
        string[] alone = [.. On("lora"), "--sampler", "pb2:population=4,mode=sync", "--trials", "7", "--out", one];
        using (System.Diagnostics.Process parent = StartIn(_directory, alone))
        {
            await KillAfterAsync(parent, () => HasAsync(one, s => s.Trials.Count >= 6));
        }
        (code, text) = await RunAsync(_directory, "resume", one, "--threads", "1");
        Assert.True(code == 0, text);
        Assert.Equal(study.Trials.Select(t => (t.Configuration.ToString(), t.Parent, string.Join(' ', t.Values))),
            (await ReadAsync(one)).Trials.Select(t => (t.Configuration.ToString(), t.Parent, string.Join(' ', t.Values))));

        (code, text) = await RunAsync(_directory, "final", two, "--seeds", "1", "--workers", "2");
        Assert.True(code == 0 && text.Contains("(found)", StringComparison.Ordinal), text);
    }

    [Theory]
    [InlineData("recipe", "pbt:pop=4", "no option 'pop'"), InlineData("recipe", "pbt:population=many", "a whole number from 2"),
        InlineData("recipe", "pbt:explore=batch_size", "does not fit another 'batch_size'")]
    [InlineData("recipe", "pbt:explore=rank", "no parameter 'rank'"), InlineData("autopeft", "pbt", "nothing of this space can change"),
        InlineData("recipe", "pbt:interval=4", "no successor would ever train"), InlineData("recipe", "pbt:population=40", "--trials 40")]
    public async Task A_population_that_cannot_be_is_refused_in_one_line_and_leaves_nothing(string space, string sampler, string says)
    {
        (int code, string text) = await RunAsync(_directory, [.. On(space), "--sampler", sampler, "--out", "run"]);
        Assert.Equal(2, code);
        Assert.Single(text.Trim().Split('\n'));
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_directory, "run")));
    }

    [Fact]
    public async Task What_keeps_no_checkpoints_or_runs_no_scheduler_takes_no_population()
    {
        (int code, string text) = await RunAsync(_directory, "sweep", "function:branin", "--scheduler", "pbt:population=4", "--out", "run");
        Assert.True(code == 2 && text.Contains("keep no checkpoints", StringComparison.Ordinal), text);
        (code, text) = await RunAsync(_directory, [.. On("recipe"), "--sampler", "tpe", "--scheduler", "pbt", "--out", "run"]);
        Assert.True(code == 2 && text.Contains("not with tpe", StringComparison.Ordinal), text);
    }
}
