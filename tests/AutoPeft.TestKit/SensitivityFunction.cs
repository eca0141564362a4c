using AutoPeft.Functions;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.TestKit;

/// <summary>A function whose variance decomposition under uniform inputs is known in closed form.</summary>
/// <param name="Function">The function.</param>
/// <param name="Main">Share of variance of each parameter alone.</param>
/// <param name="Total">Share of each parameter with its interactions.</param>
/// <param name="Pairs">Share of each pair beyond its main effects; pairs that are not named have none worth naming.</param>
public sealed record SensitivityFunction(TestFunction Function, double[] Main, double[] Total,
    IReadOnlyDictionary<(int, int), double> Pairs)
{
    /// <summary>sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁ on [−π, π]³ (Ishigami and Homma 1990).</summary>
    public static SensitivityFunction Ishigami()
    {
        const double a = 7, b = 0.1;
        double v1 = 0.5 * Math.Pow(1 + b * Math.Pow(Math.PI, 4) / 5, 2), v2 = a * a / 8, v13 = b * b * Math.Pow(Math.PI, 8) * 8 / 225,
            v = v1 + v2 + v13;
        SearchSpace space =
            SearchSpace.Build(s => s.Float("x1", -Math.PI, Math.PI).Float("x2", -Math.PI, Math.PI).Float("x3", -Math.PI, Math.PI));
        return new(new TestFunction("ishigami", space, [Objective.Minimize("f")], c =>
            ([Math.Sin(c.Codes[0]) + a * Math.Pow(Math.Sin(c.Codes[1]), 2) + b * Math.Pow(c.Codes[2], 4) * Math.Sin(c.Codes[0])], [])),
            [v1 / v, v2 / v, 0], [(v1 + v13) / v, v2 / v, v13 / v], new Dictionary<(int, int), double> { [(0, 2)] = v13 / v });
    }

    /// <summary>Π (|4x_i − 2| + a_i)/(1 + a_i) on [0, 1]⁸, a = (0, 1, 4.5, 9, 99, 99, 99, 99) (Saltelli and Sobol' 1995).</summary>
    public static SensitivityFunction SobolG()
    {
        double[] a = [0, 1, 4.5, 9, 99, 99, 99, 99];
        double[] part = [.. a.Select(x => 1 / (3 * (1 + x) * (1 + x)))];
        double v = part.Aggregate(1.0, (p, x) => p * (1 + x)) - 1;
        SearchSpace space = SearchSpace.Build(s =>
        {
            for (int i = 0; i < 8; i++) s.Float($"x{i + 1}", 0, 1);
        });
        var pairs = new Dictionary<(int, int), double>();
        for (int i = 0; i < 8; i++)
            for (int j = i + 1; j < 8; j++) pairs[(i, j)] = part[i] * part[j] / v;
        return new(new TestFunction("sobol-g", space, [Objective.Minimize("f")], c =>
        {
            double product = 1;
            for (int i = 0; i < 8; i++) product *= (Math.Abs(4 * c.Codes[i] - 2) + a[i]) / (1 + a[i]);
            return ([product], []);
        }), [.. part.Select(p => p / v)], [.. part.Select(p => p * (v + 1) / (1 + p) / v)], pairs);
    }

    /// <summary>
    /// A switch that adds 1, and under it (a conditional parameter) 2u: f = s·(1 + 2u) + 0.5·[c = 'a'], u uniform on [0, 1] where s is
    /// on, c one of four. The shares over independent coordinates are worked out below.
    /// </summary>
    public static SensitivityFunction Conditional()
    {
        SearchSpace space =
            SearchSpace.Build(s => s.Bool("on").Float("u", 0, 1, when: Condition.On("on", true)).Categorical("c", ["a", "b", "c", "d"]));
        // on: means 0 and 2, variance 1. u: mean over on is (1 + 2u)/2, variance 1/12. on×u: E[s²]E[(1+2u)²] − 1 = ½·13/3 − 1 =
        // 7/6 in all, less 1 and 1/12. c: 0.25·¼·¾.
        double on = 1, u = 1 / 12.0, both = 7 / 6.0 - 1 - 1 / 12.0, c = 0.25 * 0.1875, v = on + u + both + c;
        return new(new TestFunction("conditional", space, [Objective.Minimize("f")], x =>
            ([(x.GetBool("on") ? 1 + 2 * x.GetDouble("u") : 0) + (x.GetString("c") == "a" ? 0.5 : 0)], [])),
            [on / v, u / v, c / v], [(on + both) / v, (u + both) / v, c / v], new Dictionary<(int, int), double> { [(0, 1)] = both / v });
    }
}
