// A learning-rate schedule that is found while the model trains, by population-based bandits (PB2):   dotnet run examples/population.cs
#:project ../src/AutoPeft/AutoPeft.csproj

using System.Globalization;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

const int length = 400;
string directory = Directory.CreateTempSubdirectory("population-").FullName;

SweepResult<Recipe> result = await Sweep.Over<Recipe>()
    .Minimize("loss")
    .Sampler($"pb2:population=4,interval=50,max={length},mode=sync").Trials(11).Seed(1)
    .TrialDirectory(directory)
    .RunAsync(TrainAsync);

Console.WriteLine($"Loss {result.Best.Values[0]:0.0e0} by trial {result.Best.Trial}, whose model was trained with");
Trial best = result.Study.Trials[result.Best.Trial];
foreach ((Configuration c, long until) in Ancestry.Of(result.Study, best)) Console.WriteLine($"  {c} until step {until},");
Console.WriteLine($"  {best.Configuration} to the end.");
Directory.Delete(directory, recursive: true);

// Stands for your training: momentum descent into Rosenbrock's valley. Before a report it saves what it needs to go on; who takes over
// finds that file in a directory of its own.
static async Task<double[]> TrainAsync(Recipe recipe, SweepTrial trial, CancellationToken cancellationToken)
{
    string file = Path.Combine(trial.Assignment.WorkDirectory!, "state.txt");
    double[] s = [-1.5, 2, 0, 0];
    if (trial.Assignment.ResumeFrom is not null)
        s = [.. (await File.ReadAllTextAsync(file, cancellationToken)).Split(' ')
            .Select(x => double.Parse(x, CultureInfo.InvariantCulture))];
    for (long step = (trial.Assignment.ResumeFrom ?? 0) + 1; step <= length; step++)
    {
        double gx = -2 * (1 - s[0]) - 400 * s[0] * (s[1] - s[0] * s[0]), gy = 200 * (s[1] - s[0] * s[0]),
            norm = Math.Max(1, Math.Sqrt(gx * gx + gy * gy));
        (s[2], s[3]) = (recipe.Momentum * s[2] - recipe.LearningRate * gx / norm, recipe.Momentum * s[3] - recipe.LearningRate * gy / norm);
        (s[0], s[1]) = (s[0] + s[2], s[1] + s[3]);
        if (step % 50 != 0) continue;
        Directory.CreateDirectory(trial.Assignment.WorkDirectory!);
        await File.WriteAllTextAsync(file, string.Join(' ', s.Select(x => x.ToString("R", CultureInfo.InvariantCulture))),
            cancellationToken);
        await trial.ReportAsync(step, "loss", Loss(s), cancellationToken);
    }
    return [Loss(s)];
}

static double Loss(double[] s) => (1 - s[0]) * (1 - s[0]) + 100 * (s[1] - s[0] * s[0]) * (s[1] - s[0] * s[0]);

internal sealed record Recipe([Float(1e-5, 1e-1, Log = true)] double LearningRate, [Float(0, 0.99)] double Momentum);
