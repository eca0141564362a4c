using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace AutoPeft.LanguageModels.Tests;

/// <summary>A chat client that answers by rule and counts how often it was asked; parts of an answer are streamed.</summary>
internal sealed class ScriptedClient(Func<string, int, IEnumerable<string>> answer) : IChatClient
{
    public ScriptedClient(params string[] answers) : this((_, call) => [answers[Math.Min(call, answers.Length - 1)]]) { }

    public int Calls { get; private set; }

    public int PartsRead { get; private set; }

    public List<string> Prompts { get; } = [];

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string prompt = messages.Last().Text;
        Prompts.Add(prompt);
        foreach (string part in answer(prompt, Calls++))
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            PartsRead++;
            yield return new ChatResponseUpdate(ChatRole.Assistant, part);
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() { }
}
