using System.Globalization;
using System.Text.Json;

namespace AutoPeft.Scaling.Data;

/// <summary>
/// Reads runs from JSON: an array of objects, an object that holds one array of objects, an object of equally long arrays, a single
/// object (one run), or JSON lines. Nested objects become columns named outer/inner, as Weights &amp; Biases names them.
/// </summary>
public static class JsonTable
{
    /// <summary>Parses a document or lines.</summary>
    /// <exception cref="ScalingDataException">The text is no JSON, or holds no runs.</exception>
    public static RunTable Parse(string text, string source, bool lines)
    {
        var rows = new List<Dictionary<string, JsonElement>>();
        if (lines)
        {
            int number = 0;
            foreach (var line in text.AsSpan().EnumerateLines())
            {
                number++;
                if (!line.Trim().IsEmpty) rows.Add(Flat(Document(line.ToString(), $"{source}, line {number}"), $"{source}, line {number}"));
            }
        }
        else
        {
            foreach (var element in Runs(Document(text, source), source)) rows.Add(Flat(element, source));
        }
        if (rows.Count == 0) throw new ScalingDataException($"{source}: no runs; JSON objects with one run each are expected.");
        string[] names = [.. rows.SelectMany(r => r.Keys).Distinct()];
        if (names.Length == 0)
            throw new ScalingDataException($"{source}: the runs have no values; JSON objects with numbers are expected.");
        return new RunTable(source, [.. names.Select(n => Column(n, rows))]);
    }

    private static JsonElement Document(string text, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(text,
                new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new ScalingDataException($"{where}: not JSON ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).");
        }
    }

    private static IEnumerable<JsonElement> Runs(JsonElement root, string source)
    {
        if (root.ValueKind == JsonValueKind.Array) return root.EnumerateArray();
        if (root.ValueKind != JsonValueKind.Object)
            throw new ScalingDataException($"{source}: a JSON array of objects with one run each is expected.");
        var arrays = root.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Array && p.Value.GetArrayLength() > 0).ToList();
        var inner = arrays.Where(p => p.Value[0].ValueKind == JsonValueKind.Object).ToList();
        if (inner.Count == 1) return inner[0].Value.EnumerateArray();
        if (arrays.Count > 0 && arrays.Count == root.EnumerateObject().Count()) return Transposed(arrays, source);
        return [root];
    }

    private static List<JsonElement> Transposed(List<JsonProperty> arrays, string source)
    {
        int count = arrays[0].Value.GetArrayLength();
        if (arrays.FirstOrDefault(a => a.Value.GetArrayLength() != count) is { Value.ValueKind: JsonValueKind.Array } odd)
            throw new ScalingDataException(
                $"{source}: '{odd.Name}' has {odd.Value.GetArrayLength()} values, '{arrays[0].Name}' has {count}.");
        return [.. Enumerable.Range(0, count)
            .Select(i => JsonSerializer.SerializeToElement(arrays.ToDictionary(a => a.Name, a => a.Value[i])))];
    }

    private static Dictionary<string, JsonElement> Flat(JsonElement element, string where)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new ScalingDataException(
                $"{where}: a JSON object with one run is expected, not {element.ValueKind.ToString().ToLowerInvariant()}.");
        var row = new Dictionary<string, JsonElement>();
        void Add(string prefix, JsonElement e)
        {
            foreach (var p in e.EnumerateObject())
                if (p.Value.ValueKind == JsonValueKind.Object) Add($"{prefix}{p.Name}/", p.Value);
                else if (p.Value.ValueKind != JsonValueKind.Array) row[prefix + p.Name] = p.Value;
        }
        Add("", element);
        return row;
    }

    private static RunColumn Column(string name, List<Dictionary<string, JsonElement>> rows)
    {
        var numbers = new double[rows.Count];
        bool any = false;
        for (int i = 0; i < rows.Count; i++)
        {
            numbers[i] = double.NaN;
            if (!rows[i].TryGetValue(name, out var v) || v.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) continue;
            if (v.ValueKind == JsonValueKind.Number) (numbers[i], any) = (v.GetDouble(), true);
            else if (v.ValueKind == JsonValueKind.String && NumberCell.TryParse(v.GetString(), out numbers[i])) any = true;
            else
                return new RunColumn(name,
                    [.. rows.Select(r => r.TryGetValue(name, out var t) ? t.ValueKind == JsonValueKind.Null ? "" : t.ToString() : "")]);
        }
        return any ? new RunColumn(name, numbers) : new RunColumn(name, [.. rows.Select(_ => "")]);
    }
}
