using System.Text.Json;
using System.Text.Json.Serialization;

namespace AutoPeft.Cli.Insight;

/// <summary>Files of JSON for other programs: snake_case members, a number that is none is the text "NaN".</summary>
internal static class InsightJson
{
    private static readonly JsonSerializerOptions s_writing = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    // What is read back decides what is run: it has to say everything and nothing else.
    private static readonly JsonSerializerOptions s_reading = new(s_writing)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Writes a file, which is whole or as it was.</summary>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    public static void Write<T>(string path, T value) => WholeFile.Write(path, JsonSerializer.Serialize(value, s_writing) + "\n");

    /// <summary>Reads a file that <see cref="Write"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, for the message.</param>
    /// <param name="advice">What to do where it is none.</param>
    /// <exception cref="InvalidInputException">It is absent, or something else.</exception>
    public static T Read<T>(string path, string what, string advice)
    {
        string text = InputFile.ReadText(path, InputFile.MostOfSettings);
        try
        {
            return JsonSerializer.Deserialize<T>(text, s_reading) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{path}: not {what} ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); {advice}", e);
        }
    }
}
