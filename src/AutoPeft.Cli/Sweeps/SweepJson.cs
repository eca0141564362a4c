using System.Text.Json;
using System.Text.Json.Serialization;
using AutoPeft.Peft.Training;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Sweeps;

/// <summary>How <see cref="SweepProblem"/> is written as JSON.</summary>
internal static class SweepJson
{
    /// <summary>Snake case, enumerations as texts, no nulls; unknown members are left unread.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters =
        {
            new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower),
            new AsText<TrialFidelity>(TrialFidelity.Parse),
            new AsText<TaskAggregate>(TaskAggregate.Parse),
        },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        AllowOutOfOrderMetadataProperties = true,
    };

    /// <summary>A value written as people type it.</summary>
    private sealed class AsText<T>(Func<string, T> parse) : JsonConverter<T> where T : notnull
    {
        public override T Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            parse(reader.GetString() ?? throw new JsonException($"a text is wanted for {typeof(T).Name}"));

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
