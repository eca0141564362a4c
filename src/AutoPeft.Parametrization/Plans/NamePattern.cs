using System.Text.RegularExpressions;

namespace AutoPeft.Parametrization;

/// <summary>A name in which * stands for any run of characters, dots included.</summary>
internal sealed class NamePattern(string pattern)
{
    private readonly Regex _regex = new(
        "^" + string.Join(".*", pattern.Split('*').Select(Regex.Escape)) + "$", RegexOptions.CultureInvariant);

    /// <summary>Whether a name fits.</summary>
    public bool Fits(string name) => _regex.IsMatch(name);

    /// <inheritdoc/>
    public override string ToString() => pattern;
}
