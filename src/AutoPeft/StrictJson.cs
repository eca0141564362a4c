using System.Text.Json;

namespace AutoPeft;

/// <summary>
/// JSON that a person or another program wrote: an object that names a member twice is refused, since nobody can say which is meant.
/// </summary>
internal static class StrictJson
{
    /// <summary>For parsers that take options.</summary>
    public static JsonDocumentOptions Options => new() { AllowDuplicateProperties = false };

    /// <summary>The document of a text.</summary>
    /// <exception cref="JsonException">The text is not JSON; the exception says where.</exception>
    /// <exception cref="InvalidInputException">An object names a member twice, or a name is no text; the message says which.</exception>
    public static JsonDocument Parse(string json)
    {
        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidInputException("The JSON has a name with half a surrogate pair in it, which is no character.", e);
        }
        catch (JsonException e) when (e.LineNumber is null)
        {
            string what = e.Message.Split(" encountered")[0].TrimEnd('.');
            throw new InvalidInputException($"The JSON is ambiguous: {char.ToLowerInvariant(what[0])}{what[1..]}.", e);
        }
    }
}
