// Reports, pruning, failures, several workers, a study on disk that goes on, tables:   dotnet run examples/report-and-resume.cs
#:project ../src/AutoPeft/AutoPeft.csproj
#:project ../src/AutoPeft.Parquet/AutoPeft.Parquet.csproj

using AutoPeft.Parquet;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

string folder = args.Length > 0 ? args[0] : Directory.CreateTempSubdirectory("study-").FullName;
string log = Path.Combine(folder, "study.log");

// The second run goes on with the first one's study: it has 20 trials already, and makes 20 more.
await RunAsync(20);
SweepResult<Recipe> result = await RunAsync(40);

StudyTables.Write(folder, result.Study);
IReadOnlyList<Trial> all = result.Study.Trials;
Console.WriteLine($"{all.Count} trials, {all.Count(t => t.State == TrialState.Pruned)} pruned, "
    + $"{all.Count(t => t.State == TrialState.Failed)} failed ({all.First(t => t.Error is not null).Error})");
IEnumerable<string?> tables = Directory.GetFiles(folder, "*.parquet").Select(Path.GetFileName).Order();
Console.WriteLine($"best {result.Best.Values[0]:0.000} at {result.Best.Configuration}; tables: {string.Join(", ", tables)}");

Task<SweepResult<Recipe>> RunAsync(int trials) => Sweep.Over<Recipe>()
    .Minimize("loss")
    .Trials(trials).Seed(1).Workers(2).Scheduler("median")
    .Journal(log)
    .RunAsync(TrainAsync);

// Stands for your training. A report may end the trial: the scheduler then cancels, and its last report is what it leaves.
static async Task<double[]> TrainAsync(Recipe recipe, SweepTrial trial, CancellationToken cancellationToken)
{
    if (recipe.Rate > 0.2) throw new InvalidOperationException("the loss is not a number");
    double loss = 1;
    for (int epoch = 1; epoch <= 10; epoch++)
    {
        loss = Math.Pow(Math.Log10(recipe.Rate) + 2, 2) / 4 + 1.0 / (epoch * recipe.Width);
        await trial.ReportAsync(epoch, [loss], cancellationToken);
    }
    trial.Measure("parameters", 100.0 * recipe.Width);
    return [loss];
}

internal sealed record Recipe([Float(1e-4, 1, Log = true)] double Rate, [Int(1, 16)] int Width);
