using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoPeft.Examples.Tests;

/// <summary>Every example runs as it is, and prints what it is there to show.</summary>
public sealed class ExampleTests : IDisposable
{
    /// <summary>A pattern of what each prints, and its arguments; {runs} is a table of runs of a known law.</summary>
    private static readonly Dictionary<string, (string Prints, string[] Arguments)> Known = new()
    {
        ["chinchilla.cs"] = (@"HuberSum[\s\S]*L\(N, D\) = 1\.70\d+ \+ 40\d\.\d/N\^0\.340\d \+ 41\d\.\d/D\^0\.280\d", ["{runs}"]),
        ["declare-a-space.cs"] = (@"^The three are equal: True\n[\s\S]*it has [1-9]\d* neighbours\n\nMistakes are named:\n"
            + @"  Parameter 'Rank': 128 .*\n  Parameter 'Rank' is not active .*\n  Parameter 'lr'.*\n  Constraint 'method", []),
        ["many-tasks.cs"] = (@"of the reference's error on its worse half[\s\S]*stopped before their last task", []),
        ["mlnet.cs"] = (@"^This build is without ML\.NET: |ML\.NET's SMAC +error 0\.\d{4} after 40 trials", []),
        ["own-peft-method.cs"] = (@"krona: \d+ parameters.*\nmerged: logits move by \d\.\de-\d\d?\nloaded: accuracy on dev [01]\.\d", []),
        ["own-program.cs"] = (@"error 0\.\d{3}  cost +\d+  Recipe", []),
        ["own-runner.cs"] = (@"best error 0\.\d{3} at Recipe", []),
        ["own-sampler.cs"] = (@"best error 0\.0\d{3} at Recipe", []),
        ["own-scheduler.cs"] = (@"^best loss 0\.\d{3}; [1-9]\d* trials stopped, [1-3]\d\d of 400 steps trained", []),
        ["own-space.cs"] = (@"0\.\d{3} with +[\d,]+ parameters: lora r\d+", []),
        ["own-store.cs"] = (@"\d+ records in .*the last: \{", []),
        ["population.cs"] = (@"Loss \d\.\de-?\d+ by trial \d+[\s\S]*to the end", []),
        ["quickstart.cs"] = (@"40 trials, \d+ on the front:\n  error 0\.", []),
        ["report-and-resume.cs"] =
            (@"40 trials, [1-9]\d* pruned, [1-9]\d* failed \(.*not a number\)\n.*curves\.parquet, pareto\.parquet, trials\.parquet", []),
        ["step-law.cs"] = (@"--- NearOptimal\n[\s\S]*--- Argmin\n"
            + @"[\s\S]*lr    = 0\.002438·N\^−0\.4000·D\^0\.3000   R² 1\.00", ["{runs}"]),
    };

    private readonly string _directory = Directory.CreateTempSubdirectory("examples-").FullName;

    public static TheoryData<string> Files => [.. ExampleFiles.Names];

    public static TheoryData<string> OwnParts => [.. ExampleFiles.Names.Where(n => n.StartsWith("own-", StringComparison.Ordinal))];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Files))]
    public async Task An_example_runs_as_it_is_and_prints_what_it_shows(string file)
    {
        Assert.True(Known.TryGetValue(file, out (string Prints, string[] Arguments) known), $"say here what {file} prints");
        string[] arguments = [.. known.Arguments.Select(a => a == "{runs}" ? WriteRuns() : a)];
        (int code, string printed, string errors) = await ExampleFiles.RunAsync(file, arguments, _directory);
        Assert.True(code == 0, $"{file} ended with {code}:\n{printed}\n{errors}");
        Assert.True(Regex.IsMatch(printed, known.Prints), $"{file} printed\n{printed}\nand not {known.Prints}");
    }

    [Theory]
    [MemberData(nameof(OwnParts))]
    public void A_part_of_ones_own_takes_less_than_sixty_lines(string file) =>
        Assert.InRange(File.ReadLines(Path.Combine(ExampleFiles.Folder, file)).Count(), 1, 59);

    /// <summary>Runs of the loss 1.7 + 400/N^0.34 + 410/D^0.28 + a parabola about the best rate and batch, without noise.</summary>
    private string WriteRuns()
    {
        string path = Path.Combine(_directory, "runs.csv");
        var lines = new List<string> { "N,D,lr,bs,loss" };
        foreach (double n in (double[])[6e7, 2e8, 6e8])
            foreach (double d in (double[])[2e9, 6e9, 2e10])
                foreach (double rate in (double[])[-1, 0, 1])
                    foreach (double batch in (double[])[-1, 0, 1])
                    {
                        // The optimum lies between grid points, so that parabolas have something to find.
                        double best = 0.3 * Math.Log2(d / 6e9) - 0.4 * Math.Log2(n / 2e8);
                        double loss = 1.7 + 400 / Math.Pow(n, 0.34) + 410 / Math.Pow(d, 0.28)
                            + 0.01 * (rate - 0.1 * best) * (rate - 0.1 * best) + 0.005 * (batch - 0.1) * (batch - 0.1);
                        lines.Add(string.Create(CultureInfo.InvariantCulture,
                            $"{n:R},{d:R},{1e-3 * Math.Pow(2, rate + best):R},{256 * 1024 * Math.Pow(2, batch):R},{loss:R}"));
                    }
        File.WriteAllLines(path, lines);
        return path;
    }
}
