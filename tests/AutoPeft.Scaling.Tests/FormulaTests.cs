using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Formulas;
using AutoPeft.Scaling.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Scaling.Tests;

public sealed class FormulaTests
{
    [Fact]
    public void Dual_numbers_differentiate_like_finite_differences() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NormalFloat>(), ArbMap.Default.ArbFor<NormalFloat>(), (a, b) =>
        {
            double x = 0.2 + Math.Abs(Math.Tanh(a.Get)), y = 0.3 + Math.Abs(Math.Tanh(b.Get));
            static Dual F(Dual u, Dual v) => Dual.Exp(u * v) / (1 + Dual.Sqrt(u)) - Dual.Pow(u, v) * Dual.Log(v) + Dual.Tanh(-u);
            var d = F(Dual.Variable(x, 0, 2), Dual.Variable(y, 1, 2));
            const double H = 1e-6;
            double dx = (F(x + H, y).Value - F(x - H, y).Value) / (2 * H), dy = (F(x, y + H).Value - F(x, y - H).Value) / (2 * H);
            return Math.Abs(d.Derivative(0) - dx) < 1e-6 && Math.Abs(d.Derivative(1) - dy) < 1e-6;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_lambda_is_fitted_to_its_own_truth()
    {
        double[][] rows = [.. Enumerable.Range(0, 40).Select(i => new[] { 1e7 * Math.Pow(1.25, i) })];
        double[] y = [.. rows.Select(r => 1.7 + 90 * Math.Pow(r[0], -0.25))];
        var fit = FormulaFit.Fit((p, r) => p[0] + Dual.Exp(p[1] - p[2] * Math.Log(r[0])),
            [new("E", 1), new("a", 2, OtherStarts: 6), new("alpha", 0.5, OtherStarts: 0.1)], rows, y);
        Assert.Equal(1.7, fit["E"], 6);
        Assert.Equal(Math.Log(90), fit["a"], 4);
        Assert.Equal(0.25, fit["alpha"], 6);
    }

    [Fact]
    public void Text_is_parsed_with_the_usual_precedence_and_errors_say_where()
    {
        var f = new FormulaText("E + A*N^-alpha/2 - -1", ["N", "D"]);
        Assert.Equal(["E", "A", "alpha"], f.Parameters);
        Assert.Equal(["N"], f.Regressors);
        Assert.Equal(2 + 3 * Math.Pow(5, -0.5) / 2 + 1, Value(f, [2, 3, 0.5], 5), 12);
        Assert.Equal(Math.Pow(2, 9), Value(new FormulaText("a^3^2", []), [2]), 9);
        Assert.Contains("character 5", Assert.Throws<ScalingDataException>(() => new FormulaText("E + * N", ["N"])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ScalingDataException>(() => new FormulaText("sin(E)", []));
    }

    private static double Value(FormulaText formula, double[] parameters, params double[] row)
    {
        Span<double> value = stackalloc double[1];
        new FormulaProgram(formula, [.. row.Select(v => new[] { v })], 1).Evaluate(parameters, 0, value, default);
        return value[0];
    }

    [Fact]
    public void A_bound_that_is_met_is_said_and_no_coefficients_are_given()
    {
        double[][] rows = [.. Enumerable.Range(1, 20).Select(i => new[] { (double)i })];
        var e = Assert.Throws<FitDidNotConvergeException>(() =>
            FormulaFit.Fit((p, r) => p[0] * Dual.Pow(r[0], p[1]), [new("c", 1), new("k", 0.5, 0, 1)], rows,
                [.. rows.Select(r => 3 * r[0] * r[0])]));
        Assert.Contains("k = 1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Least_squares_leaves_residuals_orthogonal_to_the_regressors()
    {
        double[] x1 = [0, 1, 2, 3, 4, 5], x2 = [1, 0, 2, 1, 3, 2], y = [0.1, 2.4, 3.6, 5.8, 7.1, 9.2];
        var fit = LeastSquares.Fit([x1, x2], y);
        // Residuals are orthogonal to every regressor: the definition of the solution, whoever computes it.
        Assert.Equal(0, fit.Residuals.Sum(), 10);
        Assert.Equal(0, fit.Residuals.Zip(x1, (r, x) => r * x).Sum(), 10);
        Assert.Equal(0, fit.Residuals.Zip(x2, (r, x) => r * x).Sum(), 10);
        Assert.Equal(fit.VarianceInflation[0], fit.VarianceInflation[1], 10);
        Assert.True(LeastSquares.Fit([x1, [.. x1.Select(v => 2 * v + 1)]], y).IsSingular);
    }
}
