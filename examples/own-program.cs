// A file that is a sweep: by itself in one process, or with worker processes, resume, report and all:   dotnet run examples/own-program.cs
//   ./autopeft sweep examples/own-program.cs --trials 40 --workers 2 --scheduler median
#:project ../src/AutoPeft/AutoPeft.csproj

using AutoPeft.Running;
using AutoPeft.Spaces;

SweepResult<Recipe>? result = await Sweep.Over<Recipe>()
    .Minimize("error").Minimize("cost", log: true)
    .Trials(30).Seed(1)
    .RunOrServeAsync(TrainAsync);

if (result is not null)
    foreach (SweepPoint<Recipe> p in result.Front) Console.WriteLine($"error {p.Values[0]:0.000}  cost {p.Values[1],5:0}  "
        + $"{p.Configuration}");

// Stands for your training. Both objectives are reported at once, so that a scheduler can compare trials on their way.
static async Task<double[]> TrainAsync(Recipe r, SweepTrial trial, CancellationToken cancellationToken)
{
    double cost = r.Width * r.Width, error = 1;
    for (int epoch = 1; epoch <= 5; epoch++)
    {
        error = 0.1 + 4.0 / r.Width + Math.Pow(Math.Log10(r.Optimizer.Rate) + 2.5, 2) / 10 + 0.5 / epoch;
        await trial.ReportAsync(epoch, [error, cost], cancellationToken);
    }
    return [error, cost];
}

internal sealed record Recipe([Int(8, 256, Log = true)] int Width, [Nested] Optimizer Optimizer);

internal sealed record Optimizer([Float(1e-5, 1e-1, Log = true)] double Rate, [Float(0.8, 0.99, Step = 0.01)] double Momentum);
