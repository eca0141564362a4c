using System.Collections.Immutable;
using AutoPeft.Functions;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.TestKit;

/// <summary>
/// Runs a study of a closed-form problem in memory: a fold and a sampler, with as many trials pending at once as there are workers. No
/// clocks, no threads.
/// </summary>
public sealed class FunctionStudy
{
    private readonly Philox _noise;

    /// <summary>
    /// A study of <paramref name="function"/> with this seed; <paramref name="change"/> has the last word on its definition.
    /// </summary>
    public FunctionStudy(TestFunction function, ulong seed, int? budget = null, Func<StudyDefinition, StudyDefinition>? change = null)
    {
        Function = function;
        _noise = new Philox(1000 + seed, 0, StreamPurpose.Data);
        var definition =
            new StudyDefinition(function.Space, function.Objectives, function.Outcomes) { Seed = seed, Budget = budget ?? function.Budget };
        Append(new StudyCreated(DateTimeOffset.UnixEpoch, change?.Invoke(definition) ?? definition));
    }

    /// <summary>The problem.</summary>
    public TestFunction Function { get; }

    /// <summary>The study as it is.</summary>
    public Study Study { get; } = new();

    /// <summary>The log.</summary>
    public List<StudyEvent> Log { get; } = [];

    /// <summary>Seconds that each call of the sampler took.</summary>
    public List<double> Seconds { get; } = [];

    /// <summary>Asks for <paramref name="count"/> configurations and records them.</summary>
    public IReadOnlyList<Proposal> Ask(ISampler sampler, int count = 1)
    {
        int first = Study.Trials.Count;
        long start = System.Diagnostics.Stopwatch.GetTimestamp(), seen = Study.Sequence;
        IReadOnlyList<Proposal> proposals =
            sampler.Propose(Study, count, new Philox(Study.Definition.Seed, (ulong)first, StreamPurpose.Ask));
        Seconds.Add(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds);
        for (int i = 0; i < proposals.Count; i++)
            Append(new TrialProposed(DateTimeOffset.UnixEpoch, first + i, proposals[i].Configuration, proposals[i].Note ?? sampler.Name,
                seen, first, count, proposals[i].State));
        return proposals;
    }

    /// <summary>Measures a pending trial and records what came out.</summary>
    public void Tell(int number)
    {
        (double[] values, double[] outcomes) = Function.Measure(Study.Trials[number].Configuration, _noise);
        Append(new TrialCompleted(DateTimeOffset.UnixEpoch, number, null, [.. values], [.. outcomes],
            ImmutableSortedDictionary<string, double>.Empty));
    }

    /// <summary>Records a failure.</summary>
    public void Fail(int number) => Append(new TrialFailed(DateTimeOffset.UnixEpoch, number, null, "failed"));

    /// <summary>Runs the whole budget with <paramref name="workers"/> trials in flight; the oldest ends first.</summary>
    public FunctionStudy Run(ISampler sampler, int workers = 1, int? budget = null)
    {
        int total = budget ?? Study.Definition.Budget ?? Function.Budget;
        var running = new Queue<int>();
        while (Study.Completed.Count < total)
        {
            while (running.Count < workers && Study.Trials.Count < total)
            {
                Ask(sampler);
                running.Enqueue(Study.Trials.Count - 1);
            }
            Tell(running.Dequeue());
        }
        return this;
    }

    /// <summary>
    /// Noise-free quality after each trial in the order of completion: minus the best value, or the hypervolume below the references; only
    /// feasible trials count.
    /// </summary>
    public double[] Trace()
    {
        var trace = new double[Study.Completed.Count];
        var losses = new List<double[]>();
        double[] reference = Study.Definition.ReferenceLosses!;
        double best = double.PositiveInfinity, volume = 0;
        for (int i = 0; i < trace.Length; i++)
        {
            (double[] values, double[] outcomes) = Function.Evaluate(Study.Completed[i].Configuration);
            if (Function.Outcomes.Zip(outcomes).All(o => o.First.Holds(o.Second)))
            {
                double[] loss = [.. values.Select((v, j) => Function.Objectives[j].ToLoss(v))];
                if (loss.Length == 1) best = Math.Min(best, loss[0]);
                else
                {
                    losses.Add(loss);
                    volume = Hypervolume.Compute(losses, reference);
                }
            }
            trace[i] = reference.Length > 1 ? volume : -Math.Min(best, reference[0]);
        }
        return trace;
    }

    private void Append(StudyEvent e)
    {
        Study.Apply(e);
        Log.Add(e);
    }
}
