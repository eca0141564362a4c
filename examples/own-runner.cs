// A trial runner of your own, here a program as a child process:   dotnet run examples/own-runner.cs
#:project ../src/AutoPeft/AutoPeft.csproj

using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using AutoPeft.Running;
using AutoPeft.Spaces;

SweepResult<Recipe> result = await Sweep.Over<Recipe>()
    .Minimize("error")
    .Trials(12).Seed(1).Workers(2)
    .RunWithAsync(study => new AwkRunner());

Console.WriteLine($"best error {result.Best!.Values[0]:0.000} at {result.Best.Configuration}");

/// <summary>Runs each trial as an awk program that prints its error. One instance serves all workers, so that it keeps nothing.</summary>
internal sealed class AwkRunner : ITrialRunner
{
    public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        string rate = trial.Configuration.GetDouble("LearningRate").ToString("R", CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("awk") { RedirectStandardOutput = true };
        start.ArgumentList.Add($"BEGIN {{ x = log({rate}) / log(10) + 3; print x * x }}");
        using Process child = Process.Start(start)!;
        string printed = await child.StandardOutput.ReadToEndAsync(cancellationToken);
        await child.WaitForExitAsync(cancellationToken);
        // An exception here is a failed trial; what it says is on the trial.
        return child.ExitCode == 0
            ? new TrialOutcome([double.Parse(printed, CultureInfo.InvariantCulture)], [], ImmutableSortedDictionary<string, double>.Empty)
            : throw new InvalidOperationException($"awk ended with {child.ExitCode}.");
    }
}

internal sealed record Recipe([Float(1e-5, 1e-1, Log = true)] double LearningRate);
