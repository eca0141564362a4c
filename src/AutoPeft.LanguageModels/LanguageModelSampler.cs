using System.Text;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Microsoft.Extensions.AI;

namespace AutoPeft.LanguageModels;

/// <summary>
/// Proposes what a language model suggests, in the manner of LLAMBO (Liu, Astorga, Seedat and van der Schaar, ICLR 2024) and LLMTune:
/// zero-shot from the description of the space, then candidates from the history, ranked by the model's own predictions of their values.
/// Whatever it answers, every proposal is a feasible, new configuration; where it gives too few, the inner sampler fills in.
/// </summary>
/// <remarks>
/// The answers go into the log with the proposals (<see cref="AnswerLog"/>). Given them, this is a pure function like every sampler: replay
/// with <see cref="RecordedAnswers"/>. A live model is not, and an ask waits for it (at most <see cref="LanguageModelOptions.Timeout"/> an
/// answer).
/// </remarks>
public sealed class LanguageModelSampler(IChatClient client, ISampler? inner = null, LanguageModelOptions? options = null) : ISampler
{
    /// <summary>The sampler's name in a study's definition.</summary>
    public const string Id = "llm";

    // What the log says of a proposal that the model made, before and after there is a history.
    private const string ZeroShotNote = "zero-shot", CandidateNote = "candidate";

    private readonly ISampler _inner = inner ?? new AutoSampler();
    private readonly LanguageModelOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => Id;

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        AnswerLog? before = AnswerLog.Parse(study.SamplerState);
        int first = study.Trials.Count;
        int wanted = Enumerable.Range(first, count).Count(n => !FromInner(n));
        var round = new SuggestionRound(study, _options, before?.Dropped ?? default, prompt => Call(prompt, cancellationToken));
        Queue<Configuration> suggested = new(wanted == 0 ? [] : round.Suggest(wanted));
        var proposals = new List<Proposal>(count);
        string? innerState = before?.Inner;
        for (int number = first; proposals.Count < count; number++)
        {
            if (!FromInner(number) && suggested.TryDequeue(out Configuration? configuration))
            {
                proposals.Add(new Proposal(configuration, null, number < _options.ZeroShotTrials ? ZeroShotNote : CandidateNote));
                continue;
            }
            // The inner sampler must not repeat what this batch holds already: it sees those as pending.
            var view = new WithPending(study, proposals, innerState);
            if (_inner.Propose(view, 1, random, cancellationToken) is not [var p]) break;
            innerState = p.State ?? innerState;
            proposals.Add(new Proposal(p.Configuration, null,
                FromInner(number) ? $"{_inner.Name}, {p.Note}" : $"{_inner.Name} in place of an answer, {p.Note}"));
        }
        if (proposals.Count > 0)
        {
            int accepted = (before?.Accepted ?? 0) + proposals.Count(p => p.Note is ZeroShotNote or CandidateNote);
            proposals[^1] = proposals[^1] with { State = new AnswerLog(round.Answers, accepted, round.Dropped, innerState).ToText() };
        }
        return proposals;
    }

    private bool FromInner(int number) =>
        number >= _options.ZeroShotTrials && _options.InnerEvery > 0
            && (number - _options.ZeroShotTrials) % _options.InnerEvery == _options.InnerEvery - 1;

    /// <summary>
    /// One call, blocking: samplers are synchronous, and the study waits for the proposal either way. Off this thread's context, so that
    /// nothing can wait for itself.
    /// </summary>
    private RecordedAnswer Call(string prompt, CancellationToken cancellationToken)
    {
        string key = RecordedAnswer.KeyOf(prompt);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Timeout);
        try
        {
            return Task.Run(() => ReadAsync(prompt, key, limit.Token), CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new RecordedAnswer(key, null, null, $"no answer within {_options.Timeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is not (OperationCanceledException or InvalidInputException or OutOfMemoryException))
        {
            // Whatever a client throws: the study goes on without it, and the log says so.
            string line = e.Message.ReplaceLineEndings(" ");
            return new RecordedAnswer(key, null, null, line.Length > 300 ? line[..300] : line);
        }
    }

    private async Task<RecordedAnswer> ReadAsync(string prompt, string key, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var chat = new ChatOptions { ResponseFormat = ChatResponseFormat.Json, Temperature = 0.7f };
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, prompt)], chat,
            cancellationToken).ConfigureAwait(false))
        {
            string part = update.Text;
            // Read no further than to know that it is too long.
            if (text.Length + (long)part.Length > _options.MostCharacters)
                return new RecordedAnswer(key, null, text.Length + (long)part.Length);
            text.Append(part);
        }
        return new RecordedAnswer(key, text.ToString());
    }
}
