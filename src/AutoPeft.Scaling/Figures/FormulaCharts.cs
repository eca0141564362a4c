using AutoPeft.Reporting;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Fitting;

namespace AutoPeft.Scaling.Figures;

/// <summary>Figures of a formula's fit.</summary>
internal static class FormulaCharts
{
    /// <summary>Predictions against what was seen.</summary>
    public static SvgFigure PredictedAgainstSeen(FormulaFit fit, double[] target)
    {
        var f = new SvgFigure("predicted-seen", "Predicted and seen", 470, 316, "Each dot is a row; on the line the formula meets it.");
        double[] fitted = Fitted(fit, target);
        bool log = target.Min() > 0 && fitted.Min() > 0 && target.Max() / target.Min() > 5;
        var range = AxisScale.Around(target.Concat(fitted), log);
        var p = new Panel(f, 54, 28, 396, 232, range, log, range, log, "predicted", "seen");
        p.Curve([(range.Low, range.Low), (range.High, range.High)], "thin dash s5");
        foreach (int i in Shown(target.Length)) p.Dot("rows", fitted[i], target[i], 2.6, "soft s0");
        return f;
    }

    /// <summary>Residuals over predictions.</summary>
    public static SvgFigure Residuals(FormulaFit fit, double[] target)
    {
        bool relative = fit.Options.Residuals != ResidualScale.Linear;
        var f = new SvgFigure("residuals", "Residuals", 470, 236,
            (relative ? "ln of seen over predicted" : "Seen less predicted") + ". A trend would mean that the form is wrong.");
        double[] fitted = Fitted(fit, target);
        double extent = Math.Max(1e-12, fit.Residuals.Max(r => Math.Abs(r)) * 1.08);
        var p = new Panel(f, 54, 28, 400, 152, AxisScale.Around(fitted, false), false, (-extent, extent), false, "predicted",
            relative ? "ln seen − ln predicted" : "seen − predicted");
        f.Line(p.Left, p.Y[0], p.Left + p.Width, p.Y[0], "thin s5");
        foreach (int i in Shown(target.Length)) p.Dot("rows", fitted[i], -fit.Residuals[i], 2.6, "soft s0");
        return f;
    }

    private static double[] Fitted(FormulaFit fit, double[] target) => [.. target.Select((y, i) => fit.Options.Residuals switch
    {
        ResidualScale.Log => y * Math.Exp(fit.Residuals[i]),
        ResidualScale.Relative => y + fit.Residuals[i] * Math.Abs(y),
        _ => y + fit.Residuals[i],
    })];

    private static IEnumerable<int> Shown(int count) => Enumerable.Range(0, count).Where(i => i % Math.Max(1, count / 4000) == 0);
}
