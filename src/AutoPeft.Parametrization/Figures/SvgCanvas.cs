using System.Globalization;
using System.Net;
using System.Text;

namespace AutoPeft.Parametrization;

/// <summary>A picture as one SVG file with literal colours, which browsers, LaTeX and Inkscape read.</summary>
internal sealed class SvgCanvas(double width, double height, string title)
{
    private readonly StringBuilder _body = new();

    public void Line(double x1, double y1, double x2, double y2, string colour, double thick = 1) =>
        _body.Append($"<line x1=\"{P(x1)}\" y1=\"{P(y1)}\" x2=\"{P(x2)}\" y2=\"{P(y2)}\" stroke=\"{colour}\" "
            + $"stroke-width=\"{P(thick)}\"/>\n");

    public void Curve(IEnumerable<(double X, double Y)> points, string colour, double thick, string? tip = null)
    {
        string path = string.Join(' ', points.Where(p => double.IsFinite(p.X + p.Y)).Select(p => $"{P(p.X)},{P(p.Y)}"));
        if (path.Length == 0) return;
        _body.Append($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{P(thick)}\" "
            + $"stroke-linejoin=\"round\">");
        if (tip is not null) _body.Append($"<title>{WebUtility.HtmlEncode(tip)}</title>");
        _body.Append("</polyline>\n");
    }

    public void Dot(double x, double y, double radius, string colour)
    {
        if (double.IsFinite(x + y)) _body.Append($"<circle cx=\"{P(x)}\" cy=\"{P(y)}\" r=\"{P(radius)}\" fill=\"{colour}\"/>\n");
    }

    public void Text(double x, double y, string text, string anchor = "start", int size = 12, string colour = "#222222") =>
        _body.Append($"<text x=\"{P(x)}\" y=\"{P(y)}\" font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"{anchor}\">"
            + $"{WebUtility.HtmlEncode(text)}</text>\n");

    public override string ToString() =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{P(width)}\" height=\"{P(height)}\" viewBox=\"0 0 {P(width)} {P(height)}\" "
        + $"font-family=\"Helvetica,Arial,sans-serif\"><title>{WebUtility.HtmlEncode(title)}</title>\n"
        + $"<rect width=\"{P(width)}\" height=\"{P(height)}\" fill=\"#ffffff\"/>\n{_body}</svg>\n";

    private static string P(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);
}
