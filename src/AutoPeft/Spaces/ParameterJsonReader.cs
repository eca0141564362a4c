using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;

namespace AutoPeft.Spaces;

/// <summary>Reads parameters and their values from the JSON form.</summary>
internal static class ParameterJsonReader
{
    private static readonly string[] s_all = ["name", "type", "when", "prior"];

    private static readonly ImmutableDictionary<string, string[]> s_keys = new Dictionary<string, string[]>
    {
        ["float"] = ["low", "high", "log", "step"],
        ["int"] = ["low", "high", "log", "step"],
        ["ordinal"] = ["values"],
        ["categorical"] = ["choices"],
        ["bool"] = [],
        ["subset"] = ["items", "min_size", "max_size"],
    }.ToImmutableDictionary();

    public static ImmutableArray<Parameter> ReadAll(JsonElement array)
    {
        // Conditions need their parent's kind, and a parent may stand after its child: bare parameters first.
        var bare = new List<(Parameter Parameter, JsonKeys Keys)>();
        int number = 0;
        foreach (JsonElement e in array.EnumerateArray()) bare.Add(ReadBare(e, ++number));
        var byName = new Dictionary<string, Parameter>(StringComparer.Ordinal);
        foreach ((Parameter p, _) in bare) byName.TryAdd(p.Name, p);
        return [.. bare.Select(b => b.Parameter with { When = When(b.Keys, b.Parameter, byName), Prior = Prior(b.Keys, b.Parameter) })];
    }

    /// <summary>A value as <see cref="Parameter.FromValue"/> takes it; null stays null except where null is one of the choices.</summary>
    /// <exception cref="InvalidInputException">It is no value of the parameter.</exception>
    public static object? Value(JsonElement e, Parameter parameter)
    {
        switch (e.ValueKind)
        {
            case JsonValueKind.Number when JsonKeys.Number(e) is { } d:
                return parameter is CategoricalParameter c ? c.ToValue(c.FromValue(ExactNumber.Parse(e.GetRawText()))) : d;
            case JsonValueKind.True:
            case JsonValueKind.False:
                return parameter is CategoricalParameter b ? b.ToValue(b.FromValue(e.GetBoolean())) : e.GetBoolean();
            case JsonValueKind.String:
                // "16" is not 16: where the choices are literals, a text stands only for a choice that is a text.
                string s = e.GetString()!;
                if (parameter is CategoricalParameter { Literals.IsEmpty: false } l && l.Choices.IndexOf(s) is >= 0 and var i
                    && l.Scalar(i) is not string)
                    throw new InvalidInputException($"Parameter '{l.Name}': '{s}' is not {l.Domain}; give it without quotes.");
                return s;
            case JsonValueKind.Null:
                return parameter is CategoricalParameter { Literals.IsEmpty: false } n && n.Literals.Contains("null") ? "null" : null;
            case JsonValueKind.Array when parameter is SubsetParameter && e.EnumerateArray().All(x => x.ValueKind == JsonValueKind.String):
                return e.EnumerateArray().Select(x => x.GetString()!).ToImmutableArray();
            default:
                throw new InvalidInputException($"Parameter '{parameter.Name}': {JsonKeys.Kind(e)} is not {parameter.Domain}.");
        }
    }

    private static (Parameter, JsonKeys) ReadBare(JsonElement e, int number)
    {
        if (e.ValueKind != JsonValueKind.Object)
            throw new InvalidInputException($"Parameter {number} of the space must be an object, not {JsonKeys.Kind(e)}.");
        string? name = new JsonKeys(e, $"Parameter {number} of the space", null).Text("name");
        if (string.IsNullOrWhiteSpace(name))
            throw new InvalidInputException($"Parameter {number} of the space has no \"name\"; give it one.");
        string where = $"Parameter '{name}'";
        string? type = new JsonKeys(e, where, null).Text("type");
        if (type is null || !s_keys.TryGetValue(type, out string[]? own))
            throw new InvalidInputException($"{where}: its \"type\" must be float, int, ordinal, categorical, bool or "
                + $"subset{(type is null ? "" : $", not '{type}'")}.");
        foreach (JsonProperty p in e.EnumerateObject())
        {
            if (s_all.Contains(p.Name) || own.Contains(p.Name)) continue;
            throw new InvalidInputException($"{where}: the key \"{p.Name}\" does not belong to type {type}, which takes "
                + $"{string.Join(", ", s_all.Take(2).Concat(own).Concat(s_all.Skip(2)))}.");
        }
        var keys = new JsonKeys(e, where, null);
        bool log = keys.Flag("log") ?? false;
        Parameter parameter = type switch
        {
            "float" when keys.Number("step") is { } step => log
                ? throw new InvalidInputException($"{where}: a float has either \"log\" or \"step\".")
                : OrdinalParameter.Steps(name, keys.RequiredNumber("low"), keys.RequiredNumber("high"), step),
            "float" => new FloatParameter(name, keys.RequiredNumber("low"), keys.RequiredNumber("high"), log),
            "int" => new IntParameter(name, keys.RequiredWhole("low"), keys.RequiredWhole("high"), log, keys.Whole("step") ?? 1),
            "ordinal" => new OrdinalParameter(name, Levels(keys, where)),
            "categorical" => CategoricalParameter.OfLiterals(name, Literals(keys)),
            "bool" => new BoolParameter(name),
            _ => new SubsetParameter(name, Items(keys, where), Size(keys, where, "min_size") ?? 0, Size(keys, where, "max_size")),
        };
        return (parameter, keys);
    }

    private static IEnumerable<double> Numbers(JsonKeys keys, string key, string why) =>
        [.. keys.RequiredList(key).Select(e => JsonKeys.Number(e) ?? throw keys.Wrong(key, $"an array of numbers ({why})", e))];

    /// <summary>An ordinal's values; a whole number of which a double would lose digits is refused, not rounded.</summary>
    private static IEnumerable<double> Levels(JsonKeys keys, string where)
    {
        foreach (JsonElement e in keys.RequiredList("values"))
            if (e.ValueKind == JsonValueKind.Number && e.TryGetInt64(out long whole) && (double)whole is var kept
                && new BigInteger(kept) != whole)
                throw new InvalidInputException($"{where}: {whole} has more digits than an ordinal keeps (±2^53); use type categorical.");
        return Numbers(keys, "values", "an ordinal's values are numbers; for texts use type categorical");
    }

    private static ImmutableArray<string> Literals(JsonKeys keys) => [.. keys.RequiredList("choices").Select(e => e.ValueKind switch
    {
        JsonValueKind.Object or JsonValueKind.Array => throw keys.Wrong("choices", "an array of texts, numbers, true, false or null", e),
        JsonValueKind.Number when JsonKeys.Number(e) is null => throw keys.Wrong("choices", "numbers that fit a double", e),
        _ => e.GetRawText(),
    })];

    private static IEnumerable<string> Items(JsonKeys keys, string where) =>
        [.. keys.RequiredList("items")
            .Select(e => e.ValueKind == JsonValueKind.String
                ? e.GetString()!
                : throw new InvalidInputException($"{where}: \"items\" must be an array of texts, not {JsonKeys.Kind(e)} among them."))];

    private static int? Size(JsonKeys keys, string where, string key) => keys.Whole(key) switch
    {
        null => null,
        { } n when n is >= 0 and <= int.MaxValue => (int)n,
        { } n => throw new InvalidInputException($"{where}: \"{key}\" must be a size, not {n}."),
    };

    private static Condition? When(JsonKeys keys, Parameter child, Dictionary<string, Parameter> byName)
    {
        if (keys.Get("when") is not { } when) return null;
        string where = $"Parameter '{child.Name}'";
        if (when.ValueKind != JsonValueKind.Object) throw keys.Wrong("when", "an object such as {\"method\":[\"lora\"]}", when);
        JsonProperty[] parents = [.. when.EnumerateObject()];
        if (parents.Length != 1)
            throw new InvalidInputException($"{where}: \"when\" names {parents.Length} parents and must name one; for more, hang the "
                + $"parent on the other one, as conditions are a tree.");
        string parent = parents[0].Name;
        if (!byName.TryGetValue(parent, out Parameter? p))
            throw new InvalidInputException($"{where}: its condition names '{parent}', which the space does not have.");
        // A subset's value is itself an array, so there the list of values is always an array of arrays.
        JsonElement given = parents[0].Value;
        bool isList = given.ValueKind == JsonValueKind.Array
            && (p is not SubsetParameter || given.EnumerateArray().All(x => x.ValueKind == JsonValueKind.Array));
        var values = ImmutableArray.CreateBuilder<object>();
        foreach (JsonElement v in isList ? [.. given.EnumerateArray()] : new[] { given })
        {
            try
            {
                // Through the code and back, so that 1, 1.0 and "1e0" are the same condition.
                values.Add(p.ToValue(p.FromValue(Value(v, p))));
            }
            catch (InvalidInputException)
            {
                throw new InvalidInputException($"{where}: its condition asks for {JsonKeys.Kind(v)}, but '{parent}' is {p.Domain}.");
            }
        }
        return new Condition(parent, values.ToImmutable());
    }

    private static ParameterPrior? Prior(JsonKeys keys, Parameter parameter)
    {
        if (keys.Get("prior") is not { } prior) return null;
        string where = $"Parameter '{parameter.Name}': its prior";
        if (prior.ValueKind != JsonValueKind.Object) throw keys.Wrong("prior", "an object with mean and spread, or weights", prior);
        var own = new JsonKeys(prior, where, ["mean", "spread", "weights"]);
        if (own.Get("weights") is not null)
        {
            if (own.Get("mean") is not null || own.Get("spread") is not null)
                throw new InvalidInputException($"{where} takes mean and spread, or weights, not both.");
            return new WeightsPrior([.. Numbers(own, "weights", "one for each value")]);
        }
        double mean = own.RequiredNumber("mean");
        return own.Number("spread") is { } spread ? new NormalPrior(mean, spread) : new NormalPrior(mean);
    }
}
