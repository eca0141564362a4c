using System.Collections.Immutable;
using System.Globalization;
using AutoPeft.Functions;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary><c>function:NAME</c>: a closed-form test problem, to try the machinery without training anything.</summary>
internal sealed class FunctionProblem : ISweepProblem
{
    public const string Prefix = "function:";

    public StudyDefinition Define(SweepArguments a)
    {
        TestFunction f = TestFunctions.Resolve(a.Space[Prefix.Length..]);
        if (a.Task is not null || a.Model is not null)
            throw new InvalidInputException($"{a.Space} is a closed-form problem: it takes no --task and no --model.");
        return new StudyDefinition(f.Space, f.Objectives, f.Outcomes)
        {
            Name = f.Name,
            Sampler = a.Sampler,
            Seed = a.Seed,
            Budget = a.Trials,
            Settings = ImmutableSortedDictionary<string, string>.Empty.Add(SweepProblems.SpaceSetting, a.Space)
                .Add("delay", a.Delay.ToString("R", CultureInfo.InvariantCulture)),
        };
    }

    public ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) =>
        new Runner(TestFunctions.Resolve(definition.Settings[SweepProblems.SpaceSetting][Prefix.Length..]),
            TimeSpan.FromSeconds(double.Parse(definition.Settings["delay"], CultureInfo.InvariantCulture)));

    private sealed class Runner(TestFunction function, TimeSpan delay) : ITrialRunner
    {
        public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            // In tenths, so that a hang can be told from a long trial and a cancel is obeyed soon.
            var slice = TimeSpan.FromSeconds(0.1);
            for (TimeSpan left = delay; left > TimeSpan.Zero; left -= slice)
            {
                await Task.Delay(left < slice ? left : slice, cancellationToken).ConfigureAwait(false);
                reporter.Heartbeat();
            }
            (double[] values, double[] outcomes) = function.Evaluate(trial.Configuration);
            return new TrialOutcome([.. values], [.. outcomes], ImmutableSortedDictionary<string, double>.Empty);
        }
    }
}
