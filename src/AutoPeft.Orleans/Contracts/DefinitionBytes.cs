using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Contracts;

/// <summary>A study's definition as it travels: the JSON that the first record of its log has.</summary>
internal static class DefinitionBytes
{
    public static byte[] Write(StudyDefinition definition)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            DefinitionJson.Write(writer, definition);
            writer.WriteEndObject();
        }
        return stream.ToArray();
    }

    public static StudyDefinition Read(byte[] bytes)
    {
        using JsonDocument json = JsonDocument.Parse(bytes);
        return DefinitionJson.Read(json.RootElement);
    }
}
