using System.Globalization;
using System.Net;
using System.Text;

namespace AutoPeft.Reporting;

/// <summary>A figure: SVG elements, a name for its file and a caption. Built by the charts, read by reports.</summary>
public sealed class SvgFigure
{
    private readonly StringBuilder _body = new();
    private readonly StringBuilder _data = new();

    internal SvgFigure(string name, string title, double width, double height, string caption = "") =>
        (Name, Title, Width, Height, Caption) = (name, title, width, height, caption);

    /// <summary>Short name, usable as a file name.</summary>
    public string Name { get; }
    /// <summary>Title of the figure: what the figure shows.</summary>
    public string Title { get; }
    /// <summary>Caption of the figure: how to read the figure.</summary>
    public string Caption { get; }
    internal double Width { get; }
    internal double Height { get; }

    /// <summary>The figure as a file of its own, with literal colours and no style sheet: what LaTeX and Inkscape read.</summary>
    public string ToStandaloneSvg() =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{P(Width)}\" height=\"{P(Height)}\" viewBox=\"0 0 {P(Width)} {P(Height)}\" "
        + $"style=\"{PlainStyle.Root}\"><title>{WebUtility.HtmlEncode(Title)}</title><rect width=\"{P(Width)}\" height=\"{P(Height)}\" "
        + $"style=\"fill:#ffffff\"/>{PlainStyle.Inline(_body.ToString())}</svg>";

    /// <summary>
    /// The numbers that the figure draws: series, x, y, and ends of bands; empty where it draws none in data coordinates.
    /// </summary>
    public string ToCsv() => _data.Length == 0 ? "" : "series,x,y,low,high\n" + _data;

    internal string ToInlineSvg() =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fig\" viewBox=\"0 0 {P(Width)} {P(Height)}\" role=\"img\" "
            + $"aria-label=\"{WebUtility.HtmlEncode(Title)}\">{_body}</svg>";

    internal void Record(string series, double x, double y, double low = double.NaN, double high = double.NaN)
    {
        string N(double v) => double.IsNaN(v) ? "" : v.ToString("R", CultureInfo.InvariantCulture);
        _data.Append($"{series},{N(x)},{N(y)},{N(low)},{N(high)}\n");
    }

    internal void Line(double x1, double y1, double x2, double y2, string css) =>
        _body.Append($"<line x1=\"{P(x1)}\" y1=\"{P(y1)}\" x2=\"{P(x2)}\" y2=\"{P(y2)}\" class=\"{css}\"/>");

    internal void Circle(double x, double y, double r, string css, string? tip = null) =>
        _body.Append($"<circle cx=\"{P(x)}\" cy=\"{P(y)}\" r=\"{P(r)}\" class=\"{css}\"").Append(Close("circle", tip));

    internal void Rect(double x, double y, double w, double h, string css) =>
        _body.Append($"<rect x=\"{P(x)}\" y=\"{P(y)}\" width=\"{P(w)}\" height=\"{P(h)}\" class=\"{css}\"/>");

    internal void Diamond(double x, double y, double r, string css, string? tip = null) =>
        _body.Append($"<path d=\"M{P(x)} {P(y - r)}L{P(x + r)} {P(y)}L{P(x)} {P(y + r)}L{P(x - r)} {P(y)}Z\" class=\"{css}\"")
            .Append(Close("path", tip));

    internal void Cross(double x, double y, double r, string css) =>
        _body.Append(
            $"<path d=\"M{P(x - r)} {P(y - r)}L{P(x + r)} {P(y + r)}M{P(x - r)} {P(y + r)}L{P(x + r)} {P(y - r)}\" class=\"{css}\"/>");

    internal void Polyline(IEnumerable<(double X, double Y)> points, string css, bool closed = false, string? tip = null)
    {
        var d = string.Join("L", points.Where(p => double.IsFinite(p.X + p.Y)).Select(p => $"{P(p.X)} {P(p.Y)}"));
        if (d.Length > 0) _body.Append($"<path d=\"M{d}{(closed ? "Z" : "")}\" class=\"{css}\"").Append(Close("path", tip));
    }

    internal void Path(string d, string css)
    {
        if (d.Length > 0) _body.Append($"<path d=\"{d}\" class=\"{css}\"/>");
    }

    internal void Text(double x, double y, string text, string css = "l", string anchor = "start") =>
        _body.Append($"<text x=\"{P(x)}\" y=\"{P(y)}\" "
            + $"class=\"{css}\"{(anchor == "start" ? "" : $" text-anchor=\"{anchor}\"")}>{WebUtility.HtmlEncode(text)}</text>");

    internal void ClipStart(string id, double x, double y, double w, double h) =>
        _body.Append($"<clipPath id=\"{id}\"><rect x=\"{P(x)}\" y=\"{P(y)}\" width=\"{P(w)}\" height=\"{P(h)}\"/></clipPath><g "
            + $"clip-path=\"url(#{id})\">");

    internal void ClipEnd() => _body.Append("</g>");

    private static string Close(string tag, string? tip) => tip is null ? "/>" : $"><title>{WebUtility.HtmlEncode(tip)}</title></{tag}>";

    internal static string P(double v) => Math.Round(v, 1).ToString("0.#", CultureInfo.InvariantCulture);
}
