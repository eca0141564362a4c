using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoPeft.Dashboard.Data;
using Microsoft.AspNetCore.Http;

namespace AutoPeft.Dashboard.Web;

/// <summary>How answers are sent and bodies are read.</summary>
internal static partial class Answers
{
    public static async Task JsonAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>A file to be saved.</summary>
    /// <param name="context">The request that is answered.</param>
    /// <param name="content">The file's bytes.</param>
    /// <param name="type">The media type.</param>
    /// <param name="name">The file's name; plain ASCII.</param>
    public static async Task FileAsync(HttpContext context, ReadOnlyMemory<byte> content, string type, string name)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = content.Length;
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        await context.Response.Body.WriteAsync(content, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>A report, which brings the policy for its own script and styles along: the header's own would forbid both.</summary>
    public static async Task ReportAsync(HttpContext context, byte[] html)
    {
        string head = Encoding.UTF8.GetString(html.AsSpan(0, Math.Min(html.Length, 2000)));
        string policy = Policy().Match(head) is { Success: true } found
            ? found.Groups[1].Value
            : throw new InvalidOperationException("The report states no policy.");
        context.Response.Headers.ContentSecurityPolicy = $"{policy}; frame-ancestors 'none'";
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = html.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(html, context.RequestAborted).ConfigureAwait(false);
    }

    [GeneratedRegex("http-equiv=\"Content-Security-Policy\" content=\"([^\"]+)\"")]
    private static partial Regex Policy();

    public static async Task PageAsync(HttpContext context, PageAssets.Asset asset, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = asset.Type;
        // Kept, but asked for anew each time: a newer program must not meet an older page.
        if (status == StatusCodes.Status200OK && asset.Tag is not null)
        {
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers.ETag = asset.Tag;
            if (context.Request.Headers.IfNoneMatch == asset.Tag)
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }
        context.Response.ContentLength = asset.Content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(asset.Content, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>{"error": "one line"}.</summary>
    public static async Task ProblemAsync(HttpContext context, int status, string message)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = status;
        await JsonAsync(context, Payload.Object(json => json.WriteString("error", message))).ConfigureAwait(false);
    }

    /// <summary>Whether every text is one: JSON can escape halves of surrogate pairs, which no string of text has.</summary>
    private static bool IsWellFormed(JsonElement e)
    {
        try
        {
            return e.ValueKind switch
            {
                JsonValueKind.String => e.GetString() is not null,
                JsonValueKind.Array => e.EnumerateArray().All(IsWellFormed),
                JsonValueKind.Object => e.EnumerateObject().All(p => p.Name is not null && IsWellFormed(p.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException) { return false; }
    }

    /// <summary>The body as JSON.</summary>
    /// <exception cref="InvalidInputException">It is none.</exception>
    /// <exception cref="BadHttpRequestException">It is larger than allowed.</exception>
    public static async Task<JsonDocument> BodyAsync(HttpContext context)
    {
        try
        {
            JsonDocument body =
                await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted).ConfigureAwait(false);
            if (IsWellFormed(body.RootElement)) return body;
            body.Dispose();
            throw new InvalidInputException("The body has a text with half a surrogate pair in it, which is no character.");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"The body is not valid JSON, at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", e);
        }
    }
}
