using System.Text.Json;

namespace AutoPeft.Studies;

/// <summary>
/// The values in a definition's <see cref="StudyDefinition.Problem"/> as people read them: by path, as <c>training.epochs</c>. Settings
/// that were recorded as a bag of texts have their own names as paths, as <c>task</c>.
/// </summary>
internal static class ProblemLeaves
{
    /// <summary>Values by path, in the problem's order; a list, and an empty object, is one value. Empty without a problem.</summary>
    public static Dictionary<string, JsonElement> Of(JsonElement? problem)
    {
        var leaves = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (problem is { } content) Add(RecordedSettings.Find(content) ?? content, "");
        return leaves;

        void Add(JsonElement element, string path)
        {
            if (element.ValueKind == JsonValueKind.Object && (path.Length == 0 || element.GetPropertyCount() > 0))
                foreach (JsonProperty p in element.EnumerateObject()) Add(p.Value, path.Length == 0 ? p.Name : $"{path}.{p.Name}");
            else
                leaves[path] = element;
        }
    }

    /// <summary>A value in words: a text as it is, anything else as JSON.</summary>
    public static string Text(JsonElement leaf) => leaf.ValueKind == JsonValueKind.String ? leaf.GetString()! : leaf.GetRawText();
}
