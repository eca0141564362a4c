using System.Globalization;

namespace AutoPeft;

/// <summary>
/// A scheduler, sampler or optimiser as people type it: <c>name:option=value,option=value</c>. Every option has to be
/// read, and what is left over is refused: a misspelt one must not pass for its default.
/// </summary>
internal sealed class OptionText
{
    private readonly string _text, _what;
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];

    /// <param name="text">What was typed.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <exception cref="InvalidInputException">It is not of that form.</exception>
    public OptionText(string text, string what)
    {
        (_text, _what) = (text, what);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        Name = (colon < 0 ? text : text[..colon]).Trim();
        if (colon < 0) return;
        foreach (string part in text[(colon + 1)..].Split(','))
        {
            string[] sides = part.Split('=', 2, StringSplitOptions.TrimEntries);
            if (sides.Length != 2 || sides[0].Length == 0 || sides[1].Length == 0)
                throw new InvalidInputException(
                    $"{_what} '{text}': '{part.Trim()}' is no option; write NAME=VALUE, and a comma between two.");
            if (!_values.TryAdd(sides[0], sides[1]))
                throw new InvalidInputException($"{_what} '{text}': option '{sides[0]}' stands twice.");
        }
    }

    /// <summary>What stands before the colon.</summary>
    public string Name { get; }

    /// <summary>A whole number of at least <paramref name="least"/>.</summary>
    public int Count(string name, int standard, int least = 1) =>
        Whole(name, least) is { } n ? checked((int)Math.Min(n, int.MaxValue)) : standard;

    /// <summary>A step, or null where none was typed.</summary>
    public long? Whole(string name, long least = 1)
    {
        if (Take(name) is not { } value) return null;
        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long n) && n >= least
            ? n
            : throw Wrong(name, value, $"a whole number from {least}");
    }

    /// <summary>A number for which <paramref name="allowed"/> holds, or null where none was typed.</summary>
    public double? Number(string name, Func<double, bool> allowed, string what)
    {
        if (Take(name) is not { } value) return null;
        return double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double n) && double.IsFinite(n) && allowed(n)
            ? n
            : throw Wrong(name, value, what);
    }

    /// <summary>A word, or null where none was typed.</summary>
    public string? Text(string name) => Take(name);

    /// <summary>One of a few words.</summary>
    public string Choice(string name, string standard, params string[] choices)
    {
        if (Take(name) is not { } value) return standard;
        return choices.Contains(value) ? value : throw Wrong(name, value, string.Join(" or ", choices));
    }

    /// <summary>Refuses what nobody read.</summary>
    /// <exception cref="InvalidInputException">There is an unknown option.</exception>
    public T Done<T>(T made)
    {
        string? left = _values.Keys.FirstOrDefault(k => !_known.Contains(k));
        return left is null
            ? made
            : throw new InvalidInputException(
                $"{this}: {Name} has no option '{left}'; it takes {(_known.Count == 0 ? "none" : string.Join(", ", _known))}.");
    }

    /// <summary>What was typed, for messages: Scheduler 'asha:eta=4'.</summary>
    public override string ToString() => $"{_what} '{_text}'";

    private string? Take(string name)
    {
        if (!_known.Contains(name)) _known.Add(name);
        return _values.GetValueOrDefault(name);
    }

    private InvalidInputException Wrong(string name, string value, string allowed) =>
        new($"{this}: option '{name}' is '{value}'; it takes {allowed}.");
}
