using Jint;

namespace AutoPeft.Tests.Reporting;

/// <summary>The page's scales, run as the browser runs them: positions are numbers whatever finite doubles are drawn.</summary>
public sealed class PageScalesTests
{
    private static readonly Engine Page = Load();

    private static Engine Load()
    {
        var engine = new Engine();
        // Of the document the number helpers only ask for its namespace.
        engine.Execute("const document = { getElementById: () => ({ namespaceURI: '' }) };");
        foreach (string script in (string[])["dom.js", "scales.js"])
        {
            using Stream stream =
                typeof(AutoPeft.Reporting.StudyReport).Assembly.GetManifestResourceStream("AutoPeft.Reporting." + script)!;
            using var reader = new StreamReader(stream);
            engine.Execute(reader.ReadToEnd());
        }
        return engine;
    }

    /// <summary>Pixel positions of values on an axis of 100 pixels that shows all of them.</summary>
    private static double[] Positions(double[] values, bool log)
    {
        lock (Page)
        {
            Page.SetValue("values", values).SetValue("log", log);
            Page.Execute("var axis = scale(padded(range(Array.from(values), Array.from(values), log)), 0, 100);");
            Assert.True(Page.Evaluate("axis.ticks(6).every(t => Number.isFinite(t.v) && Number.isFinite(axis.map(t.v)))").AsBoolean(),
                "a tick has no place");
            return [.. Page.Evaluate("Array.from(values).map(axis.map)").AsArray().Select(v => v.AsNumber())];
        }
    }

    public static TheoryData<double[]> Lists =>
    [
        [double.MaxValue, double.MinValue], [1e308, -1e308, 0], [9e307, 1], [1e300, 1e-300, 5], [double.Epsilon, 0],
        [double.Epsilon, 2 * double.Epsilon, 1e-310],
        [double.MaxValue, double.MaxValue], [1e16, 1e16 + 2], [0, -0.0], [1e-320, 1e308], [3],
        [-1e308, -9e307, -1e308, 5, 6, 7, 8, 9, 10, 11],
    ];

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_finite_value_has_a_place_on_a_linear_axis(double[] values)
    {
        double[] at = Positions(values, log: false);
        Assert.All(at, x => Assert.InRange(x, -1, 101));
        int least = Array.IndexOf(values, values.Min()), most = Array.IndexOf(values, values.Max());
        if (values[most] > values[least]) Assert.True(at[most] > at[least] + 50, $"{at[least]} and {at[most]}");
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_positive_value_has_a_place_on_a_logarithmic_axis(double[] values)
    {
        double[] positive = [.. values.Where(v => v > 0)];
        if (positive.Length == 0) return;
        double[] at = Positions(positive, log: true);
        Assert.All(at, x => Assert.InRange(x, -1, 101));
        if (positive.Max() > positive.Min())
            Assert.True(at[Array.IndexOf(positive, positive.Max())] > at[Array.IndexOf(positive, positive.Min())]);
    }

    [Fact]
    public void A_logarithmic_axis_whose_ends_have_one_logarithm_is_linear()
    {
        double low = 1e-3, high = Math.BitIncrement(Math.BitIncrement(low));
        lock (Page)
        {
            Page.SetValue("low", low).SetValue("high", high).SetValue("middle", Math.BitIncrement(low));
            Assert.Equal(50, Page.Evaluate("scale({ low, high, log: true }, 0, 100).map(middle)").AsNumber(), 6);
        }
    }

    [Fact]
    public void An_axis_of_usual_values_has_round_ticks_and_even_places()
    {
        lock (Page)
        {
            Assert.Equal("0,0.2,0.4,0.6,0.8,1", Page.Evaluate("linearTicks(0, 1, 6).join()").AsString());
            Assert.Equal(25, Page.Evaluate("scale({ low: -1, high: 3 }, 0, 100).map(0)").AsNumber(), 9);
            Assert.Equal(50, Page.Evaluate("scale({ low: 1e-4, high: 1, log: true }, 0, 100).map(1e-2)").AsNumber(), 9);
        }
    }
}
