using System.Text.Json;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Adapters;

/// <summary>Enumerations as words of a file, in snake case: <c>pooler_and_classifier</c>.</summary>
internal static class JsonWords
{
    /// <summary>The word of a member.</summary>
    public static string Of<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>The member that a key's word stands for.</summary>
    /// <exception cref="InvalidInputException">The key is absent, or its value is the word of no member.</exception>
    public static T Read<T>(JsonFields json, string key) where T : struct, Enum
    {
        var word = json.Text(key) ?? throw json.Bad(key, null, "a string");
        foreach (var value in Enum.GetValues<T>())
            if (Of(value) == word) return value;
        throw json.Bad(key, word, $"one of {string.Join(", ", Enum.GetValues<T>().Select(Of))}");
    }
}
