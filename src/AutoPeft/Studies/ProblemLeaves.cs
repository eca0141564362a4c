using System.Text.Json;

namespace AutoPeft.Studies;

/// <summary>
/// The values in a definition's <see cref="StudyDefinition.Problem"/> as people read them: by path, as <c>training.epochs</c>.
/// </summary>
internal static class ProblemLeaves
{
    /// <summary>Text by path, in the problem's order; a list is one value, its JSON. Empty where there is no problem.</summary>
    public static Dictionary<string, string> Of(JsonElement? problem)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        if (problem is { } content) Add(content, "");
        return leaves;

        void Add(JsonElement element, string path)
        {
            if (element.ValueKind == JsonValueKind.Object)
                foreach (JsonProperty p in element.EnumerateObject()) Add(p.Value, path.Length == 0 ? p.Name : $"{path}.{p.Name}");
            else
                leaves[path] = element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
        }
    }
}
