using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AutoPeft.LanguageModels;

/// <summary>One answer, as the log keeps it.</summary>
/// <param name="Prompt">First 16 bytes of the prompt's SHA-256, hexadecimal: which question this answers.</param>
/// <param name="Text">The answer; null where the call failed or the answer was too long to keep.</param>
/// <param name="Length">Characters of an answer that was too long, as far as it was read; else null.</param>
/// <param name="Error">Reason why the call to the model failed; null where it succeeded.</param>
public sealed record RecordedAnswer(string Prompt, string? Text, long? Length = null, string? Error = null)
{
    /// <summary>Computes the key under which the answer to a prompt is recorded.</summary>
    public static string KeyOf(string prompt) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(prompt)).AsSpan(0, 16));
}

/// <summary>
/// What a proposal of <see cref="LanguageModelSampler"/> leaves in the log (<see cref="Studies.TrialProposed.State"/>): the answers that it
/// rests on, so that a replay needs no model; the counts so far; and the inner sampler's own state.
/// </summary>
/// <param name="Answers">Answers that the language model gave during one ask of the sampler.</param>
/// <param name="Accepted">Configurations accepted so far in the study.</param>
/// <param name="Dropped">Configurations and answers dropped so far in the study, by cause.</param>
/// <param name="Inner">The inner sampler's state.</param>
public sealed record AnswerLog(IReadOnlyList<RecordedAnswer> Answers, int Accepted, DropCounts Dropped, string? Inner)
{
    private const string Mark = "llm1:";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
    };

    /// <summary>Writes the answers as the text that the study's log keeps.</summary>
    public string ToText() => Mark + JsonSerializer.Serialize(this, Json);

    /// <summary>Inverse of <see cref="ToText"/>; null for the text of another sampler.</summary>
    public static AnswerLog? Parse(string? text)
    {
        if (text is null || !text.StartsWith(Mark, StringComparison.Ordinal)) return null;
        try { return JsonSerializer.Deserialize<AnswerLog>(text.AsSpan(Mark.Length), Json) is { Answers: not null } log ? log : null; }
        catch (JsonException) { return null; }
    }
}
