using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace AutoPeft.Spaces;

/// <summary>
/// The stable JSON form of spaces and configurations, which logs, the command line and other languages use. A space is an array of
/// parameters:
/// <code>
/// {"name":"lr","type":"float","low":1e-5,"high":0.01,"log":true}
/// {"name":"rank","type":"int","low":1,"high":64,"log":true,"when":{"method":["lora","dora"]}}
/// {"name":"method","type":"categorical","choices":["lora","dora","ia3"]}
/// </code>
/// The types are float, int, ordinal, categorical, bool and subset; the keys are name, type, low, high, log, step, values, choices, items,
/// min_size, max_size, when and prior, each only where its type has a use for it. Hard constraints stand beside the array, as texts:
/// <c>"require":["rank &lt;= 32"]</c>. Whole numbers may be given as 1 or 1.0. A configuration is an object of its active parameters.
/// </summary>
public static class SpaceJson
{
    private static readonly JsonWriterOptions s_compact =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A space from a text: the array of parameters, or an object {"space": [...], "require": [...], "name": "..."}.</summary>
    /// <exception cref="InvalidInputException">The text is no JSON, or the space is invalid; the message names the parameter and the
    /// key.</exception>
    public static SearchSpace Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Parse(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"The search space is not valid JSON, at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", e);
        }
    }

    /// <summary>
    /// A space from an element: the array of parameters, or an object with "space" and, where there are constraints, "require".
    /// </summary>
    /// <exception cref="InvalidInputException">The space is invalid; the message names the parameter and the key.</exception>
    public static SearchSpace Parse(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) return Parse(element, null);
        var keys = new JsonKeys(element, "The search space", ["space", "require", "name", "predicates"]);
        if (keys.Get("space") is not { } space)
            throw new InvalidInputException("The search space is an object without \"space\"; that key holds the array of parameters.");
        return Build(space, keys.Get("require"), keys.Get("predicates"), keys.Text("name"));
    }

    /// <summary>
    /// A space from the array of its parameters and, where there are any, the array of its hard constraints (or one constraint as a text).
    /// </summary>
    /// <exception cref="InvalidInputException">The space is invalid; the message names the parameter and the key.</exception>
    /// <param name="spaceArray">The parameters.</param>
    /// <param name="require">The constraints' expressions; null for none.</param>
    /// <param name="predicates">The texts of C# predicates, as <see cref="WriteConstraints"/> writes them; null for none.</param>
    public static SearchSpace Parse(JsonElement spaceArray, JsonElement? require, JsonElement? predicates = null) =>
        Build(spaceArray, require, predicates, null);

    /// <summary>Writes the array of the parameters; constraints stand beside it (<see cref="WriteConstraints"/>).</summary>
    public static void Write(Utf8JsonWriter writer, SearchSpace space)
    {
        writer.WriteStartArray();
        foreach (Parameter p in space.Parameters) ParameterJsonWriter.Write(writer, p, space);
        writer.WriteEndArray();
    }

    /// <summary>
    /// Writes the members that the constraints take in the object that holds the space: "require" where there are expressions; nothing
    /// where there are no constraints.
    /// </summary>
    /// <param name="writer">An object is open.</param>
    /// <param name="space">What.</param>
    /// <param name="predicatesAsText">
    /// C# predicates cannot be written. False (the default) refuses a space that has one; true writes their texts as "predicates": the
    /// space reads back, and says what is missing when it would have to evaluate one, until <see cref="SearchSpace.WithPredicatesOf"/>
    /// gives them back.
    /// </param>
    /// <exception cref="InvalidInputException">The space has a predicate and <paramref name="predicatesAsText"/> is false.</exception>
    public static void WriteConstraints(Utf8JsonWriter writer, SearchSpace space, bool predicatesAsText = false)
    {
        Constraint[] predicates = [.. space.Constraints.Where(c => c.Expression is null)];
        if (predicates.Length > 0 && !predicatesAsText)
            throw new InvalidInputException($"The constraint '{predicates[0].Text}' is a C# predicate, which cannot be written down; state "
                + $"it as an expression: Require(\"rank <= 32\").");
        WriteTexts(writer, "require", space.Constraints.Select(c => c.Expression).OfType<string>());
        WriteTexts(writer, "predicates", predicates.Select(c => c.Text));
    }

    /// <summary>
    /// The whole space as one line: an object {"name"?, "space": [...], "require"?: [...]} that <see cref="Parse(string)"/> reads back as
    /// an equal space.
    /// </summary>
    /// <exception cref="InvalidInputException">The space has a C# predicate and <paramref name="predicatesAsText"/> is false.</exception>
    public static string ToText(SearchSpace space, bool predicatesAsText = false) => Text(w =>
    {
        w.WriteStartObject();
        if (space.Name is not null) w.WriteString("name", space.Name);
        w.WritePropertyName("space");
        Write(w, space);
        WriteConstraints(w, space, predicatesAsText);
        w.WriteEndObject();
    });

    /// <summary>Writes the active parameters of a configuration as an object of names and values, in the space's order.</summary>
    public static void WriteValues(Utf8JsonWriter writer, Configuration configuration)
    {
        writer.WriteStartObject();
        for (int i = 0; i < configuration.Space.Count; i++)
        {
            double code = configuration.Codes[i];
            if (double.IsNaN(code)) continue;
            writer.WritePropertyName(configuration.Space.Parameters[i].Name);
            ParameterJsonWriter.WriteCode(writer, configuration.Space.Parameters[i], code);
        }
        writer.WriteEndObject();
    }

    /// <summary>The object that <see cref="WriteValues"/> writes, as one line of text.</summary>
    public static string ToText(Configuration configuration) => Text(w => WriteValues(w, configuration));

    /// <summary>
    /// A configuration from an object of names and values: every active parameter and no other (null counts as absent). Constraints are not
    /// checked.
    /// </summary>
    /// <exception cref="InvalidInputException">An unknown, missing, doubled or inactive name, or a value outside its parameter's
    /// domain.</exception>
    public static Configuration ReadValues(SearchSpace space, JsonElement values)
    {
        if (values.ValueKind != JsonValueKind.Object)
            throw new InvalidInputException($"A configuration is an object of names and values, not {JsonKeys.Kind(values)}.");
        var read = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (JsonProperty p in values.EnumerateObject())
        {
            Parameter parameter = space.Parameters[space.IndexOf(p.Name)];
            if (!read.TryAdd(p.Name, ParameterJsonReader.Value(p.Value, parameter)))
                throw new InvalidInputException($"Parameter '{p.Name}' is given twice.");
        }
        return space.FromValues(read);
    }

    private static SearchSpace Build(JsonElement space, JsonElement? require, JsonElement? predicates, string? name)
    {
        if (space.ValueKind != JsonValueKind.Array)
            throw new InvalidInputException($"The search space is an array of parameters, not {JsonKeys.Kind(space)}.");
        ImmutableArray<Parameter> parameters = ParameterJsonReader.ReadAll(space);
        var builder = new SearchSpaceBuilder();
        foreach (Parameter p in parameters) builder.Add(p);
        foreach (string text in Texts(require, "require")) builder.Require(text);
        foreach (string text in Texts(predicates, "predicates")) builder.Require(Constraint.TextOnly(text));
        return builder.Build(name);
    }

    private static IEnumerable<string> Texts(JsonElement? element, string key) => element switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => [],
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String) =>
            [.. list.EnumerateArray().Select(e => e.GetString()!)],
        _ => throw new InvalidInputException($"\"{key}\" is an array of texts, such as [\"rank <= 32\"]."),
    };

    private static void WriteTexts(Utf8JsonWriter writer, string key, IEnumerable<string> texts)
    {
        bool open = false;
        foreach (string text in texts)
        {
            if (!open) writer.WriteStartArray(key);
            open = true;
            writer.WriteStringValue(text);
        }
        if (open) writer.WriteEndArray();
    }

    private static string Text(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, s_compact)) write(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
