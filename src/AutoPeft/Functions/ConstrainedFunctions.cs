using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Functions;

/// <summary>Problems whose outcomes have to stay within bounds, and one with a hard constraint between parameters.</summary>
internal static class ConstrainedFunctions
{
    /// <summary>DTLZ2 with only parts of the sphere feasible (Jain and Deb 2014).</summary>
    public static TestFunction C2Dtlz2() =>
        new("c2-dtlz2", SingleObjectiveFunctions.Cube(4, 0, 1), [Objective.Minimize("f0", 1.1), Objective.Minimize("f1", 1.1)], c =>
    {
        double[] f = MultiObjectiveFunctions.Dtlz2Of(SingleObjectiveFunctions.Vector(c), 2);
        double axis = double.PositiveInfinity, middle = -0.04;
        for (int i = 0; i < 2; i++)
        {
            axis = Math.Min(axis, Math.Pow(f[i] - 1, 2) + f[1 - i] * f[1 - i] - 0.04);
            middle += Math.Pow(f[i] - 1 / Math.Sqrt(2), 2);
        }
        return (f, [Math.Min(axis, middle)]);
    })
        { Outcomes = [new OutcomeConstraint("g", Max: 0)], Budget = 60, MaximalHypervolume = 0.3996406303723544 };

    /// <summary>Binh and Korn's problem: a convex front within two circles.</summary>
    public static TestFunction Bnh() =>
        new("bnh", SearchSpace.Build(s => s.Float("x", 0, 5).Float("y", 0, 3)),
            [Objective.Minimize("f0", 140), Objective.Minimize("f1", 50)], c =>
    {
        double x = c.GetDouble("x"), y = c.GetDouble("y");
        return ([4 * x * x + 4 * y * y, Math.Pow(x - 5, 2) + Math.Pow(y - 5, 2)],
            [Math.Pow(x - 5, 2) + y * y, Math.Pow(x - 8, 2) + Math.Pow(y + 3, 2)]);
    })
        { Outcomes = [new OutcomeConstraint("g0", Max: 25), new OutcomeConstraint("g1", Min: 7.7)], Budget = 40 };

    /// <summary>Srinivas and Deb's problem.</summary>
    public static TestFunction Srn() =>
        new("srn", SearchSpace.Build(s => s.Float("x", -20, 20).Float("y", -20, 20)),
            [Objective.Minimize("f0", 250), Objective.Minimize("f1", 0)], c =>
    {
        double x = c.GetDouble("x"), y = c.GetDouble("y");
        return ([2 + Math.Pow(x - 2, 2) + Math.Pow(y - 1, 2), 9 * x - Math.Pow(y - 1, 2)], [x * x + y * y, x - 3 * y + 10]);
    })
        { Outcomes = [new OutcomeConstraint("g0", Max: 225), new OutcomeConstraint("g1", Max: 0)], Budget = 40 };

    /// <summary>Osyczka and Kundu's problem (1995): six parameters, six constraints, a front along their edges.</summary>
    public static TestFunction Osy() =>
        new("osy",
            SearchSpace.Build(
                s => s.Float("a", 0, 10).Float("b", 0, 10).Float("c", 1, 5).Float("d", 0, 6).Float("e", 1, 5).Float("f", 0, 10)),
        [Objective.Minimize("f0", -75), Objective.Minimize("f1", 75)], configuration =>
    {
        double[] x = SingleObjectiveFunctions.Vector(configuration);
        double first =
            -(25 * Math.Pow(x[0] - 2, 2) + Math.Pow(x[1] - 2, 2) + Math.Pow(x[2] - 1, 2) + Math.Pow(x[3] - 4, 2) + Math.Pow(x[4] - 1, 2));
        return ([first, x.Sum(v => v * v)],
            [2 - x[0] - x[1], x[0] + x[1] - 6, x[1] - x[0] - 2, x[0] - 3 * x[1] - 2, Math.Pow(x[2] - 3, 2) + x[3] - 4,
                4 - Math.Pow(x[4] - 3, 2) - x[5]]);
    })
        { Outcomes = [.. Enumerable.Range(0, 6).Select(i => new OutcomeConstraint($"g{i}", Max: 0))], Budget = 80 };

    /// <summary>Gramacy et al.'s toy problem (2016): a linear objective and two curved constraints; optimum 0.5998.</summary>
    public static TestFunction Gramacy() => new("gramacy", SingleObjectiveFunctions.Cube(2, 0, 1), [Objective.Minimize("f", 2)], c =>
    {
        double x = c.Codes[0], y = c.Codes[1];
        return ([x + y], [1.5 - x - 2 * y - 0.5 * Math.Sin(2 * Math.PI * (x * x - 2 * y)), x * x + y * y - 1.5]);
    })
    { Outcomes = [new OutcomeConstraint("g0", Max: 0), new OutcomeConstraint("g1", Max: 0)], Optimum = 0.599788, Budget = 40 };

    /// <summary>Townsend's function within a heart-shaped region (modified; Townsend 2014), optimum −2.0239884.</summary>
    public static TestFunction Townsend() =>
        new("townsend", SearchSpace.Build(s => s.Float("x", -2.25, 2.25).Float("y", -2.5, 1.75)), [Objective.Minimize("f", 2)], c =>
    {
        double x = c.GetDouble("x"), y = c.GetDouble("y"), t = Math.Atan2(x, y);
        double heart = Math.Pow(2 * Math.Cos(t) - 0.5 * Math.Cos(2 * t) - 0.25 * Math.Cos(3 * t) - 0.125 * Math.Cos(4 * t), 2)
            + Math.Pow(2 * Math.Sin(t), 2);
        return ([-Math.Pow(Math.Cos((x - 0.1) * y), 2) - x * Math.Sin(3 * x + y)], [x * x + y * y - heart]);
    })
        { Outcomes = [new OutcomeConstraint("g", Max: 0)], Optimum = -2.0239884, Budget = 40 };

    /// <summary>A welded beam: cost against stress, buckling and deflection (Coello and Montes 2002).</summary>
    public static TestFunction WeldedBeam() =>
        new("welded-beam", SearchSpace.Build(s => s.Float("h", 0.125, 10).Float("l", 0.1, 10).Float("t", 0.1, 10).Float("b", 0.1, 10)),
            [Objective.Minimize("cost", 50)], c =>
    {
        double h = c.Codes[0], l = c.Codes[1], t = c.Codes[2], b = c.Codes[3], load = 6000, length = 14;
        double first = load / (Math.Sqrt(2) * h * l), arm = Math.Sqrt(l * l / 4 + Math.Pow((h + t) / 2, 2)),
            polar = 2 * Math.Sqrt(2) * h * l * (l * l / 12 + Math.Pow((h + t) / 2, 2));
        double second = load * (length + l / 2) * arm / polar,
            shear = Math.Sqrt(first * first + first * second * l / arm + second * second);
        double stress = 6 * load * length / (b * t * t), deflection = 4 * load * Math.Pow(length, 3) / (30e6 * t * t * t * b);
        double buckling = 4.013 * 30e6 * Math.Sqrt(t * t * Math.Pow(b, 6) / 36) / (length * length)
            * (1 - t / (2 * length) * Math.Sqrt(30e6 / (4 * 12e6)));
        return ([1.10471 * h * h * l + 0.04811 * t * b * (14 + l)],
            [shear - 13600, stress - 30000, h - b, deflection - 0.25, load - buckling]);
    })
        { Outcomes = [.. Enumerable.Range(0, 5).Select(i => new OutcomeConstraint($"g{i}", Max: 0))], Optimum = 1.724852, Budget = 80 };

    /// <summary>A tension spring's weight (Coello and Montes 2002).</summary>
    public static TestFunction Spring() =>
        new("tension-spring", SearchSpace.Build(s => s.Float("wire", 0.05, 1).Float("coil", 0.25, 1.3).Float("turns", 2, 15)),
            [Objective.Minimize("weight", 20)], c =>
    {
        double d = c.Codes[0], w = c.Codes[1], n = c.Codes[2];
        return ([(n + 2) * w * d * d],
            [1 - w * w * w * n / (71785 * Math.Pow(d, 4)),
                (4 * w * w - w * d) / (12566 * (w * d * d * d - Math.Pow(d, 4))) + 1 / (5108 * d * d) - 1, 1 - 140.45 * d / (w * w * n),
                (d + w) / 1.5 - 1]);
    })
        { Outcomes = [.. Enumerable.Range(0, 4).Select(i => new OutcomeConstraint($"g{i}", Max: 0))], Optimum = 0.012665, Budget = 60 };

    /// <summary>
    /// A pressure vessel: whole plate thicknesses, cost to minimise (Sandgren 1990; Coello 2002). Three outcome constraints.
    /// </summary>
    public static TestFunction PressureVessel() =>
        new("pressure-vessel",
            SearchSpace.Build(s => s.Int("shell", 1, 99).Int("head", 1, 99).Float("radius", 10, 200).Float("length", 10, 200)),
        [Objective.Minimize("cost", 1e6)], c =>
        {
            double a = 0.0625 * c.GetInt("shell"), b = 0.0625 * c.GetInt("head"), r = c.GetDouble("radius"), l = c.GetDouble("length");
            double cost = 0.6224 * a * r * l + 1.7781 * b * r * r + 3.1661 * a * a * l + 19.84 * a * a * r;
            return ([cost], [0.0193 * r - a, 0.00954 * r - b, 1_296_000 - Math.PI * r * r * l - 4.0 / 3 * Math.PI * r * r * r]);
        })
        {
            Outcomes = [new OutcomeConstraint("g0", Max: 0), new OutcomeConstraint("g1", Max: 0), new OutcomeConstraint("g2", Max: 0)],
            Optimum =
        6059.714,
            Budget = 80
        };

    /// <summary>
    /// A disc brake's mass against its stopping time (Osyczka and Kundu 1995; Tanabe and Ishibuchi 2020), four outcome constraints.
    /// </summary>
    public static TestFunction DiscBrake() =>
        new("disc-brake",
            SearchSpace.Build(s => s.Float("inner", 55, 80).Float("outer", 75, 110).Float("force", 1000, 3000).Float("surfaces", 11, 20)),
        [Objective.Minimize("mass", 5.7771), Objective.Minimize("time", 3.9651)], c =>
        {
            double a = c.GetDouble("inner"), b = c.GetDouble("outer"), f = c.GetDouble("force"), n = c.GetDouble("surfaces"),
                square = b * b - a * a, cube = Math.Pow(b, 3) - Math.Pow(a, 3);
            return ([4.9e-5 * square * (n - 1), 9.82e6 * square / (f * n * cube)],
                [20 - (b - a), f / (3.14 * square) - 0.4, 2.22e-3 * f * cube / (square * square) - 1,
                    900 - 2.66e-2 * f * n * cube / square]);
        })
        { Outcomes = [.. Enumerable.Range(0, 4).Select(i => new OutcomeConstraint($"g{i}", Max: 0))], Budget = 60 };

    /// <summary>Sizes that may not exceed a budget together: a hard constraint, known before anything runs.</summary>
    public static TestFunction Knapsack() =>
        new("budgeted",
            SearchSpace.Build(s => s.Int("a", 0, 64).Int("b", 0, 64).Int("c", 0, 64).Float("x", 0, 1).Require("a + b + c <= 64")),
        [Objective.Minimize("loss", 3)], c =>
        {
            double gain = Math.Log(1 + c.GetInt("a")) + 0.7 * Math.Log(1 + 2 * c.GetInt("b")) + 0.5 * Math.Sqrt(c.GetInt("c"));
            return ([8 - gain + 4 * Math.Pow(c.GetDouble("x") - 0.3, 2)], []);
        })
        { Budget = 50 };
}
