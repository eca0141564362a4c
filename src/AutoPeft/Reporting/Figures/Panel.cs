namespace AutoPeft.Reporting;

/// <summary>A plotting area with axes: light grid, tick labels, axis titles at the ends where they cannot collide.</summary>
internal sealed class Panel
{
    /// <summary>Draws the axes of a panel.</summary>
    /// <param name="figure">The figure that the panel is drawn into.</param>
    /// <param name="left">Left edge of the plotting area, in the figure's units.</param>
    /// <param name="top">Top edge of the plotting area.</param>
    /// <param name="width">Width of the plotting area.</param>
    /// <param name="height">Height of the plotting area.</param>
    /// <param name="x">Range of the x axis, in data coordinates.</param>
    /// <param name="logX">Whether the x axis is logarithmic.</param>
    /// <param name="y">Range of the y axis, in data coordinates.</param>
    /// <param name="logY">Whether the y axis is logarithmic.</param>
    /// <param name="xTitle">Title of the x axis.</param>
    /// <param name="yTitle">Title of the y axis.</param>
    /// <param name="xTicks">About how many ticks the x axis has. Default 5. Without effect where <paramref name="xAt"/> is given.</param>
    /// <param name="yTicks">About how many ticks the y axis has. Default 5.</param>
    /// <param name="xAt">Values at which the ticks of the x axis stand. Null (the default): round values of its range.</param>
    public Panel(SvgFigure figure, double left, double top, double width, double height,
        (double Low, double High) x, bool logX, (double Low, double High) y, bool logY, string xTitle, string yTitle, int xTicks = 5,
        int yTicks = 5, IReadOnlyList<double>? xAt = null)
    {
        (Figure, Left, Top, Width, Height) = (figure, left, top, width, height);
        X = new AxisScale(x.Low, x.High, logX, left, left + width);
        Y = new AxisScale(y.Low, y.High, logY, top + height, top);
        foreach (var (v, label) in Y.Ticks(yTicks))
        {
            figure.Line(left, Y[v], left + width, Y[v], "grid");
            figure.Text(left - 6, Y[v] + 4, label, "t", "end");
        }
        foreach (var (v, label) in xAt?.Select(v => (v, AxisScale.Short(v))) ?? X.Ticks(xTicks))
        {
            figure.Line(X[v], top + height, X[v], top + height + 4, "axis");
            figure.Text(X[v], top + height + 16, label, "t", "middle");
        }
        figure.Line(left, top + height, left + width, top + height, "axis");
        figure.Text(left + width, top + height + 31, xTitle, "t", "end");
        figure.Text(Math.Max(2, left - 40), top - 8, yTitle, "t");
    }

    private int _series;

    public SvgFigure Figure { get; }
    public double Left { get; }
    public double Top { get; }
    public double Width { get; }
    public double Height { get; }
    public AxisScale X { get; }
    public AxisScale Y { get; }

    /// <summary>A line in data coordinates.</summary>
    /// <param name="points">Its points, in order.</param>
    /// <param name="css">How it looks.</param>
    /// <param name="name">Its name in the table of the figure's numbers and in its tooltip; null: a number, and no tooltip.</param>
    public void Curve(IEnumerable<(double X, double Y)> points, string css, string? name = null)
    {
        var all = points.ToList();
        string series = name ?? $"curve {++_series}";
        foreach (var (x, y) in all) Figure.Record(series, x, y);
        Figure.Polyline(all.Select(p => (X[p.X], Y[p.Y])), css, tip: name);
    }

    public void Band(IReadOnlyList<(double X, double Low, double High)> points, string css)
    {
        string series = $"band {++_series}";
        foreach (var (x, low, high) in points) Figure.Record(series, x, double.NaN, low, high);
        Figure.Polyline(points.Select(p => (X[p.X], Y[p.High])).Concat(points.Reverse().Select(p => (X[p.X], Y[p.Low]))), "band " + css,
            closed: true);
    }

    /// <summary>A dot in data coordinates, named for the table of the figure's numbers.</summary>
    public void Dot(string series, double x, double y, double radius, string css, string? tip = null)
    {
        Figure.Record(series, x, y);
        Figure.Circle(X[x], Y[y], radius, css, tip);
    }

    /// <summary>Draws inside the plotting area only.</summary>
    public void Clipped(string id, Action draw)
    {
        Figure.ClipStart(id, Left, Top - 2, Width, Height + 4);
        draw();
        Figure.ClipEnd();
    }

    /// <summary>Samples of a range, even on its scale.</summary>
    public static IEnumerable<double> Samples(double low, double high, bool log, int count = 60) =>
        Enumerable.Range(0, count).Select(i => (double)i / (count - 1))
            .Select(u => log ? low * Math.Pow(high / low, u) : low + (high - low) * u);

    /// <summary>Labels at the right edge, moved apart where they would overlap.</summary>
    public void EndLabels(IEnumerable<(double Y, string Text, string Css)> labels)
    {
        double last = double.NegativeInfinity;
        foreach (var (y, text, css) in labels.OrderBy(l => l.Y))
        {
            double at = Math.Max(y + 4, last + 13);
            Figure.Text(Left + Width + 6, at, text, "lab " + css);
            last = at;
        }
    }
}
