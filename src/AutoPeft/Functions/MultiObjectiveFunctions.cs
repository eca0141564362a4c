using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Functions;

/// <summary>Multi-objective problems of the literature, on continuous spaces; reference points as BoTorch states them.</summary>
internal static class MultiObjectiveFunctions
{
    /// <summary>Branin against Currin's exponential.</summary>
    public static TestFunction BraninCurrin() => Many("branin-currin", 2, [18, 6], 59.36011874867746, 60, x =>
    {
        double f = x[1] > 1e-12 ? 1 - Math.Exp(-1 / (2 * x[1])) : 1;
        double currin = f * (2300 * Math.Pow(x[0], 3) + 1900 * x[0] * x[0] + 2092 * x[0] + 60)
            / (100 * Math.Pow(x[0], 3) + 500 * x[0] * x[0] + 4 * x[0] + 20);
        return [SingleObjectiveFunctions.BraninOf(15 * x[0] - 5, 15 * x[1]), currin];
    });

    /// <summary>DTLZ2 (Deb et al. 2002): the front is the unit sphere's positive part.</summary>
    public static TestFunction Dtlz2(int d, int m) => Many(m == 2 && d == 6 ? "dtlz2" : $"dtlz2-{d}-{m}", d, [.. Enumerable.Repeat(1.1, m)],
        Math.Pow(1.1, m) - m switch { 2 => Math.PI / 4, 3 => Math.PI / 6, 4 => Math.PI * Math.PI / 32, _ => double.NaN }, 60,
        x => Dtlz2Of(x, m));

    /// <summary>
    /// DTLZ2 with the distance parameters' optimum away from the middle, at 0.2, 0.35, 0.65, 0.8 and so on: a search that starts in the
    /// middle must not find it there.
    /// </summary>
    public static TestFunction Dtlz2Shifted(int d, int m)
    {
        double[] shift = [-0.3, -0.15, 0.15, 0.3];
        return Many($"dtlz2-shifted-{d}-{m}", d, [.. Enumerable.Repeat(1.1, m)], Dtlz2(d, m).MaximalHypervolume, 60,
            x => Dtlz2Of([.. x.Select((v, i) => i < m - 1 ? v : v - shift[(i - m + 1) % 4])], m));
    }

    /// <summary>ZDT1, ZDT2 or ZDT3 (Zitzler, Deb and Thiele 2000).</summary>
    public static TestFunction Zdt(int which, int d) =>
        Many(d == (which == 1 ? 10 : 8) ? $"zdt{which}" : $"zdt{which}-{d}", d, [11, 11],
            which switch { 1 => 120 + 2.0 / 3, 2 => 120 + 1.0 / 3, _ => 128.7781 }, 60, x =>
    {
        double g = 1;
        for (int i = 1; i < d; i++) g += 9 * x[i] / (d - 1);
        double r = x[0] / g;
        return [x[0],
            g * (which switch { 1 => 1 - Math.Sqrt(r), 2 => 1 - r * r, _ => 1 - Math.Sqrt(r) - r * Math.Sin(10 * Math.PI * x[0]) })];
    });

    /// <summary>DTLZ7 (Deb et al. 2002): 2^(m − 1) separate pieces of front.</summary>
    public static TestFunction Dtlz7(int d, int m) => Many($"dtlz7-{d}-{m}", d, [.. Enumerable.Repeat(1.5, m - 1), 15], null, 60, x =>
    {
        double g = 1, h = m;
        for (int i = m - 1; i < d; i++) g += 9 * x[i] / (d - m + 1);
        for (int i = 0; i < m - 1; i++) h -= x[i] / (1 + g) * (1 + Math.Sin(3 * Math.PI * x[i]));
        return [.. x.Take(m - 1), (1 + g) * h];
    });

    /// <summary>
    /// A four-bar truss: volume against displacement (Tanabe and Ishibuchi 2020, RE21; F = 10, E = 2·10⁵, L = 200, σ = 10).
    /// </summary>
    public static TestFunction Truss() => Many("four-bar-truss", 4, [2967.0243, 0.0383], null, 60, u =>
    {
        double a = 1 + 2 * u[0], b = Math.Sqrt(2) + (3 - Math.Sqrt(2)) * u[1], c = Math.Sqrt(2) + (3 - Math.Sqrt(2)) * u[2],
            d = 1 + 2 * u[3];
        return [200 * (2 * a + Math.Sqrt(2) * b + Math.Sqrt(c) + d),
            10 * 200 / 2e5 * (2 / a + 2 * Math.Sqrt(2) / b - 2 * Math.Sqrt(2) / c + 2 / d)];
    });

    /// <summary>Crash safety of a vehicle: mass, acceleration, intrusion (Tanabe and Ishibuchi 2020, RE33).</summary>
    public static TestFunction VehicleSafety() =>
        Many("vehicle-safety", 5, [1864.72022, 11.81993945, 0.2903999384], 246.81607081187002, 60, u =>
    {
        double a = 1 + 2 * u[0], b = 1 + 2 * u[1], c = 1 + 2 * u[2], d = 1 + 2 * u[3], e = 1 + 2 * u[4];
        double mass = 1640.2823 + 2.3573285 * a + 2.3220035 * b + 4.5688768 * c + 7.7213633 * d + 4.4559504 * e;
        double acceleration = 6.5856 + 1.15 * a - 1.0427 * b + 0.9738 * c + 0.8364 * d - 0.3695 * a * d + 0.0861 * a * e + 0.3628 * b * d
            - 0.1106 * a * a - 0.3437 * c * c + 0.1764 * d * d;
        double intrusion = -0.0551 + 0.0181 * a + 0.1024 * b + 0.0421 * c - 0.0073 * a * b + 0.024 * b * c - 0.0118 * b * d - 0.0204 * c * d
            - 0.008 * c * e - 0.0241 * b * b + 0.0109 * d * d;
        return [mass, acceleration, intrusion];
    });

    /// <summary>
    /// Side impact of a car: mass, force on the pelvis, speed of the pillar and the door, and what is violated of ten limits (Jain and Deb
    /// 2014; Tanabe and Ishibuchi 2020, RE41).
    /// </summary>
    public static TestFunction CarSideImpact() =>
        Many("car-side-impact", 7, [45.4872, 4.5114, 13.3394, 10.3942], 484.72654347642793, 60, u =>
    {
        double a = 0.5 + u[0], b = 0.45 + 0.9 * u[1], c = 0.5 + u[2], d = 0.5 + u[3], e = 0.875 + 1.75 * u[4], f = 0.4 + 0.8 * u[5],
            g = 0.4 + 0.8 * u[6];
        double mass = 1.98 + 4.9 * a + 6.67 * b + 6.98 * c + 4.01 * d + 1.78 * e + 1e-5 * f + 2.73 * g,
            force = 4.72 - 0.5 * d - 0.19 * b * c;
        double pillar = 10.58 - 0.674 * a * b - 0.67275 * b, door = 16.45 - 0.489 * c * g - 0.843 * e * f;
        double[] left =
        [
            1 - 1.16 + 0.3717 * b * d + 0.0092928 * c,
            0.32 - 0.261 + 0.0159 * a * b + 0.06486 * a + 0.019 * b * g - 0.0144 * c * e - 0.0154464 * f,
            0.32 - 0.214 - 0.00817 * e + 0.0587118 * a - 0.03099 * b * f + 0.018 * b * g - 0.030408 * c + 0.00364 * e * f + 0.018 * b * b,
            0.32 - 0.74 + 0.61 * b + 0.031296 * c + 0.031872 * g - 0.227 * b * b,
            32 - 28.98 - 3.818 * c + 4.2 * a * b - 1.27296 * f + 2.68065 * g,
            32 - 33.86 - 2.95 * c + 5.057 * a * b + 3.795 * b + 3.4431 * g - 1.45728,
            32 - 46.36 + 9.9 * b + 4.4505 * a,
            4 - force, 9.9 - pillar, 15.7 - door,
        ];
        return [mass, force, 0.5 * (pillar + door), left.Sum(l => Math.Max(-l, 0))];
    });

    internal static double[] Dtlz2Of(double[] x, int m)
    {
        double g = 0;
        for (int i = m - 1; i < x.Length; i++) g += (x[i] - 0.5) * (x[i] - 0.5);
        var f = new double[m];
        for (int i = 0; i < m; i++)
        {
            f[i] = 1 + g;
            for (int j = 0; j < m - 1 - i; j++) f[i] *= Math.Cos(x[j] * Math.PI / 2);
            if (i > 0) f[i] *= Math.Sin(x[m - 1 - i] * Math.PI / 2);
        }
        return f;
    }

    private static TestFunction Many(string name, int d, double[] reference, double? maximum, int budget, Func<double[], double[]> f) =>
        new(name, SingleObjectiveFunctions.Cube(d, 0, 1), [.. reference.Select((r, j) => Objective.Minimize($"f{j}", r))],
            c => (f(SingleObjectiveFunctions.Vector(c)), []))
        { MaximalHypervolume = maximum, Budget = budget };
}
