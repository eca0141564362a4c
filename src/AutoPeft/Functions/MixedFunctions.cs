using System.Globalization;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Functions;

/// <summary>Problems on mixed and conditional spaces, where searches over fine-tuning configurations live.</summary>
internal static class MixedFunctions
{
    // A Dirichlet draw with concentrations rising from 0.5 to 2: how much each of twelve layers matters.
    private static readonly double[] LayerImportance =
    [
        0.04962856329044447, 0.1248270860947328, 0.025614103125766265, 0.000372879507186268, 0.04455297160390263, 0.16567799740486103,
        0.1308295396556038, 0.13050804985265627, 0.03257985603911568, 0.018451568926665128, 0.052288045040026765, 0.22466933945903897,
    ];

    /// <summary>
    /// A search over adapters in the shape of AutoPEFT's: a switch per layer, three sizes on log scales, a learning rate, an activation.
    /// Error against log10 of parameters.
    /// </summary>
    public static TestFunction PeftLike() => new("peft-like", SearchSpace.Build(s =>
    {
        for (int i = 0; i < 12; i++) s.Categorical($"layer{i}", ["off", "on"]);
        s.Int("serial", 1, 768, log: true).Int("parallel", 1, 768, log: true).Int("prefix", 1, 200, log: true)
            .Float("lr", 1e-5, 1e-2, log: true).Categorical("act", ["gelu", "relu", "tanh"]);
    }), [Objective.Minimize("error", 0.45), Objective.Minimize("log10_params", 7.5)], c =>
    {
        double on = 0, cover = 0;
        for (int i = 0; i < 12; i++)
        {
            on += c.Codes[i];
            cover += c.Codes[i] * LayerImportance[i];
        }
        double serial = c.GetInt("serial"), parallel = c.GetInt("parallel"), prefix = c.GetInt("prefix");
        double size = Math.Max(on * 2 * 768 * (serial + parallel + prefix), 1);
        double gain = 0.45 * (1 - Math.Exp(-serial / 24)) + 0.35 * (1 - Math.Exp(-parallel / 96)) + 0.2 * (1 - Math.Exp(-prefix / 12));
        double off = Math.Log10(c.GetDouble("lr")) - (-3.3 - 0.15 * Math.Log10(size) / 6);
        double error = 0.42 - 0.26 * gain * Math.Pow(cover, 0.6) + 0.06 * off * off + 0.015 * Math.Max(0, on - 9) / 12;
        error += c.GetString("act") switch { "relu" => 0.006, "tanh" => 0.012, _ => 0 };
        return ([error, Math.Log10(size)], []);
    })
    { Budget = 100 };

    /// <summary>
    /// The same where the count of parameters is stated as a formula, as it can be of any adapter, and need not be learnt.
    /// </summary>
    public static TestFunction PeftCounted()
    {
        TestFunction plain = PeftLike();
        string layers = string.Join(" + ", Enumerable.Range(0, 12).Select(i => $"(layer{i} == 'on')"));
        return plain with
        {
            Name = "peft-counted",
            Objectives = [plain.Objectives[0],
                plain.Objectives[1] with { Formula = $"log10(max(1536 * ({layers}) * (serial + parallel + prefix), 1))" }],
        };
    }

    /// <summary>Ackley's function of ten five-way choices (whose order is not told) and three numbers.</summary>
    public static TestFunction AckleyMixed() => new("ackley-mixed", SearchSpace.Build(s =>
    {
        for (int i = 0; i < 10; i++) s.Categorical($"c{i}", ["0", "1", "2", "3", "4"]);
        for (int i = 0; i < 3; i++) s.Float($"x{i}", -1, 1);
    }), [Objective.Minimize("f", 5)], c =>
    {
        double[] choice = [0, 0.5, 1, -0.5, -1], x = c.Codes.ToArray();
        for (int i = 0; i < 10; i++) x[i] = choice[(int)x[i]];
        return ([SingleObjectiveFunctions.AckleyOf(x)], []);
    })
    { Optimum = 0, Budget = 80 };

    /// <summary>
    /// A training that diverges: the loss is quadratic in the logarithm of the learning rate up to an edge, which differs by optimiser and
    /// rises with the square root of the batch, and explodes beyond it, up to 10⁴. What is looked for are differences of a hundredth.
    /// </summary>
    public static TestFunction Divergence() => new("divergence", SearchSpace.Build(s => s
        .Float("lr", 1e-4, 10, log: true).Int("batch", 8, 4096, log: true).Float("decay", 1e-6, 1, log: true).Float("beta", 0.8, 0.999)
        .Categorical("optimizer", ["sgd", "adam", "lion"])),
        [Objective.Minimize("loss", 20)], c =>
        {
            double lr = Math.Log10(c.GetDouble("lr")), batch = Math.Log10(c.GetInt("batch"));
            (double best, double loss) = c.GetString("optimizer") switch { "sgd" => (-0.8, 2.6), "adam" => (-3.0, 2.4), _ => (-4.0, 2.38) };
            best += 0.5 * (batch - 2.5);
            loss += 0.1 * Math.Pow(lr - best, 2) + 0.05 * Math.Pow(batch - 2.4, 2)
                + 0.02 * Math.Pow(Math.Log10(c.GetDouble("decay")) + 2, 2) + 2 * Math.Pow(c.GetDouble("beta") - 0.93, 2);
            if (lr > best + 0.7) loss += Math.Exp(4 * (lr - best - 0.7)) - 1;
            return ([Math.Min(loss, 1e4)], []);
        })
    { Noise = 0.005, Budget = 50 };

    /// <summary>A choice of method, each with parameters of its own and its own optimum; two parameters are shared.</summary>
    public static TestFunction Methods() => new("methods", SearchSpace.Build(s => s
        .Categorical("method", ["lora", "adapter", "prefix", "bitfit"])
        .Float("lr", 1e-5, 1e-1, log: true)
        .Float("dropout", 0, 0.5)
        .Int("rank", 1, 128, log: true, when: Condition.On("method", "lora"))
        .Float("alpha", 1, 128, log: true, when: Condition.On("method", "lora"))
        .Int("bottleneck", 4, 512, log: true, when: Condition.On("method", "adapter"))
        .Categorical("placement", ["serial", "parallel"], when: Condition.On("method", "adapter"))
        .Int("length", 1, 200, log: true, when: Condition.On("method", "prefix"))), [Objective.Minimize("error", 1)], c =>
        {
            double lr = Math.Log10(c.GetDouble("lr")), dropout = c.GetDouble("dropout"), error;
            switch (c.GetString("method"))
            {
                case "lora":
                    double rank = Math.Log2(c.GetInt("rank")), alpha = Math.Log2(c.GetDouble("alpha"));
                    error = 0.10 + 0.006 * Math.Pow(rank - 4.3, 2) + 0.02 * Math.Pow(lr + 3.4 + 0.3 * (alpha - rank), 2)
                        + 0.004 * Math.Pow(alpha - rank - 1, 2);
                    break;
                case "adapter":
                    double size = Math.Log2(c.GetInt("bottleneck"));
                    error = 0.12 + 0.005 * Math.Pow(size - 6, 2) + 0.03 * Math.Pow(lr + 3.8, 2)
                        + (c.GetString("placement") == "serial" ? 0.01 : 0);
                    break;
                case "prefix":
                    error = 0.18 + 0.01 * Math.Pow(Math.Log2(c.GetInt("length")) - 5, 2) + 0.03 * Math.Pow(lr + 2, 2);
                    break;
                default:
                    error = 0.22 + 0.02 * Math.Pow(lr + 2.5, 2);
                    break;
            }
            return ([error + 0.15 * Math.Pow(dropout - 0.12, 2)], []);
        })
    { Optimum = 0.10, Budget = 60 };

    /// <summary>The same against the number of trainable parameters, with LoRA's targets as a subset.</summary>
    public static TestFunction MethodsAndSize() => new("methods-size", SearchSpace.Build(s => s
        .Categorical("method", ["lora", "adapter", "bitfit"])
        .Float("lr", 1e-5, 1e-2, log: true)
        .Int("rank", 1, 128, log: true, when: Condition.On("method", "lora"))
        .Subset("targets", ["q", "k", "v", "o", "up", "down"], minSize: 1, when: Condition.On("method", "lora"))
        .Int("bottleneck", 1, 512, log: true, when: Condition.On("method", "adapter"))
        .Int("layers", 1, 12)), [Objective.Minimize("error", 0.5), Objective.Minimize("log10_params", 7.5)], c =>
        {
            double lr = Math.Log10(c.GetDouble("lr")), layers = c.GetInt("layers"), capacity, size, best = -3.5;
            switch (c.GetString("method"))
            {
                case "lora":
                    ulong mask = (ulong)c.Codes[3];
                    double[] worth = [0.25, 0.1, 0.3, 0.15, 0.15, 0.2], cost = [1, 1, 1, 1, 2.5, 2.5];
                    double w = 0, k = 0;
                    for (int i = 0; i < 6; i++)
                        if ((mask >> i & 1) == 1) (w, k) = (w + worth[i], k + cost[i]);
                    size = layers * 2 * 768 * c.GetInt("rank") * k;
                    capacity = Math.Min(w, 1) * (1 - Math.Exp(-c.GetInt("rank") / 6.0));
                    break;
                case "adapter":
                    size = layers * 2 * 768 * c.GetInt("bottleneck");
                    capacity = 0.95 * (1 - Math.Exp(-c.GetInt("bottleneck") / 40.0));
                    best = -3.9;
                    break;
                default:
                    size = layers * 8_000;
                    capacity = 0.45;
                    best = -2.7;
                    break;
            }
            return ([0.40 - 0.25 * capacity * Math.Pow(layers / 12, 0.5) + 0.05 * Math.Pow(lr - best, 2), Math.Log10(size)], []);
        })
    { Budget = 80 };

    /// <summary>
    /// A network whose depth says how many widths there are, and whose optimiser says which of its own settings there are: three
    /// conditions, error against time of a step.
    /// </summary>
    public static TestFunction DeepNetwork() => new("deep-network", SearchSpace.Build(s => s
        .Categorical("depth", ["1", "2", "3"])
        .Int("width1", 8, 512, log: true)
        .Int("width2", 8, 512, log: true, when: Condition.On("depth", "2", "3"))
        .Int("width3", 8, 512, log: true, when: Condition.On("depth", "3"))
        .Categorical("optimizer", ["sgd", "adam"])
        .Float("lr", 1e-5, 1, log: true)
        .Float("momentum", 0, 0.99, when: Condition.On("optimizer", "sgd"))
        .Float("beta", 0.8, 0.999, when: Condition.On("optimizer", "adam"))
        .Categorical("activation", ["relu", "gelu", "tanh"])
        .Float("dropout", 0, 0.6)), [Objective.Minimize("error", 0.6), Objective.Minimize("log10_flops", 6)], c =>
        {
            int depth = int.Parse(c.GetString("depth"), CultureInfo.InvariantCulture);
            double before = 64, flops = 0, capacity = 0;
            for (int i = 1; i <= depth; i++)
            {
                double width = c.GetInt($"width{i}");
                flops += before * width;
                capacity += (1 - capacity) * 0.6 * (1 - Math.Exp(-width / 60));
                before = width;
            }
            double lr = Math.Log10(c.GetDouble("lr")), off;
            if (c.GetString("optimizer") == "sgd")
                off = Math.Pow(lr - (-0.4 - c.GetDouble("momentum")), 2) + 0.5 * Math.Pow(c.GetDouble("momentum") - 0.85, 2) + 0.15;
            else off = Math.Pow(lr + 2.6 + 0.2 * depth, 2) + 10 * Math.Pow(c.GetDouble("beta") - 0.92, 2);
            double error = 0.45 - 0.35 * capacity + 0.03 * off + 0.2 * Math.Pow(c.GetDouble("dropout") - 0.3 * capacity, 2);
            error += c.GetString("activation") switch { "tanh" => 0.01 * depth, "gelu" => 0.0, _ => 0.004 };
            return ([error, Math.Log10(flops + before)], []);
        })
    { Budget = 80 };

    /// <summary>A small network's recipe: integers, logs, categories with different optima, and noise.</summary>
    public static TestFunction SmallNetwork() => new("small-network", SearchSpace.Build(s => s
        .Int("layers", 1, 6).Int("width", 16, 1024, log: true).Float("lr", 1e-5, 1, log: true).Float("momentum", 0, 0.99)
        .Categorical("optimizer", ["sgd", "adam", "lion"]).Categorical("schedule", ["constant", "cosine", "linear"]).Bool("norm")
        .Ordinal("batch", [16, 32, 64, 128, 256])), [Objective.Minimize("error", 1)], c =>
        {
            double layers = c.GetInt("layers"), width = Math.Log2(c.GetInt("width")), lr = Math.Log10(c.GetDouble("lr")),
                momentum = c.GetDouble("momentum"), batch = Math.Log2(c.GetDouble("batch"));
            bool norm = c.GetBool("norm");
            double best = c.GetString("optimizer") switch { "sgd" => -1.0 - 0.8 * momentum, "adam" => -3.0, _ => -3.8 } + 0.2 * (batch - 6)
                - (norm ? 0 : 0.15 * layers);
            double error = 0.08 + 0.03 * Math.Pow(lr - best, 2) + 0.01 * Math.Pow(width - 8, 2)
                + 0.008 * Math.Pow(layers - (norm ? 4 : 2.5), 2) + (norm ? 0 : 0.02);
            error += c.GetString("optimizer") switch { "sgd" => 0.015 + 0.05 * Math.Pow(momentum - 0.9, 2), "adam" => 0.0, _ => 0.01 };
            error += c.GetString("schedule") switch { "constant" => 0.02, "cosine" => 0.0, _ => 0.003 };
            return ([Math.Min(error, 0.9)], []);
        })
    { Noise = 0.005, Optimum = 0.08, Budget = 60 };
}
