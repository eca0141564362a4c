using System.Globalization;

namespace AutoPeft.Parametrization;

/// <summary>A panel with a logarithmic x axis and a y axis of either kind, drawn on a canvas.</summary>
internal sealed class LogPanel
{
    private const string Ink = "#222222", Grid = "#e3e3e3";
    private readonly SvgCanvas _canvas;
    private readonly double _left, _top, _width, _height, _x0, _x1, _y0, _y1;
    private readonly bool _logY;

    public LogPanel(SvgCanvas canvas, double left, double top, double width, double height, (double Low, double High) x,
        (double Low, double High) y, bool logY)
    {
        (_canvas, _left, _top, _width, _height, _logY) = (canvas, left, top, width, height, logY);
        (_x0, _x1) = (Math.Log2(x.Low), Math.Log2(x.High));
        (_y0, _y1) = logY ? (Math.Log10(y.Low), Math.Log10(y.High)) : (y.Low, y.High);
        if (_x1 <= _x0) _x1 = _x0 + 1;
        if (_y1 <= _y0) _y1 = _y0 + 1;
    }

    public double X(double value) => _left + (Math.Log2(value) - _x0) / (_x1 - _x0) * _width;

    public double Y(double value) => _top + _height - ((_logY ? Math.Log10(value) : value) - _y0) / (_y1 - _y0) * _height;

    /// <summary>Title, frame and ticks.</summary>
    public void Axes(string title, string xLabel, string? yLabel, IEnumerable<double> xTicks, Func<double, string> xText)
    {
        _canvas.Text(_left + _width / 2, _top - 8, title, "middle");
        foreach (double tick in YTicks())
        {
            double y = Y(tick);
            _canvas.Line(_left, y, _left + _width, y, Grid);
            if (yLabel is not null) _canvas.Text(_left - 6, y + 4, tick.ToString("0.####", CultureInfo.InvariantCulture), "end", 10);
        }
        foreach (double tick in xTicks)
        {
            double x = X(tick);
            _canvas.Line(x, _top + _height, x, _top + _height + 4, Ink);
            _canvas.Text(x, _top + _height + 16, xText(tick), "middle", 10);
        }
        _canvas.Line(_left, _top + _height, _left + _width, _top + _height, Ink);
        _canvas.Line(_left, _top, _left, _top + _height, Ink);
        _canvas.Text(_left + _width / 2, _top + _height + 32, xLabel, "middle", 11);
        if (yLabel is not null) _canvas.Text(_left - 34, _top - 22, yLabel, "start", 11);
    }

    private IEnumerable<double> YTicks()
    {
        if (_logY)
        {
            for (int power = (int)Math.Ceiling(_y0); power <= Math.Floor(_y1); power++) yield return Math.Pow(10, power);
            yield break;
        }
        double raw = (_y1 - _y0) / 5, magnitude = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double step = magnitude * (raw / magnitude < 1.5 ? 1 : raw / magnitude < 3.5 ? 2 : 5);
        for (double tick = Math.Ceiling(_y0 / step) * step; tick <= _y1 + 1e-12; tick += step) yield return Math.Round(tick, 10);
    }
}
