// Which adapter, how large, at what learning rate? A typed space, two objectives, the front:   dotnet run examples/quickstart.cs
#:project ../src/AutoPeft/AutoPeft.csproj

using AutoPeft.Running;
using AutoPeft.Spaces;

SweepResult<Recipe> result = await Sweep.Over<Recipe>()
    .Minimize("error", reference: 0.5)
    .Minimize("parameters", reference: 2_000_000, log: true)
    .Trials(40).Seed(1)
    .RunAsync(recipe => [Error(recipe), Parameters(recipe)]);

Console.WriteLine($"{result.Study.Completed.Count} trials, {result.Front.Count} on the front:");
foreach (SweepPoint<Recipe> p in result.Front)
    Console.WriteLine($"  error {p.Values[0]:0.000}  {p.Values[1],9:N0} parameters  {p.Configuration.Method} rank "
        + $"{p.Configuration.Rank?.ToString() ?? "-"}, lr {p.Configuration.LearningRate:0.0e0}");

// Stands for your training: replace it with anything that takes a recipe and gives numbers.
static double Error(Recipe r) =>
    0.08 + 0.2 / (1 + (r.Rank ?? 1) * (r.Method == "dora" ? 1.3 : 1)) + 0.05 * Math.Pow(Math.Log10(r.LearningRate) + 3.2, 2);

static double Parameters(Recipe r) => r.Rank is { } rank ? 2 * 12 * 768 * rank + (r.Method == "dora" ? 12 * 768 : 0) : 3 * 12 * 768;

internal sealed record Recipe(
    [Float(1e-5, 1e-2, Log = true)] double LearningRate,
    [Choice("lora", "dora", "ia3")] string Method,
    [Int(1, 64, Log = true), When(nameof(Method), "lora", "dora")] int? Rank);
