// A scheduler of your own, which stops what is far behind the best at the same step:   dotnet run examples/own-scheduler.cs
// It is done when a class that inherits SchedulerContract of AutoPeft.TestKit passes.
#:project ../src/AutoPeft/AutoPeft.csproj

using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

SweepResult<Recipe> result = await Sweep.Over<Recipe>()
    .Minimize("loss")
    .Trials(40).Seed(1)
    .Scheduler(new FarBehind(factor: 1.5))
    .RunAsync(async (recipe, trial, cancellationToken) =>
    {
        double loss = 0;
        for (int step = 1; step <= 10; step++)
        {
            // One epoch of your training.
            loss = Math.Pow(Math.Log10(recipe.LearningRate) + 3, 2) + 1.0 / step;
            await trial.ReportAsync(step, [loss], cancellationToken);
        }
        return [loss];
    });

int steps = result.Study.Trials.Sum(t => t.Reports.Count);
int stopped = result.Study.Trials.Count(t => t.State == TrialState.Pruned);
Console.WriteLine($"best loss {result.Best!.Values[0]:0.000}; {stopped} trials stopped, {steps} of 400 steps trained");

/// <summary>Stops a trial whose loss is more than a factor above the best that any trial had at that step.</summary>
internal sealed class FarBehind(double factor) : IScheduler
{
    public string Name => "far-behind";

    public Decision Decide(IStudyView study, Trial trial)
    {
        string metric = study.Definition.Objectives[0].Name;
        Report last = trial.Reports[^1];
        double best = study.Trials
            .SelectMany(t => t.Reports.Where(r => r.Step == last.Step))
            .Min(r => r.Metrics[metric]);
        return last.Metrics[metric] > factor * best ? Decision.Stop : Decision.Continue;
    }
}

internal sealed record Recipe([Float(1e-5, 1e-1, Log = true)] double LearningRate);
