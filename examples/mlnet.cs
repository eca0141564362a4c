// ML.NET both ways: a Gaussian process of ours tunes an ML.NET experiment, and ML.NET's SMAC tuner searches a space of ours: dotnet run
// examples/mlnet.cs
#:project ../src/AutoPeft.MLNet/AutoPeft.MLNet.csproj

#if !MLNET
Console.WriteLine("This build is without ML.NET: the package Microsoft.ML.AutoML was not restored here, so there is nothing to show.");
#else
using AutoPeft.MLNet.Samplers;
using AutoPeft.MLNet.Tuners;
using AutoPeft.Running;
using AutoPeft.Spaces;
using Microsoft.ML;
using Microsoft.ML.AutoML;
using Microsoft.ML.SearchSpace.Option;
using ITrialRunner = Microsoft.ML.AutoML.ITrialRunner;
using SearchSpace = AutoPeft.Spaces.SearchSpace;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

// Ours in theirs: the one line that differs from any other experiment is SetAutoPeftTuner.
var space = new TheirSpace
{
    ["lr"] = new UniformDoubleOption(1e-5, 1e-1, logBase: true),
    ["leaves"] = new UniformIntOption(4, 256, logBase: true),
    ["booster"] = new ChoiceOption("gbdt", "dart", "goss"),
};
foreach (bool ours in (bool[])[false, true])
{
    var experiment = new AutoMLExperiment(new MLContext(seed: 1), new AutoMLExperiment.AutoMLExperimentSettings { SearchSpace = space });
    experiment.SetMaxModelToExplore(40).SetTrialRunner(new Runner());
    if (ours) experiment.SetAutoPeftTuner();
    else experiment.SetRandomSearchTuner();
    TrialResult best = await experiment.RunAsync();
    string found = System.Text.Json.JsonSerializer.Serialize(best.TrialSettings.Parameter);
    Console.WriteLine($"{(ours ? "AutoPeft's tuner" : "ML.NET's random tuner"),-22} loss {best.Loss:0.0000} after 40 trials: {found}");
}

// Theirs in ours: conditions and constraints, which ML.NET's spaces do not know, are kept for it.
SweepResult<Configuration> result = await Sweep.Over(SearchSpace.Build(s => s
        .Categorical("method", ["lora", "ia3"]).Int("rank", 1, 64, log: true, when: Condition.On("method", "lora"))
        .Float("lr", 1e-5, 1e-1, log: true).Require("method != 'lora' or rank <= 32")))
    .Minimize("error", reference: 2).Trials(40).Seed(1).Sampler(new MLNetSmacSampler())
    .RunAsync(c => [Math.Abs(Math.Log10(c.GetDouble("lr")) + 3) + (c.IsActive("rank") ? 1.0 / c.GetInt("rank") : 0.5)]);
Console.WriteLine($"{"ML.NET's SMAC",-22} error {result.Front[0].Values[0]:0.0000} after 40 trials: {result.Front[0].Configuration}");

// Stands for your training.
internal sealed class Runner : ITrialRunner
{
    public Task<TrialResult> RunAsync(TrialSettings settings, CancellationToken ct)
    {
        double lr = settings.Parameter["lr"].AsType<double>(), leaves = settings.Parameter["leaves"].AsType<int>();
        double loss = Math.Pow(Math.Log10(lr) + 2.5, 2) + Math.Pow(Math.Log2(leaves) - 5, 2) / 9
            + (settings.Parameter["booster"].AsType<string>() == "dart" ? 0 : 0.2);
        return Task.FromResult(new TrialResult { TrialSettings = settings, Loss = loss, Metric = loss });
    }

    public void Dispose() { }
}
#endif
