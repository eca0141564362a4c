using System.Text.Json;

namespace AutoPeft.Studies;

/// <summary>
/// Reads definitions recorded before their problem was typed: a bag of names and texts called "settings", in which the earlier studies were
/// JSON in a text.
/// </summary>
internal static class RecordedSettings
{
    /// <summary>The member of <see cref="StudyDefinition.Problem"/> that holds such a bag as it was recorded.</summary>
    public const string Member = "settings";

    /// <summary>The definition with what the bag says: the earlier studies in their place, the rest under <see cref="Member"/>.</summary>
    /// <exception cref="InvalidInputException">A value is no text, or the earlier studies are none.</exception>
    public static StudyDefinition Upgrade(StudyDefinition definition, JsonElement settings)
    {
        if (!IsBag(settings))
            throw new InvalidInputException("The study's 'settings' must be an object of names and texts.");
        var bag = settings.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "", StringComparer.Ordinal);
        if (bag.Remove(EarlierJson.Member))
            definition = definition with
            {
                Earlier = EarlierJson.Read(settings.GetProperty(EarlierJson.Member), definition.Space, definition.Objectives.Length),
            };
        return bag.Count == 0 ? definition
            : definition with { Problem = JsonSerializer.SerializeToElement(new Dictionary<string, object> { [Member] = bag }) };
    }

    /// <summary>The bag in a problem; null where the problem is something else.</summary>
    public static JsonElement? Find(JsonElement problem) =>
        problem.ValueKind == JsonValueKind.Object && problem.GetPropertyCount() == 1
        && problem.TryGetProperty(Member, out JsonElement bag) && IsBag(bag) ? bag : null;

    private static bool IsBag(JsonElement settings) => settings.ValueKind == JsonValueKind.Object
        && settings.EnumerateObject().All(p => p.Value.ValueKind is JsonValueKind.String or JsonValueKind.Null);
}
