using System.Net;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AutoPeft.LanguageModels.Tests;

public class OpenAiCompatibleClientTests
{
    private sealed class Handler(HttpStatusCode status, string body) : HttpMessageHandler
    {
        public string? Sent { get; private set; }

        public HttpRequestMessage? Request { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Request = request;
            Sent = await request.Content!.ReadAsStringAsync(cancellationToken);
            return new HttpResponseMessage(status) { Content = new StringContent(body) };
        }
    }

    [Fact]
    public async Task It_asks_and_reads_as_the_chat_completions_protocol_says()
    {
        var handler = new Handler(HttpStatusCode.OK,
            """{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"{\"configurations\":[]}"}}]}""");
        using var client = new OpenAiCompatibleClient("http://host:8000/v1/", "small", "secret", new HttpClient(handler));
        ChatResponse r = await client.GetResponseAsync([new ChatMessage(ChatRole.User, "tune")],
            new ChatOptions { ResponseFormat = ChatResponseFormat.Json });
        Assert.Equal("""{"configurations":[]}""", r.Text);
        Assert.Equal("http://host:8000/v1/chat/completions", handler.Request!.RequestUri!.ToString());
        Assert.Equal("Bearer secret", handler.Request.Headers.Authorization!.ToString());
        using JsonDocument sent = JsonDocument.Parse(handler.Sent!);
        Assert.Equal("small", sent.RootElement.GetProperty("model").GetString());
        Assert.Equal(("user", "tune"),
            (sent.RootElement.GetProperty("messages")[0].GetProperty("role").GetString(),
                sent.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()));
        Assert.Equal("json_object", sent.RootElement.GetProperty("response_format").GetProperty("type").GetString());
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests, "slow down", "429")]
    [InlineData(HttpStatusCode.OK, "<html>", "no chat completion")]
    [InlineData(HttpStatusCode.OK, "{\"choices\":[]}", "no chat completion")]
    public async Task What_is_no_answer_is_an_error_that_says_so(HttpStatusCode status, string body, string says)
    {
        using var client = new OpenAiCompatibleClient("http://host/v1", "m", null, new HttpClient(new Handler(status, body)));
        HttpRequestException e =
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.User, "tune")]));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_of_10_MB_is_not_read_to_its_end()
    {
        using var client = new OpenAiCompatibleClient("http://host/v1", "m", null,
            new HttpClient(new Handler(HttpStatusCode.OK, new string('x', 10_000_000))));
        Assert.Contains("longer than",
            (await Assert.ThrowsAsync<HttpRequestException>(
                () => client.GetResponseAsync([new ChatMessage(ChatRole.User, "tune")]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_is_none_is_refused() =>
    Assert.Throws<InvalidInputException>(() => new OpenAiCompatibleClient("model.gguf", "m"));
}
