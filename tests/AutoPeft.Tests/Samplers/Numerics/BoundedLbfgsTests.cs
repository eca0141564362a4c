using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Tests.Samplers.Numerics;

public sealed class BoundedLbfgsTests
{
    private static double Rosenbrock(double[] x, double[] g)
    {
        Array.Clear(g);
        double f = 0;
        for (int i = 0; i + 1 < x.Length; i++)
        {
            double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
            f += 100 * a * a + b * b;
            g[i] += -400 * a * x[i] - 2 * b;
            g[i + 1] += 200 * a;
        }
        return f;
    }

    [Fact]
    public void It_follows_rosenbrocks_valley_to_the_end()
    {
        double[] x = [-1.2, 1, -1, 0.5];
        double f = new BoundedLbfgs(4).Minimize(Rosenbrock, x, [-5, -5, -5, -5], [5, 5, 5, 5], 500, 2000, 1e-12, 0.1);
        Assert.Equal(0, f, 1e-10);
        Assert.All(x, v => Assert.Equal(1, v, 1e-4));
    }

    [Fact]
    public void A_minimum_outside_the_bounds_is_found_on_them()
    {
        double[] x = [0.5, 0.5];
        // (x − 2)² + (y + 1)² + xy/2 on the unit square: x = 1, y = 0.
        new BoundedLbfgs(2).Minimize((p, g) =>
        {
            g[0] = 2 * (p[0] - 2) + p[1] / 2;
            g[1] = 2 * (p[1] + 1) + p[0] / 2;
            return (p[0] - 2) * (p[0] - 2) + (p[1] + 1) * (p[1] + 1) + p[0] * p[1] / 2;
        }, x, [0, 0], [1, 1], 100, 200, 1e-10, 0.1);
        Assert.Equal([1.0, 0.0], x);
    }

    [Fact]
    public void Infinite_regions_are_walls()
    {
        double[] x = [0.9];
        new BoundedLbfgs(1)
            .Minimize((p, g) => { g[0] = 1; return p[0] < 0.3 ? double.PositiveInfinity : p[0]; }, x, [0], [1], 100, 400, 1e-10, 0.1);
        Assert.InRange(x[0], 0.3, 0.31);
    }
}
