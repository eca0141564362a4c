namespace AutoPeft.Spaces;

/// <summary>
/// A hard constraint between parameters. Samplers never propose what breaks it. An inactive parameter has no value, and what cannot be
/// decided without it is not broken.
/// </summary>
public sealed class Constraint
{
    private readonly Func<Configuration, bool> _holds;

    /// <param name="text">How people read it, and what messages name: the expression, or a few words.</param>
    /// <param name="holds">True where the configuration is allowed. Must be pure.</param>
    public Constraint(string text, Func<Configuration, bool> holds) => (Text, _holds) = (text, holds);

    /// <summary>The expression, or a few words.</summary>
    public string Text { get; }

    /// <summary>The expression in the JSON form, or null for a C# predicate, which cannot be written down.</summary>
    public string? Expression { get; init; }

    /// <summary>Whether this is only the text of a C# predicate that was written down; it cannot be evaluated.</summary>
    public bool IsTextOnly { get; private init; }

    /// <summary>A predicate of which only the text is known.</summary>
    internal static Constraint TextOnly(string text) => new(text, _ => throw new InvalidInputException(
        $"The constraint '{text}' is a C# predicate, and only its text was written down; run the study from the program that declares it."))
    { IsTextOnly = true };

    /// <summary>Whether <paramref name="configuration"/> is allowed.</summary>
    /// <exception cref="InvalidInputException">Only the text is known (see <see cref="IsTextOnly"/>).</exception>
    public bool Holds(Configuration configuration) => _holds(configuration);
}
