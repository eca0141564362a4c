using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AutoPeft.LanguageModels;

/// <summary>
/// A chat client for servers that speak the chat-completions protocol, as vLLM, llama.cpp, Ollama and hosted services do: one request, one
/// answer, read up to a limit.
/// </summary>
public sealed class OpenAiCompatibleClient : IChatClient
{
    /// <summary>Bytes of a response beyond which reading stops: an answer is a few thousand.</summary>
    private const int MostBytes = 1 << 20;

    private readonly HttpClient _http;
    private readonly Uri _endpoint;
    private readonly string _model;

    /// <param name="endpoint">The server's base address, "http://localhost:8000/v1".</param>
    /// <param name="model">The model's name there.</param>
    /// <param name="key">Sent as a bearer token; null for none.</param>
    /// <param name="http">A client to use; null for one of its own.</param>
    /// <exception cref="InvalidInputException">The address is no absolute http address.</exception>
    public OpenAiCompatibleClient(string endpoint, string model, string? key = null, HttpClient? http = null)
    {
        if (!Uri.TryCreate(endpoint.TrimEnd('/') + "/chat/completions", UriKind.Absolute, out Uri? uri)
            || uri.Scheme is not ("http" or "https"))
            throw new InvalidInputException($"'{endpoint}' is no address of a language model; it looks like http://localhost:8000/v1.");
        (_endpoint, _model) = (uri, model);
        _http = http ?? new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        if (key is not null) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post,
            _endpoint)
        { Content = new StringContent(Body(messages, options), Encoding.UTF8, "application/json") };
        using HttpResponseMessage response =
            await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var bytes = new byte[MostBytes + 1];
        int read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read > MostBytes) throw new HttpRequestException($"the response is longer than {MostBytes} bytes");
        string text = Encoding.UTF8.GetString(bytes, 0, read);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{(int)response.StatusCode} {response.ReasonPhrase}: {text[..Math.Min(text.Length, 200)]}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            string? content = document.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, content ?? ""));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new HttpRequestException("the response is no chat completion", e);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        yield return new ChatResponseUpdate(ChatRole.Assistant, response.Text);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private string Body(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            w.WriteString("model", _model);
            w.WriteStartArray("messages");
            foreach (ChatMessage m in messages)
            {
                w.WriteStartObject();
                w.WriteString("role", m.Role.Value);
                w.WriteString("content", m.Text);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            if (options?.Temperature is { } t) w.WriteNumber("temperature", t);
            if (options?.MaxOutputTokens is { } most) w.WriteNumber("max_tokens", most);
            if (options?.ResponseFormat is ChatResponseFormatJson)
            {
                w.WriteStartObject("response_format");
                w.WriteString("type", "json_object");
                w.WriteEndObject();
            }
            w.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
