using System.Collections.Immutable;
using AutoPeft.Functions;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary><c>function:NAME</c>: a closed-form test problem, to try the machinery without training anything.</summary>
internal sealed record FunctionProblem : SweepProblem
{
    public const string Prefix = "function:";

    /// <summary>The test problem's name.</summary>
    public required string Function { get; init; }

    /// <summary>Seconds that a trial takes.</summary>
    public double Delay { get; init; }

    /// <exception cref="InvalidInputException">There is no such function, or an option does not go with it.</exception>
    public static new FunctionProblem From(SweepArguments a) =>
        a.Task is null && a.Model is null
            ? new FunctionProblem { Function = a.Space[Prefix.Length..], Delay = a.Delay }
            : throw new InvalidInputException($"{a.Space} is a closed-form problem: it takes no --task and no --model.");

    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) =>
        new Runner(TestFunctions.Resolve(Function), TimeSpan.FromSeconds(Delay));

    protected override StudyDefinition Declare(SweepArguments a)
    {
        TestFunction f = TestFunctions.Resolve(Function);
        return new StudyDefinition(f.Space, f.Objectives, f.Outcomes) { Name = f.Name };
    }

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
