using System.Diagnostics.CodeAnalysis;
using AutoPeft.Spaces;

namespace AutoPeft.Running;

/// <summary>
/// The C# way to search: declare a space, name the objectives, run.
/// <code>
/// SweepResult&lt;Recipe&gt; result = await Sweep.Over&lt;Recipe&gt;()
///     .Maximize("accuracy").Minimize("parameters")
///     .Trials(60)
///     .RunAsync(recipe => [Accuracy(recipe), Parameters(recipe)]);
/// </code>
/// </summary>
public static class Sweep
{
    // What a typed space reads of a record.
    private const DynamicallyAccessedMemberTypes Members =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties;

    /// <summary>Over the space that a record's attributes declare; a trial gives that record back.</summary>
    /// <exception cref="InvalidInputException">The record is misdeclared; the message names the member.</exception>
    public static SweepBuilder<T> Over<[DynamicallyAccessedMembers(Members)] T>() where T : notnull => Over(new TypedSpace<T>());

    /// <summary>Over a typed space with more constraints than its attributes state.</summary>
    public static SweepBuilder<T> Over<[DynamicallyAccessedMembers(Members)] T>(TypedSpace<T> space) where T : notnull =>
        new(space.Space, space.Read, space.Write);

    /// <summary>Over any space; a trial gives a configuration.</summary>
    public static SweepBuilder<Configuration> Over(SearchSpace space) => new(space, c => c, c => c);
}
