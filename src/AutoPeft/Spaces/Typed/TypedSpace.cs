using System.Diagnostics.CodeAnalysis;

namespace AutoPeft.Spaces;

/// <summary>
/// A search space declared as a record: each constructor parameter (or settable property) is a parameter of the space, and a configuration
/// is an instance, so that a misspelt name does not compile.
/// <code>
/// [Require("Rank &lt;= 32 or not Bias")]
/// public sealed record Recipe(
///     [Float(1e-5, 1e-2, Log = true)] double LearningRate,
///     [Choice("lora", "ia3")] string Method,
///     [Int(1, 64, Log = true), When(nameof(Method), "lora")] int? Rank,
///     bool Bias);
///
/// var recipes = new TypedSpace&lt;Recipe&gt;();
/// Recipe recipe = recipes.Read(trial.Configuration);
/// </code>
/// Enums are categoricals (a member's name, or its <see cref="System.Text.Json.Serialization.JsonStringEnumMemberNameAttribute"/>) and
/// bools are switches without an attribute. A member with <see cref="WhenAttribute"/> must be nullable: it is null where it does not exist.
/// A record within the record has <see cref="NestedAttribute"/>. Immutable and thread-safe.
/// </summary>
/// <typeparam name="T">A record, class or struct with public properties.</typeparam>
public sealed class TypedSpace<[
    DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties)] T>
    where T : notnull
{
    // Reflection once per type. Lazy, so that a misdeclared record throws its own message and not a TypeInitializationException.
    private static readonly Lazy<TypedLayout> s_layout = new(() => TypedLayout.Of(typeof(T)));

    /// <summary>The space that the record declares.</summary>
    /// <exception cref="InvalidInputException">The record is misdeclared; the message names the member and says what to do.</exception>
    public TypedSpace() => Space = s_layout.Value.Space;

    private TypedSpace(SearchSpace space) => Space = space;

    /// <summary>The search space that the type declares.</summary>
    public SearchSpace Space { get; }

    /// <summary>
    /// This space with one more hard constraint, as a C# predicate. It cannot be written in the JSON form; <see cref="RequireAttribute"/>
    /// can.
    /// </summary>
    /// <param name="text">How people read it, and what messages name.</param>
    /// <param name="holds">True where the instance is allowed. Must be pure; members that do not exist are null.</param>
    public TypedSpace<T> Require(string text, Func<T, bool> holds) =>
        new(new SearchSpace(Space.Parameters, Space.Constraints.Add(new Constraint(text, c => holds(Instance(c)))), Space.Name));

    /// <summary>The instance that a configuration stands for.</summary>
    /// <exception cref="ArgumentException">The configuration is of another space.</exception>
    public T Read(Configuration configuration) => configuration.Space.Equals(Space) ? Instance(configuration)
        : throw new ArgumentException($"The configuration ({configuration}) is of another space than {typeof(T).Name}'s.",
            nameof(configuration));

    /// <summary>The configuration that an instance stands for. Constraints are not checked.</summary>
    /// <exception cref="InvalidInputException">A member's value is outside its domain, missing where it exists or given where it does not;
    /// the message names the parameter.</exception>
    public Configuration Write(T instance) =>
        Space.FromValues(s_layout.Value.Values(instance).Select((v, i) => KeyValuePair.Create(Space.Parameters[i].Name, v)));

    private static T Instance(Configuration configuration) => (T)s_layout.Value.Make(configuration);
}
