// One configuration for many tasks: degree and ridge of a polynomial fit, good for four curves at once. Those that lose are stopped before
// they have run them all: dotnet run examples/many-tasks.cs
#:project ../src/AutoPeft/AutoPeft.csproj

using AutoPeft.Analysis.Comparison;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

// Polynomials fitted to noisy samples of four curves, scored on points that the fit has not seen.
var curves = new Dictionary<string, Func<double, double>>
{
    ["line"] = x => 2 * x - 1,
    ["wave"] = x => Math.Sin(3 * x),
    ["bump"] = x => Math.Exp(-8 * x * x),
    ["edge"] = x => Math.Tanh(6 * x),
};
// What predicting the mean gives is each task's reference: without it the curve with the largest variance would decide alone.
var tasks = new TaskSetOptions
{
    Tasks = [.. curves.Select(c => new SetTask(c.Key, [new TaskScale(Error(c.Value, new Recipe(0, 1), 0))]))],
    Aggregate = TaskAggregate.Cvar(0.5),
};
SweepResult<Recipe> result = await Sweep.Over<Recipe>().Minimize("relative_error").Trials(60).Seed(1).Scheduler("race:aggregate=cvar:0.5")
    .RunAsync(tasks, (recipe, task, trial, _) => Task.FromResult<double[]>([Error(curves[task], recipe, trial.Assignment.Seed)]));

Console.WriteLine($"{result.Best.Configuration} has {result.Best.Values[0]:0.000} of the reference's error on its worse half of the tasks");
TaskTable table = TaskTable.Of(result.Study);
foreach (TaskTableRow row in table.Rows.Take(5))
    Console.WriteLine($"trial {row.Trial,2}: {string.Join("  ", table.Tasks.Zip(row.Results, (t, r) => $"{t} {r:0.000}"))}   worst rank "
        + $"{row.WorstRank}, profile score {row.Score:0.00}");
Console.WriteLine($"{result.Study.Trials.Count(t => t.State == TrialState.Pruned)} of {result.Study.Trials.Count} configurations were "
    + $"stopped before their last task");

// Stands for your training: ridge regression by the normal equations (Gauss and Jordan), root mean square error against the true curve.
static double Error(Func<double, double> curve, Recipe recipe, ulong seed)
{
    var random = new Philox(seed);
    int n = 24, m = recipe.Degree + 1;
    var a = new double[m, m + 1];
    for (int i = 0; i < n; i++)
    {
        double x = 2 * random.NextDouble() - 1, y = curve(x) + 0.1 * random.NextNormal();
        for (int j = 0; j < m; j++)
        {
            for (int k = 0; k < m; k++) a[j, k] += Math.Pow(x, j + k);
            a[j, m] += Math.Pow(x, j) * y;
        }
    }
    for (int j = 1; j < m; j++) a[j, j] += recipe.Ridge;
    for (int p = 0; p < m; p++)
        for (int j = 0; j < m; j++)
        {
            if (j == p) continue;
            double f = a[j, p] / a[p, p];
            for (int k = p; k <= m; k++) a[j, k] -= f * a[p, k];
        }
    double sum = 0;
    for (int i = 0; i <= 100; i++)
    {
        double x = i / 50.0 - 1, fit = 0;
        for (int j = 0; j < m; j++) fit += a[j, m] / a[j, j] * Math.Pow(x, j);
        sum += Math.Pow(fit - curve(x), 2);
    }
    return Math.Sqrt(sum / 101);
}

internal sealed record Recipe([Int(0, 12)] int Degree, [Float(1e-6, 10, Log = true)] double Ridge);
