using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Functions;

/// <summary>Single-objective problems of the literature, on continuous spaces.</summary>
internal static class SingleObjectiveFunctions
{
    private static readonly double[,] HartmannA =
        { { 10, 3, 17, 3.5, 1.7, 8 }, { 0.05, 10, 17, 0.1, 8, 14 }, { 3, 3.5, 1.7, 10, 17, 8 }, { 17, 8, 0.05, 10, 0.1, 14 } };
    private static readonly double[,] HartmannP =
    {
        { 0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886 }, { 0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991 },
        { 0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650 }, { 0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381 },
    };
    private static readonly double[] HartmannAlpha = [1, 1.2, 3, 3.2];

    /// <summary>Branin: three global minima.</summary>
    public static TestFunction Branin(string name = "branin", double noise = 0) =>
        One(name, Cube(2, 0, 1), 10, 0.397887, 40, x => BraninOf(15 * x[0] - 5, 15 * x[1])) with { Noise = noise };

    /// <summary>Hartmann's six-dimensional function, optionally with noise.</summary>
    public static TestFunction Hartmann6(string name = "hartmann6", double noise = 0) =>
        One(name, Cube(6, 0, 1), 0, -3.32237, 60, HartmannOf) with { Noise = noise };

    /// <summary>Hartmann's function of 6 parameters among more that do not matter.</summary>
    public static TestFunction HartmannWide(int dimension) =>
        One($"hartmann6-in-{dimension}", Cube(dimension, 0, 1), 0, -3.32237, 80, HartmannOf);

    /// <summary>Ackley's function: many shallow minima around one deep one, off the middle of the range.</summary>
    public static TestFunction Ackley(int d, int budget = 60) => One($"ackley{d}", Cube(d, -3, 5), 20, 0, budget, AckleyOf);

    /// <summary>Rosenbrock's valley.</summary>
    public static TestFunction Rosenbrock(int d) => One($"rosenbrock{d}", Cube(d, -2, 2), 1000, 0, 60, x =>
    {
        double sum = 0;
        for (int i = 0; i + 1 < d; i++) sum += 100 * Math.Pow(x[i + 1] - x[i] * x[i], 2) + Math.Pow(1 - x[i], 2);
        return sum;
    });

    /// <summary>Levy's function.</summary>
    public static TestFunction Levy(int d, int budget = 60) => One($"levy{d}", Cube(d, -10, 10), 200, 0, budget, x =>
    {
        double W(int i) => 1 + (x[i] - 1) / 4;
        double sum =
            Math.Pow(Math.Sin(Math.PI * W(0)), 2) + Math.Pow(W(d - 1) - 1, 2) * (1 + Math.Pow(Math.Sin(2 * Math.PI * W(d - 1)), 2));
        for (int i = 0; i + 1 < d; i++) sum += Math.Pow(W(i) - 1, 2) * (1 + 10 * Math.Pow(Math.Sin(Math.PI * W(i) + 1), 2));
        return sum;
    });

    /// <summary>Shekel's foxholes, ten of them: narrow wells of differing depth on a plain.</summary>
    public static TestFunction Shekel() => One("shekel", Cube(4, 0, 10), 0, -10.536410, 60, x =>
    {
        double[] widths = [0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5];
        double[,] at = { { 4, 4, 4, 4 }, { 1, 1, 1, 1 }, { 8, 8, 8, 8 }, { 6, 6, 6, 6 }, { 3, 7, 3, 7 }, { 2, 9, 2, 9 }, { 5, 5, 3, 3 },
            { 8, 1, 8, 1 }, { 6, 2, 6, 2 }, { 7, 3.6, 7, 3.6 } };
        double sum = 0;
        for (int k = 0; k < 10; k++)
        {
            double inner = widths[k];
            for (int i = 0; i < 4; i++) inner += (x[i] - at[k, i]) * (x[i] - at[k, i]);
            sum -= 1 / inner;
        }
        return sum;
    });

    /// <summary>Styblinski and Tang's function: 2^d minima, one of them global.</summary>
    public static TestFunction Styblinski(int d) => One($"styblinski{d}", Cube(d, -5, 5), 0, -39.16616570377142 * d, 60, x =>
    {
        double sum = 0;
        foreach (double v in x) sum += 0.5 * (v * v * v * v - 16 * v * v + 5 * v);
        return sum;
    });

    /// <summary>Michalewicz's function: steep ravines across a plain (optimum in five dimensions: Molga and Smutnicki 2005).</summary>
    public static TestFunction Michalewicz() => One("michalewicz5", Cube(5, 0, Math.PI), 0, -4.687658, 60, x =>
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum -= Math.Sin(x[i]) * Math.Pow(Math.Sin((i + 1) * x[i] * x[i] / Math.PI), 20);
        return sum;
    });

    /// <summary>
    /// A learning curve's end as a function of a training recipe on log scales: a valley along learning rate × batch size, noisy.
    /// </summary>
    public static TestFunction Recipe() => new("recipe", SearchSpace.Build(s => s
        .Float("lr", 1e-6, 1e-1, log: true).Int("batch", 8, 1024, log: true).Float("warmup", 0, 0.3).Float("decay", 1e-5, 1, log: true)),
        [Objective.Minimize("loss", 5)], c =>
        {
            double lr = Math.Log10(c.GetDouble("lr")), batch = Math.Log2(c.GetInt("batch")), warmup = c.GetDouble("warmup"),
                decay = Math.Log10(c.GetDouble("decay"));
            double off = lr - (-3.5 + 0.15 * (batch - 5));
            double loss = 2 + 0.12 * off * off + (off > 1 ? 1.5 * (off - 1) : 0) + 0.01 * Math.Pow(batch - 6, 2)
                + 0.5 * Math.Pow(warmup - 0.06, 2) + 0.01 * Math.Pow(decay + 2, 2);
            return ([loss], []);
        })
    { Noise = 0.02, Optimum = 2, Budget = 50 };

    internal static double BraninOf(double a, double b) =>
        Math.Pow(b - 5.1 / (4 * Math.PI * Math.PI) * a * a + 5 / Math.PI * a - 6, 2) + 10 * (1 - 1 / (8 * Math.PI)) * Math.Cos(a) + 10;

    internal static double AckleyOf(double[] x)
    {
        double squares = 0, cosines = 0;
        foreach (double v in x)
        {
            squares += v * v / x.Length;
            cosines += Math.Cos(2 * Math.PI * v) / x.Length;
        }
        return -20 * Math.Exp(-0.2 * Math.Sqrt(squares)) - Math.Exp(cosines) + 20 + Math.E;
    }

    private static double HartmannOf(double[] x)
    {
        double sum = 0;
        for (int k = 0; k < 4; k++)
        {
            double inner = 0;
            for (int i = 0; i < 6; i++) inner += HartmannA[k, i] * Math.Pow(x[i] - HartmannP[k, i], 2);
            sum -= HartmannAlpha[k] * Math.Exp(-inner);
        }
        return sum;
    }

    internal static SearchSpace Cube(int d, double low, double high) => SearchSpace.Build(s =>
    {
        for (int i = 0; i < d; i++) s.Float($"x{i}", low, high);
    });

    internal static double[] Vector(Configuration c) => c.Codes.ToArray();

    private static TestFunction One(string name, SearchSpace space, double reference, double optimum, int budget,
        Func<double[], double> f) =>
        new(name, space, [Objective.Minimize("f", reference)], c => ([f(Vector(c))], [])) { Optimum = optimum, Budget = budget };
}
