using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Spaces;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;

namespace AutoPeft.MLNet.Spaces;

/// <summary>One parameter in both forms.</summary>
/// <param name="Parameter">Ours.</param>
/// <param name="Path">Keys from the root of ML.NET's parameter to this value.</param>
/// <param name="Write">ML.NET's value of a code.</param>
/// <param name="Read">The code of ML.NET's value.</param>
internal sealed record MLNetLeaf(Parameter Parameter, ImmutableArray<string> Path, Func<double, TheirParameter> Write,
    Func<TheirParameter, double> Read)
{
    // exp(log) and floats overshoot a range by a rounding; ML.NET's own options do at their upper ends.
    private const double Rounding = 1e-6;

    /// <summary>A float; as a 32-bit one where ML.NET's option is.</summary>
    public static MLNetLeaf Float(FloatParameter p, ImmutableArray<string> path, bool single) => single
        // By way of float: ML.NET would turn 0.1f into 0.1 and not into the double that 0.1f is.
        ? new(p, path, code => TheirParameter.FromFloat((float)code), value => Within(p, p.Low, p.High, value.AsType<float>()))
        : new(p, path, TheirParameter.FromDouble, value => Within(p, p.Low, p.High, value.AsType<double>()));

    /// <summary>An int that fits 32 bits.</summary>
    public static MLNetLeaf Int(IntParameter p, ImmutableArray<string> path) =>
        new(p, path, code => TheirParameter.FromInt((int)code), value => p.FromValue(value.AsType<double>()));

    /// <summary>A listed value: <paramref name="choices"/> by the index of our parameter's values.</summary>
    public static MLNetLeaf Choice(Parameter p, ImmutableArray<string> path, TheirParameter[] choices) =>
        new(p, path, code => choices[p.IndexOf(code)], value =>
        {
            int i = Array.IndexOf(choices, value);
            return i >= 0 ? p.CodeAt(i) : throw new InvalidInputException($"Parameter '{p.Name}': {value} is not {p.Domain}.");
        });

    /// <summary>A subset as a nested parameter with a switch for each item.</summary>
    public static MLNetLeaf Subset(SubsetParameter p, ImmutableArray<string> path) => new(p, path,
        code => TheirParameter.CreateNestedParameter(
            [.. p.Items.Select((item, i) => KeyValuePair.Create(item, TheirParameter.FromBool(((ulong)code >> i & 1) == 1)))]),
        value => p.FromValue(p.Items.Where(item => value.TryGetValue(item, out TheirParameter? on) && on.AsType<bool>()).ToArray()));

    /// <summary>The code at this leaf's place in a whole parameter.</summary>
    /// <exception cref="InvalidInputException">The value is missing, of another type or outside the domain; the message names the
    /// parameter.</exception>
    public double ReadFrom(TheirParameter root)
    {
        TheirParameter value = root;
        foreach (string key in Path)
        {
            if (value.ParameterType != Microsoft.ML.SearchSpace.ParameterType.Object || !value.TryGetValue(key, out TheirParameter? next)
                || next is null)
                throw new InvalidInputException($"Parameter '{Parameter.Name}' is missing; it takes {Parameter.Domain}.");
            value = next;
        }
        try
        {
            return Read(value);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException($"Parameter '{Parameter.Name}': {value} is not {Parameter.Domain}.", e);
        }
    }

    /// <summary>Puts the value of a code at this leaf's place; the nested parameters on the way are there.</summary>
    public void WriteTo(TheirParameter root, double code)
    {
        TheirParameter node = root;
        foreach (string key in Path.AsSpan()[..^1]) node = node[key];
        node[Path[^1]] = Write(code);
    }

    private static double Within(FloatParameter p, double low, double high, double value)
    {
        double slack = Rounding * Math.Max(Math.Abs(low), Math.Abs(high));
        return p.FromValue(value >= low - slack && value <= high + slack ? Math.Clamp(value, low, high) : value);
    }
}
