using System.Diagnostics;
using AutoPeft.Studies;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>What a person ends counts against no trial: the attempts are there for workers that die.</summary>
public sealed class InterruptedSweepTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_sweep_that_is_ended_three_times_and_loses_a_worker_completes_every_trial_with_the_default_attempts()
    {
        string run = Path.Combine(_directory, "run");
        string[] command = ["sweep", "function:zdt1", "--trials", "3", "--delay", "3", "--sampler", "random", "--out", run];
        for (int life = 0; life < 4; life++)
        {
            using Process parent = StartIn(_directory, command);
            command = ["resume", run];
            while (!parent.HasExited && !(File.Exists(Path.Combine(run, "study.log"))
                && (await ReadAsync(run)).Trials is [{ State: TrialState.Running } first, ..] && first.Attempt == life + 1))
                await Task.Delay(20);
            // Past the record of the start, within the trial.
            await Task.Delay(1000);
            if (life < 3) Kill(parent.Id, 2);
            else Kill(Assert.Single(Children(parent.Id)), 9);
            await parent.WaitForExitAsync();
            Assert.Equal(life < 3 ? 130 : 0, parent.ExitCode);
        }
        Study study = await ReadAsync(run);
        Assert.Equal((3, 5), (study.Completed.Count, study.Trials[0].Attempt));
        Assert.Equal(1, study.Trials.Sum(t => t.Crashes));
    }
}
