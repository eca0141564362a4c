using AutoPeft.Samplers;
using Microsoft.ML.AutoML;

namespace AutoPeft.MLNet.Tuners;

/// <summary>Our samplers in ML.NET's experiments.</summary>
public static class AutoMLExperimentExtensions
{
    /// <summary>
    /// Has a sampler of ours tune the experiment, over whatever its search space is when it runs. State it after <c>SetPipeline</c>, which
    /// sets a tuner of its own.
    /// </summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="sampler">Null for "auto": a Gaussian process for the first 500 trials.</param>
    /// <param name="seed">Null for the experiment's own seed (that of its context), 0 where it has none.</param>
    /// <returns><paramref name="experiment"/>.</returns>
    public static AutoMLExperiment SetAutoPeftTuner(this AutoMLExperiment experiment, ISampler? sampler = null, ulong? seed = null) =>
        experiment.SetTuner(provider =>
        {
            var settings =
                (AutoMLExperiment.AutoMLExperimentSettings)provider.GetService(typeof(AutoMLExperiment.AutoMLExperimentSettings))!;
            return new SamplerTuner(settings.SearchSpace, sampler, new SamplerTunerOptions
            {
                Seed = seed ?? (ulong)(uint)(settings.Seed ?? 0),
                Budget = settings.MaxModels is > 0 and < int.MaxValue ? settings.MaxModels : null,
            });
        });
}
