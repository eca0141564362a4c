using Microsoft.ML;
using Microsoft.ML.AutoML;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Samplers;

/// <summary>
/// Makes ML.NET's tuners. Their classes are internal, and their public door is an experiment: this one has the tuner made, takes it out of
/// the service provider that a trial runner's factory is handed, and is stopped before its first trial.
/// </summary>
internal static class TunerFactory
{
    /// <summary>A tuner over <paramref name="space"/>, all of whose randomness hangs on <paramref name="seed"/>.</summary>
    /// <param name="space">What it searches; at least one option.</param>
    /// <param name="seed">Of the tuner's generators and of the context that it trains its model in.</param>
    /// <param name="choose">Calls the experiment's method that sets the tuner.</param>
    public static ITuner Make(TheirSpace space, int seed, Action<AutoMLExperiment> choose)
    {
        var experiment =
            new AutoMLExperiment(new MLContext(seed), new AutoMLExperiment.AutoMLExperimentSettings { SearchSpace = space, Seed = seed });
        choose(experiment);
        ITuner? tuner = null;
        experiment.SetTrialRunner<ITrialRunner>(provider =>
        {
            tuner = (ITuner?)provider.GetService(typeof(ITuner));
            return new NoRunner();
        });
        try
        {
            experiment.RunAsync(new CancellationToken(canceled: true)).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            // What an experiment says that ended without a trial.
        }
        return tuner ?? throw new InvalidOperationException("ML.NET made no tuner.");
    }

    private sealed class NoRunner : ITrialRunner
    {
        public Task<TrialResult> RunAsync(TrialSettings settings, CancellationToken ct) =>
            throw new InvalidOperationException("No trial runs here.");

        public void Dispose() { }
    }
}
