using AutoPeft.Cli.Decoders;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Laws;

/// <summary>Trains decoders over grids of learning rate and batch, as a study that can be interrupted and resumed.</summary>
internal sealed class LawSweep(LawOptions options, int[] text)
{
    /// <summary>Names of the study's parameters.</summary>
    public const string Size = "size", Tokens = "tokens", Batch = "batch", Rate = "learning_rate";

    private const string Seconds = "seconds", Training = "training";

    // Thirds of a training are where runs are compared.
    private const int Thirds = 3;

    /// <summary>Runs what the journal has not yet.</summary>
    /// <param name="name">Name of the study.</param>
    /// <param name="cells">Sizes and numbers of tokens, in their order.</param>
    /// <param name="journal">The file.</param>
    /// <param name="observer">Sees runs begin and end.</param>
    /// <param name="cancellationToken">Interrupts; the next call goes on.</param>
    /// <returns>The runs that came to an end, diverged ones included, and how many were pruned.</returns>
    public async Task<(IReadOnlyList<LawRun> Runs, int Pruned)> RunAsync(string name, IReadOnlyList<(ModelSize Size, long Tokens)> cells,
        string journal, ISweepObserver observer, CancellationToken cancellationToken)
    {
        SearchSpace space = new SearchSpaceBuilder()
            .Categorical(Size, cells.Select(c => c.Size.ToString()).Distinct())
            .Ordinal(Tokens, cells.Select(c => (double)c.Tokens).Distinct().Order())
            .Ordinal(Batch, options.Batches.Select(b => (double)b))
            .Ordinal(Rate, options.Rates)
            // What all trainings share belongs to the study: a journal of other trainings is refused.
            .Categorical(Training, [options.Recipe])
            .Build("law");
        SweepResult<Configuration> result = await Sweep.Over(space).Minimize(DecoderLoss.Name).Named(name)
            .Trials(cells.Count * options.GridSize).Workers(options.Workers)
            .Sampler(new GridSampler(Math.Max(2, options.Rates.Count))).Scheduler(new GridPruner(DecoderLoss.Name))
            .Enqueue(cells.SelectMany(c => Grid(space, c.Size, c.Tokens))).Journal(journal).Observe(observer)
            .RunAsync((point, trial, cancel) => Task.FromResult(Train(point, trial, cancel)), cancellationToken).ConfigureAwait(false);
        Trial[] failed = [.. result.Study.Trials.Where(t => t.State == TrialState.Failed)];
        if (failed.Length > 0)
            throw new InvalidInputException(
                $"{failed.Length} runs failed, the first of them: {failed[0].Error}; remove {journal} to repeat");
        return ([.. result.Study.Trials.Where(t => t.State == TrialState.Completed).Select(Read)],
            result.Study.Trials.Count(t => t.State == TrialState.Pruned));
    }

    /// <summary>A grid from its middle outwards: what is best is known early, and what is far from it can be pruned.</summary>
    private IEnumerable<Configuration> Grid(SearchSpace space, ModelSize size, long tokens) =>
        from rate in FromMiddle(options.Rates)
        from batch in FromMiddle(options.Batches)
        select space.FromValues(new Dictionary<string, object?>
        {
            [Size] = size.ToString(),
            [Tokens] = (double)tokens,
            [Batch] = (double)batch,
            [Rate] = rate,
            [Training] = options.Recipe,
        });

    private static IEnumerable<T> FromMiddle<T>(IReadOnlyList<T> values) =>
        Enumerable.Range(0, values.Count).OrderBy(i => Math.Abs(2 * i - values.Count + 1)).ThenBy(i => i).Select(i => values[i]);

    private double[] Train(Configuration point, SweepTrial trial, CancellationToken cancellationToken)
    {
        ModelSize size = ModelSize.Parse(point.GetString(Size));
        int batch = (int)point.GetDouble(Batch);
        int steps = checked((int)((long)point.GetDouble(Tokens) / batch / options.Length));
        int every = Math.Max(1, (steps + Thirds - 1) / Thirds);
        using DecoderModel model = size.Create(options.Length, options.Seed);
        LanguageModelingResult result = CausalLanguageModeling.Train(model, text, new LanguageModelingOptions
        {
            Steps = steps,
            BatchSize = batch,
            SequenceLength = options.Length,
            LearningRate = point.GetDouble(Rate),
            Warmup = 0.1,
            HeldOutTokens = 16_384,
            EvaluateEverySteps = every,
            Seed = options.Seed,
        }, onEvaluation: (step, loss) =>
        {
            // A training is one thread's from beginning to end: it waits here. The end is no report: it is the result.
            if (step < steps && loss is { } value && double.IsFinite(value))
                trial.ReportAsync(step / every, DecoderLoss.Name, value, cancellationToken).GetAwaiter().GetResult();
            return true;
        }, cancellationToken: cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        trial.Measure(Seconds, result.Seconds);
        return DecoderLoss.Values(result, trial);
    }

    private static LawRun Read(Trial trial)
    {
        Configuration point = trial.Configuration;
        return new LawRun(ModelSize.Parse(point.GetString(Size)), (long)point.GetDouble(Tokens), point.GetDouble(Rate),
            (int)point.GetDouble(Batch), DecoderLoss.Of(trial) ?? double.NaN, trial.Metrics.GetValueOrDefault(Seconds));
    }
}
