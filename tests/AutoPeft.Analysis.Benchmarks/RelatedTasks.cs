using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Benchmarks;

/// <summary>
/// Fine-tunings as a family of closed-form tasks: error against trainable parameters over sizes, layers and a learning rate. Tasks of one
/// family prefer nearly the same layers, sizes and rates; those of another family prefer others.
/// </summary>
internal static class RelatedTasks
{
    private const int Layers = 8;

    /// <summary>A task.</summary>
    /// <param name="family">What the task shares with its relatives.</param>
    /// <param name="task">What sets it apart.</param>
    public static TestFunction Peft(ulong family, ulong task)
    {
        Philox shared = new(family, 0, StreamPurpose.Data), own = new(family, task, StreamPurpose.Scramble);
        double[] layer = [.. Enumerable.Range(0, Layers).Select(_ => Math.Pow(shared.NextDouble(), 3))];
        double[] module = [.. Enumerable.Range(0, 3).Select(_ => 0.2 + shared.NextDouble())];
        double rate = -4.5 + 2 * shared.NextDouble(), saturation = 3 + 3 * shared.NextDouble();
        layer = [.. layer.Select(l => Math.Max(l + 0.1 * own.NextNormal(), 0))];
        module = [.. module.Select(l => Math.Max(l + 0.1 * own.NextNormal(), 0.05))];
        rate += 0.15 * own.NextNormal();
        double offset = 0.05 * own.NextNormal(), layers = layer.Sum(), modules = module.Sum();
        double[] sizes = [0, 1, 2, 4, 8, 16, 32, 64, 128];
        SearchSpace space = SearchSpace.Build(s =>
        {
            s.Ordinal("serial", sizes).Ordinal("parallel", sizes).Ordinal("prefix", sizes).Float("lr", 1e-6, 1e-1, log: true);
            for (int i = 0; i < Layers; i++) s.Bool($"layer{i}");
            s.Require("serial + parallel + prefix > 0");
        });
        return new TestFunction($"peft-{family}-{task}", space, [Objective.Minimize("error", 0.6), Objective.Minimize("log_parameters", 7)],
            c =>
        {
            double on = 0, count = 0;
            for (int i = 0; i < Layers; i++)
                if (c.GetBool($"layer{i}")) (on, count) = (on + layer[i] / layers, count + 1);
            double capacity = 0, parameters = 0;
            string[] names = ["serial", "parallel", "prefix"];
            for (int k = 0; k < 3; k++)
            {
                double size = c.GetDouble(names[k]);
                capacity += module[k] / modules * (1 - Math.Exp(-Math.Log2(1 + size) / saturation * 2));
                parameters += size * 256;
            }
            double off = Math.Log10(c.GetDouble("lr")) - rate;
            double error = 0.45 + offset - 0.35 * on * capacity * Math.Exp(-0.5 * off * off) + (off > 1.5 ? 0.1 * (off - 1.5) : 0);
            return ([error, Math.Log10(100 + parameters * count)], []);
        })
        { Budget = 40, Noise = 0.003 };
    }
}
