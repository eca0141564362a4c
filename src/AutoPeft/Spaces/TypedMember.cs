using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Serialization;

namespace AutoPeft.Spaces;

/// <summary>One member of a typed space and the parameter that it declares; converts values both ways.</summary>
internal sealed class TypedMember
{
    private readonly string _where;
    private readonly Type _type;
    private readonly WhenAttribute? _when;
    private readonly PriorAttribute? _prior;

    private TypedMember(string where, PropertyInfo property, ParameterInfo? argument, ParameterAttribute? declared, string prefix)
    {
        _where = where;
        Property = property;
        Argument = argument?.Position;
        _type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        _when = Attribute<WhenAttribute>(property, argument);
        _prior = Attribute<PriorAttribute>(property, argument);
        if (_when is not null && !IsNullable(property))
            throw new InvalidInputException($"{where}: it exists only where {_when.Parent} has some values, and is null elsewhere; make "
                + $"its type nullable ({TypeName(property.PropertyType)}?).");
        string name = prefix + (declared?.Name ?? property.Name);
        try { Parameter = Declare(name, declared); }
        catch (InvalidInputException e)
            when (e.Message.StartsWith("Parameter '", StringComparison.Ordinal))
        {
            throw new InvalidInputException($"{where}: {e.Message}", e);
        }
    }

    public PropertyInfo Property { get; }

    /// <summary>Position among the constructor's parameters; null for a property that is set afterwards.</summary>
    public int? Argument { get; }

    /// <summary>Without its condition and prior.</summary>
    public Parameter Parameter { get; }

    public ParameterPrior? Prior => _prior switch
    {
        null => null,
        { Weights: { } weights } => new WeightsPrior([.. weights]),
        { Spread: double.NaN } p => new NormalPrior(p.Mean),
        var p => new NormalPrior(p.Mean, p.Spread),
    };

    /// <summary>The member, or null where the property or constructor parameter is none.</summary>
    /// <exception cref="InvalidInputException">It is misdeclared.</exception>
    public static TypedMember? Of(Type owner, PropertyInfo property, ParameterInfo? argument, string prefix = "")
    {
        string where = $"{owner.Name}.{property.Name}";
        var declared = Attribute<ParameterAttribute>(property, argument);
        bool excluded = Attribute<NotSearchedAttribute>(property, argument) is not null;
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        bool implied = type == typeof(bool) || type.IsEnum;
        if (argument is not null && (excluded || declared is null && !implied))
        {
            return argument.HasDefaultValue ? null : throw new InvalidInputException(
                $"{where} ({TypeName(property.PropertyType)}) has no attribute that says what to search, such as [Float], [Int], "
                    + $"[Ordinal], [Choice] or [Subset], and no default value.");
        }
        if (excluded || declared is null && !(implied && argument is not null || implied && property.SetMethod?.IsPublic == true))
        {
            return Attribute<WhenAttribute>(property, argument) is null && Attribute<PriorAttribute>(property, argument) is null ? null
                : throw new InvalidInputException(
                    $"{where}: [When] or [Prior] on a member that is no parameter; add [Float], [Int], [Ordinal], [Choice] or [Subset].");
        }
        if (argument is null && property.SetMethod?.IsPublic != true)
            throw new InvalidInputException($"{where} cannot be set; give it an init accessor, or make it a constructor parameter.");
        return new TypedMember(where, property, argument, declared, prefix);
    }

    /// <summary>Its condition among the members of its own record and of the records around that one; null where it has none.</summary>
    public Condition? Condition(IReadOnlyCollection<TypedMember> members) => _when is null ? null : Condition(_when, _where, members);

    /// <summary>What <paramref name="when"/> says: the first member of that name counts.</summary>
    /// <exception cref="InvalidInputException">No member has that name.</exception>
    public static Condition Condition(WhenAttribute when, string where, IReadOnlyCollection<TypedMember> members)
    {
        TypedMember parent = members.FirstOrDefault(m => m.Property.Name == when.Parent)
            ?? members.FirstOrDefault(m => m.Parameter.Name == when.Parent)
            ?? throw new InvalidInputException($"{where}: its condition names {when.Parent}, which is no member with a parameter.");
        return new Condition(parent.Parameter.Name, [.. when.Values.Select(v => parent.ToParameterValue(v) ?? "null")]);
    }

    /// <summary>A member's value as <see cref="Spaces.Parameter.FromValue"/> takes it.</summary>
    public object? ToParameterValue(object? value) => value switch
    {
        null or ImmutableArray<string> { IsDefault: true } => null,
        Enum e => e.GetType() == _type ? ChoiceName(_type, e.ToString()) : e.ToString(),
        // Through its text: 1e-5f is 1e-5 to the person who wrote it, and not the double a hair below the range.
        float f => double.Parse(f.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        _ => value,
    };

    /// <summary>A parameter's value as the member's type holds it; null where it is inactive.</summary>
    public object? FromParameterValue(object? value)
    {
        if (value is null) return null;
        if (_type.IsEnum) return Enum.Parse(_type, Enum.GetNames(_type).First(n => ChoiceName(_type, n) == (string)value));
        if (value is ImmutableArray<string> list)
        {
            return _type == typeof(ImmutableArray<string>) ? list
                : _type == typeof(List<string>) ? list.ToList()
                : _type.IsAssignableFrom(typeof(string[])) ? list.ToArray()
                : (object)list.ToImmutableHashSet();
        }
        return value is string or bool ? value : Convert.ChangeType(value, _type, CultureInfo.InvariantCulture);
    }

    private Parameter Declare(string name, ParameterAttribute? declared)
    {
        Parameter parameter = declared switch
        {
            FloatAttribute { Step: not 0, Log: true } => throw new InvalidInputException($"{_where}: [Float] has either Log or Step."),
            FloatAttribute { Step: not 0 } f => Fits(OrdinalParameter.Steps(name, f.Low, f.High, f.Step), typeof(double), typeof(float)),
            FloatAttribute f => Fits(new FloatParameter(name, f.Low, f.High, f.Log), typeof(double), typeof(float)),
            IntAttribute i =>
                Fits(new IntParameter(name, i.Low, i.High, i.Log, i.Step), typeof(int), typeof(long), typeof(short), typeof(byte)),
            OrdinalAttribute o => Fits(new OrdinalParameter(name, o.Values), typeof(double), typeof(float), typeof(int), typeof(long),
                typeof(short), typeof(byte)),
            ChoiceAttribute { Choices.Count: > 0 } c when _type.IsEnum => new CategoricalParameter(name, c.Choices.Select(KnownChoice)),
            ChoiceAttribute { Choices.Count: > 0 } c => Fits(new CategoricalParameter(name, c.Choices), typeof(string)),
            SubsetAttribute s => Fits(new SubsetParameter(name, s.Items, s.MinSize, s.MaxSize < 0 ? null : s.MaxSize),
                typeof(ImmutableArray<string>), typeof(string[]), typeof(List<string>), typeof(IReadOnlyList<string>),
                typeof(IReadOnlyCollection<string>), typeof(IEnumerable<string>), typeof(IReadOnlySet<string>),
                typeof(ImmutableHashSet<string>)),
            null or SwitchAttribute when _type == typeof(bool) => new BoolParameter(name),
            null or ChoiceAttribute when _type.IsEnum =>
                new CategoricalParameter(name, Enum.GetNames(_type).Select(n => ChoiceName(_type, n))),
            ChoiceAttribute => throw new InvalidInputException($"{_where}: [Choice] lists no choices."),
            _ => throw new InvalidInputException($"{_where}: [{Short(declared!)}] does not fit type {TypeName(_type)}."),
        };
        if (parameter is IntParameter n && !(Holds(n.Low) && Holds(n.High)) || parameter is OrdinalParameter d && !d.Values.All(Holds))
            throw new InvalidInputException($"{_where}: type {TypeName(_type)} does not hold every value that [{Short(declared!)}] lists.");
        return parameter;

        Parameter Fits(Parameter p, params Type[] types) => types.Contains(_type) ? p
            : throw new InvalidInputException(
                $"{_where}: [{Short(declared!)}] does not fit type {TypeName(_type)}; use {string.Join(", ", types.Select(TypeName))}.");
    }

    private bool Holds(double value)
    {
        if (_type == typeof(double) || _type == typeof(float)) return true;
        return value == Math.Floor(value) && Type.GetTypeCode(_type) switch
        {
            TypeCode.Byte => value is >= byte.MinValue and <= byte.MaxValue,
            TypeCode.Int16 => value is >= short.MinValue and <= short.MaxValue,
            TypeCode.Int32 => value is >= int.MinValue and <= int.MaxValue,
            _ => Math.Abs(value) <= 1L << 53,
        };
    }

    private string KnownChoice(string choice)
    {
        string[] names = Enum.GetNames(_type);
        return names.Any(n => ChoiceName(_type, n) == choice) ? choice
            : names.Contains(choice) ? ChoiceName(_type, choice)
            : throw new InvalidInputException($"{_where}: {_type.Name} has no member '{choice}'; it has {string.Join(", ", names)}.");
    }

    private static string ChoiceName(Type type, string member) =>
        type.GetField(member)?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? member;

    internal static bool IsNullable(PropertyInfo property) => property.PropertyType.IsValueType
        ? Nullable.GetUnderlyingType(property.PropertyType) is not null
        : new NullabilityInfoContext().Create(property).ReadState != NullabilityState.NotNull;

    internal static A? Attribute<A>(PropertyInfo property, ParameterInfo? argument) where A : Attribute =>
        argument?.GetCustomAttribute<A>() ?? property.GetCustomAttribute<A>();

    private static string Short(ParameterAttribute attribute) =>
        attribute.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal);

    private static string TypeName(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner) return TypeName(inner) + "?";
        if (type.IsGenericType)
            return $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>";
        if (type.IsArray) return TypeName(type.GetElementType()!) + "[]";
        return Type.GetTypeCode(type) switch
        {
            _ when type.IsEnum => type.Name,
            TypeCode.Double => "double",
            TypeCode.Single => "float",
            TypeCode.Int32 => "int",
            TypeCode.Int64 => "long",
            TypeCode.Int16 => "short",
            TypeCode.Byte => "byte",
            TypeCode.String => "string",
            TypeCode.Boolean => "bool",
            _ => type.Name,
        };
    }
}
