using System.Globalization;

namespace AutoPeft.Peft.Benchmarks;

/// <summary>Times of two sides, pair by pair.</summary>
internal sealed class Ratios
{
    private readonly List<(double Ours, double Theirs)> _pairs = [];

    public double Median => Sorted[_pairs.Count / 2];

    private List<double> Sorted => [.. _pairs.Select(p => p.Ours / p.Theirs).Order()];

    public void Add(double ours, double theirs) => _pairs.Add((ours, theirs));

    public string Describe(int steps)
    {
        var (ours, theirs) = (1000 * _pairs.Average(p => p.Ours) / steps, 1000 * _pairs.Average(p => p.Theirs) / steps);
        return string.Create(CultureInfo.InvariantCulture,
            $"ours {ours:f2} ms, theirs {theirs:f2} ms a step; ratio: median {Median:f3}, pairs {Sorted[0]:f3} to {Sorted[^1]:f3}"
            + $" ({_pairs.Count} pairs of {steps} steps)");
    }
}
