using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace AutoPeft.Spaces;

/// <summary>How a type's members and a space's parameters belong together; one per type, immutable.</summary>
internal sealed class TypedLayout
{
    private readonly ConstructorInfo? _constructor;
    private readonly Type _type;
    private readonly object?[] _defaults;
    private readonly ImmutableArray<Part> _parts;
    private readonly SearchSpace? _space;

    private TypedLayout(Type type, ConstructorInfo? constructor, object?[] defaults, ImmutableArray<Part> parts, SearchSpace? space) =>
        (_type, _constructor, _defaults, _parts, _space) = (type, constructor, defaults, parts, space);

    /// <summary>The space of the type and of the records within it.</summary>
    public SearchSpace Space => _space!;

    private int Count => _parts.Sum(p => p.Nested?.Count ?? 1);

    /// <exception cref="InvalidInputException">The type is misdeclared; the message starts with the member.</exception>
    public static TypedLayout Of([DynamicallyAccessedMembers(
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties)] Type type)
    {
        var parameters = new List<Parameter>();
        var requires = new List<string>();
        TypedLayout layout = Of(type, "", null, [], [type], parameters, requires);
        var builder = new SearchSpaceBuilder();
        foreach (Parameter p in parameters) builder.Add(p);
        foreach (string require in requires) builder.Require(require);
        try
        {
            return new TypedLayout(type, layout._constructor, layout._defaults, layout._parts, builder.Build(type.Name));
        }
        catch (InvalidInputException e) { throw new InvalidInputException($"{type.Name}: {e.Message}", e); }
    }

    public object Make(Configuration configuration)
    {
        int at = 0;
        return Make(configuration, ref at);
    }

    /// <summary>
    /// The values of an instance's parameters, in the order of <see cref="SearchSpace.Parameters"/>; null where one does not exist.
    /// </summary>
    public IEnumerable<object?> Values(object? instance)
    {
        foreach (Part part in _parts)
        {
            object? value = instance is null ? null : part.Property.GetValue(instance);
            if (part.Member is { } member) yield return member.ToParameterValue(value);
            else
                foreach (object? nested in part.Nested!.Values(value)) yield return nested;
        }
    }

    private object Make(Configuration configuration, ref int at)
    {
        object?[] values = new object?[_parts.Length], arguments = [.. _defaults];
        for (int i = 0; i < _parts.Length; i++)
        {
            Part part = _parts[i];
            if (part.Member is { } member) values[i] = member.FromParameterValue(configuration.ValueAt(at++));
            else if (part.IsOptional
                && Enumerable.Range(at, part.Nested!.Count).All(k => configuration.ValueAt(k) is null)) at += part.Nested.Count;
            else values[i] = part.Nested!.Make(configuration, ref at);
            if (part.Argument is { } argument) arguments[argument] = values[i];
        }
        object instance = _constructor?.Invoke(arguments) ?? Activator.CreateInstance(_type)!;
        for (int i = 0; i < _parts.Length; i++)
            if (_parts[i].Argument is null) _parts[i].Property.SetValue(instance, values[i]);
        return instance;
    }

    /// <summary>The layout of a record, whose parameters go into <paramref name="parameters"/>.</summary>
    /// <param name="type">The record.</param>
    /// <param name="prefix">What its parameters' names begin with.</param>
    /// <param name="condition">On what all of it hangs; null for the outermost, and where it always exists.</param>
    /// <param name="outer">Members of the records around it, the nearest first: conditions may name them.</param>
    /// <param name="around">The record and those around it: a record cannot be within itself.</param>
    /// <param name="parameters">Of the space, in their order.</param>
    /// <param name="requires">Hard constraints of the space.</param>
    private static TypedLayout Of(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties)]
        Type type, string prefix, Condition? condition,
        IReadOnlyCollection<TypedMember> outer, ImmutableArray<Type> around, List<Parameter> parameters, List<string> requires)
    {
        PropertyInfo[] properties =
            [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0)];
        ConstructorInfo? constructor = Constructor(type, properties);
        ParameterInfo[] arguments = constructor?.GetParameters() ?? [];
        (PropertyInfo Property, ParameterInfo? Argument)[] all =
            [.. arguments.Select(a => (properties.First(p => Matches(p, a)), (ParameterInfo?)a)),
                .. properties.Where(p => !arguments.Any(a => Matches(p, a))).Select(p => (p, (ParameterInfo?)null))];
        TypedMember?[] own =
            [.. all.Select(x => TypedMember.Attribute<NestedAttribute>(x.Property, x.Argument) is null
            ? TypedMember.Of(type, x.Property, x.Argument, prefix) : null)];
        TypedMember[] near = [.. own.OfType<TypedMember>(), .. outer];
        var parts = ImmutableArray.CreateBuilder<Part>();
        for (int i = 0; i < all.Length; i++)
        {
            (PropertyInfo property, ParameterInfo? argument) = all[i];
            if (own[i] is { } member)
            {
                parameters.Add(member.Parameter with { When = member.Condition(near) ?? condition, Prior = member.Prior });
                parts.Add(new Part(property, argument?.Position, member, null, false));
            }
            else if (TypedMember.Attribute<NestedAttribute>(property, argument) is { } nested)
                parts.Add(Nested(type, property, argument, nested, prefix, condition, near, around, parameters, requires));
        }
        if (parts.Count == 0)
            throw new InvalidInputException($"{type.Name} declares no parameter; give its members attributes such as [Float(1e-5, 1e-2, "
            + $"Log = true)].");
        foreach (RequireAttribute require in type.GetCustomAttributes<RequireAttribute>())
        {
            if (prefix.Length > 0)
                throw new InvalidInputException($"{type.Name}: [Require] stands on the outermost record, where every parameter has its "
                + $"full name, as {parameters[^1].Name}.");
            requires.Add(require.Expression);
        }
        return new TypedLayout(type, constructor, [.. arguments.Select(Default)], parts.ToImmutable(), null);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2072",
        Justification = "A nested record's members are read as the outer one's are; who trims keeps both.")]
    private static Part Nested(
        Type owner, PropertyInfo property, ParameterInfo? argument, NestedAttribute nested, string prefix, Condition? condition,
            IReadOnlyCollection<TypedMember> near, ImmutableArray<Type> around,
        List<Parameter> parameters, List<string> requires)
    {
        string where = $"{owner.Name}.{property.Name}";
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type.IsPrimitive || type.IsEnum || type == typeof(string) || typeof(System.Collections.IEnumerable).IsAssignableFrom(type))
            throw new InvalidInputException($"{where}: [Nested] goes on a record with parameters of its own, not on {type.Name}.");
        if (around.Contains(type)) throw new InvalidInputException($"{where}: {type.Name} is within itself.");
        if (argument is null && property.SetMethod?.IsPublic != true)
            throw new InvalidInputException($"{where} cannot be set; give it an init accessor, or make it a constructor parameter.");
        WhenAttribute? when = TypedMember.Attribute<WhenAttribute>(property, argument);
        if (when is not null && !TypedMember.IsNullable(property))
            throw new InvalidInputException($"{where}: it exists only where {when.Parent} has some values, and is null elsewhere; make "
            + $"its type nullable ({type.Name}?).");
        Condition? its = when is null ? condition : TypedMember.Condition(when, where, near);
        TypedLayout layout = Of(type, prefix + (nested.Prefix ?? property.Name + "_"), its, near, around.Add(type), parameters, requires);
        return new Part(property, argument?.Position, null, layout, TypedMember.IsNullable(property));
    }

    // The widest constructor all of whose parameters are properties: a record's primary one.
    private static ConstructorInfo? Constructor([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type type,
        PropertyInfo[] properties)
    {
        ConstructorInfo? widest = type.GetConstructors().Where(c => c.GetParameters().All(a => properties.Any(p => Matches(p, a))))
            .MaxBy(c => c.GetParameters().Length);
        return widest is not null || type.IsValueType ? widest
            : throw new InvalidInputException(
                $"{type.Name} has no public constructor whose parameters are its properties; declare it as a record.");
    }

    private static bool Matches(PropertyInfo p, ParameterInfo a) =>
        p.PropertyType == a.ParameterType && string.Equals(p.Name, a.Name, StringComparison.OrdinalIgnoreCase);

    private static object? Default(ParameterInfo a) => a.HasDefaultValue ? a.DefaultValue : null;

    /// <summary>A member: a parameter, or a record with parameters of its own.</summary>
    private sealed record Part(PropertyInfo Property, int? Argument, TypedMember? Member, TypedLayout? Nested, bool IsOptional);
}
