using System.Buffers;
using System.Text.Json;

namespace AutoPeft.Dashboard.Data;

/// <summary>An answer's JSON, written while the study stands still and sent afterwards.</summary>
internal static class Payload
{
    public static ReadOnlyMemory<byte> Object(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    /// <summary>Seconds since 1970, to the millisecond; null where there is no time.</summary>
    public static void Time(this Utf8JsonWriter json, DateTimeOffset? time)
    {
        if (time is { } t) json.WriteNumberValue(t.ToUnixTimeMilliseconds() / 1000.0);
        else json.WriteNullValue();
    }

    /// <inheritdoc cref="Time(Utf8JsonWriter, DateTimeOffset?)"/>
    public static void Time(this Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        json.WritePropertyName(name);
        json.Time(time);
    }

    /// <summary>A text, or null.</summary>
    public static void Text(this Utf8JsonWriter json, string? text)
    {
        if (text is null) json.WriteNullValue();
        else json.WriteStringValue(text);
    }
}
