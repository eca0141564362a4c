using System.Runtime.CompilerServices;
using AutoPeft.Studies;
using Microsoft.Extensions.AI;

namespace AutoPeft.LanguageModels;

/// <summary>
/// A chat client that gives the answers that a study's log holds: with it <see cref="LanguageModelSampler"/> replays a study without a
/// model, bit for bit. Immutable; thread-safe.
/// </summary>
public sealed class RecordedAnswers : IChatClient
{
    private readonly Dictionary<string, RecordedAnswer> _answers = [];

    /// <param name="log">The study's log.</param>
    public RecordedAnswers(IEnumerable<StudyEvent> log)
    {
        foreach (TrialProposed p in log.OfType<TrialProposed>())
            foreach (RecordedAnswer a in AnswerLog.Parse(p.State)?.Answers ?? [])
                _answers.TryAdd(a.Prompt, a);
    }

    /// <summary>Number of recorded answers that the client can give.</summary>
    public int Count => _answers.Count;

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The log holds no answer to this question: it is of another study, or another version wrote
    /// it.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string prompt = messages.Last().Text;
        if (!_answers.TryGetValue(RecordedAnswer.KeyOf(prompt), out RecordedAnswer? answer))
            throw new InvalidInputException("The log holds no answer to this prompt; it cannot be replayed by this version.");
        if (answer.Error is { } error) throw new HttpRequestException(error);
        await Task.CompletedTask.ConfigureAwait(false);
        // Of an answer that was too long only the length is known, which is all that it was judged by.
        yield return new ChatResponseUpdate(ChatRole.Assistant,
            answer.Text ?? new string(' ', (int)Math.Min(answer.Length ?? 0, int.MaxValue / 4)));
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose() { }
}
