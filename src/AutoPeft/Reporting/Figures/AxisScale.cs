using System.Globalization;

namespace AutoPeft.Reporting;

/// <summary>A linear or logarithmic axis: maps values to pixels and chooses ticks.</summary>
internal sealed class AxisScale
{
    private readonly double _from, _to, _low, _high;

    public AxisScale(double low, double high, bool log, double fromPixel, double toPixel)
    {
        if (!(high > low)) (low, high) = log ? (low / 1.5, low * 1.5) : (low - 0.5, low + 0.5);
        (Low, High, Log, _from, _to) = (low, high, log, fromPixel, toPixel);
        (_low, _high) = log ? (Math.Log(low), Math.Log(high)) : (low, high);
    }

    public double Low { get; }
    public double High { get; }
    public bool Log { get; }

    public double this[double v] => _from + ((Log ? Math.Log(v) : v) - _low) / (_high - _low) * (_to - _from);

    /// <summary>Axis limits around values with a margin of a share of the range.</summary>
    public static (double Low, double High) Around(IEnumerable<double> values, bool log, double margin = 0.06)
    {
        var v = values.Where(double.IsFinite).ToList();
        double a = v.Min(), b = v.Max();
        if (log)
        {
            double f = Math.Pow(Math.Max(b / a, 1.2), margin);
            return (a / f, b * f);
        }
        double pad = (b - a) * margin + (b == a ? 0.5 : 0);
        return (a - pad, b + pad);
    }

    /// <summary>Tick positions and labels, at most <paramref name="count"/> or so.</summary>
    public IReadOnlyList<(double Value, string Label)> Ticks(int count = 5)
    {
        if (!Log) return Linear(count);
        double decades = Math.Log10(High / Low);
        double[] mantissas =
            decades > 3.2 ? [1] : decades > 1.5 ? [1, 3] : decades > 0.7 ? [1, 2, 5] : decades > 0.3 ? [1, 1.5, 2, 3, 4, 5, 7] : [];
        if (mantissas.Length == 0) return Linear(count);
        int every = Math.Max(1, (int)Math.Ceiling(decades / (count + 1)));
        var ticks = new List<(double, string)>();
        for (int e = (int)Math.Floor(Math.Log10(Low)); e <= Math.Ceiling(Math.Log10(High)); e++)
            if (mantissas.Length > 1 || e % every == 0)
                foreach (double m in mantissas)
                {
                    double v = m * Math.Pow(10, e);
                    if (v >= Low * (1 - 1e-9) && v <= High * (1 + 1e-9)) ticks.Add((v, Short(v)));
                }
        while (ticks.Count > count + 2) ticks = [.. ticks.Where((_, i) => i % 2 == 0)];
        return ticks;
    }

    private List<(double, string)> Linear(int count)
    {
        double raw = (High - Low) / count, power = Math.Pow(10, Math.Floor(Math.Log10(raw))),
            step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
        int decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(step) + 1e-9));
        var ticks = new List<(double, string)>();
        for (double v = Math.Ceiling(Low / step - 1e-9) * step; v <= High + 1e-9 * step; v += step)
        {
            double t = Math.Abs(v) < 1e-12 * step ? 0 : v;
            ticks.Add((t,
                Math.Abs(t) is 0 or (>= 1e-3 and < 1e4)
                    ? t.ToString("F" + decimals, CultureInfo.InvariantCulture).Replace('-', '−')
                    : Short(t)));
        }
        return ticks;
    }

    /// <summary>12M, 1.4B, 3e-4, 0.02: a number in as few characters as an axis wants.</summary>
    public static string Short(double v)
    {
        double a = Math.Abs(v);
        string s = a switch
        {
            0 => "0",
            >= 1e15 or < 1e-3 => v.ToString("0.#e0", CultureInfo.InvariantCulture),
            >= 1e12 => (v / 1e12).ToString("0.##", CultureInfo.InvariantCulture) + "T",
            >= 1e9 => (v / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + "B",
            >= 1e6 => (v / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
            >= 1e4 => (v / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k",
            _ => v.ToString("0.####", CultureInfo.InvariantCulture),
        };
        return s.Replace('-', '−');
    }
}
