using System.Collections.Immutable;

namespace AutoPeft.Spaces;

/// <summary>A parameter exists only where <paramref name="Parent"/> is active and has one of <paramref name="Values"/>.</summary>
/// <param name="Parent">Name of the parent: a categorical, bool, ordinal, int or subset (of one mask) parameter.</param>
/// <param name="Values">Values as <see cref="Parameter.ToValue"/> gives them.</param>
public sealed record Condition(string Parent, ImmutableArray<object> Values)
{
    /// <summary>Makes the condition that <paramref name="parent"/> has one of <paramref name="values"/>.</summary>
    public static Condition On(string parent, params object[] values) => new(parent, [.. values]);

    /// <inheritdoc/>
    public bool Equals(Condition? other) =>
        other is not null && Parent == other.Parent && Values.Select(ValueText.Plain).SequenceEqual(other.Values.Select(ValueText.Plain));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Parent, Values.Length);
}
