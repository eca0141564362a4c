using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AutoPeft.Dashboard.Web;

/// <summary>
/// What every request passes first: the headers that protect the page, a Host that is ours (against DNS rebinding), an Origin that is ours
/// (against other sites' scripts), a body that is small, and for whatever changes something a header that no form and no simple cross-site
/// request can carry.
/// </summary>
internal sealed class RequestGate(DashboardOptions options, bool loopbackOnly)
{
    /// <summary>
    /// The header that a state-changing request carries, with any value. A browser lets another site's script set it only after a
    /// preflight, which is refused.
    /// </summary>
    public const string ChangeHeader = "X-AutoPeft";

    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri "
        + "'none'; form-action 'none'; frame-ancestors 'none'";

    public async Task InvokeAsync(HttpContext context, Func<Task> next)
    {
        Protect(context.Response.Headers);
        if (Refusal(context) is { } refusal)
        {
            await Answers.ProblemAsync(context, refusal.Status, refusal.Message).ConfigureAwait(false);
            return;
        }
        try
        {
            await next().ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await Answers.ProblemAsync(context, e.StatusCode,
                e.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge() : "The request is malformed.").ConfigureAwait(false);
        }
        catch (InvalidInputException e)
        {
            await Answers.ProblemAsync(context, StatusCodes.Status400BadRequest, e.Message).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { }
        catch (Exception e)
        {
            options.Log?.Invoke($"dashboard: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
            await Answers.ProblemAsync(context, StatusCodes.Status500InternalServerError,
                "The dashboard failed at this; its terminal says why.").ConfigureAwait(false);
        }
    }

    private static void Protect(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private (int Status, string Message)? Refusal(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!IsOurs(request.Host))
            return (StatusCodes.Status403Forbidden, "This host name is not the dashboard's; use the address that it printed.");
        if (request.Headers.Origin.Count > 0 && !IsSameOrigin(request))
            return (StatusCodes.Status403Forbidden, "The request comes from another site's page.");
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && request.Path.StartsWithSegments("/api"))
            return (StatusCodes.Status403Forbidden, "The request comes from another site's page.");
        if (request.ContentLength > options.MaxBody)
        {
            // Nothing of the body is read: the connection ends with the answer.
            context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = 0;
            context.Response.Headers.Connection = "close";
            return (StatusCodes.Status413PayloadTooLarge, TooLarge());
        }
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) return null;
        if (!HttpMethods.IsPost(request.Method)) return (StatusCodes.Status405MethodNotAllowed, "There are GET, HEAD and POST.");
        if (!request.Headers.ContainsKey(ChangeHeader))
            return (StatusCodes.Status403Forbidden, $"A request that changes something carries the header {ChangeHeader}: 1.");
        if (!request.HasJsonContentType())
            return (StatusCodes.Status415UnsupportedMediaType, "The body is JSON; say Content-Type: application/json.");
        return null;
    }

    private bool IsOurs(HostString host)
    {
        string name = host.Host.Trim('[', ']');
        if (name.Length == 0) return false;
        // A rebinding attack needs a name whose address it can change; an address is none.
        if (IPAddress.TryParse(name, out IPAddress? address)) return !loopbackOnly || IPAddress.IsLoopback(address);
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.Equals(options.Host, StringComparison.OrdinalIgnoreCase))
            return true;
        return !loopbackOnly && name.Split('.')[0].Equals(Dns.GetHostName().Split('.')[0], StringComparison.OrdinalIgnoreCase);
    }

    // By host and port, not by scheme: a proxy in front may speak TLS.
    private static bool IsSameOrigin(HttpRequest request) =>
        request.Headers.Origin.Count == 1 && Uri.TryCreate(request.Headers.Origin.ToString(), UriKind.Absolute, out Uri? origin)
            && origin.Scheme is "http" or "https"
        && request.Headers.Origin.ToString() is var text
        && text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase);

    private string TooLarge() => $"The body is larger than {options.MaxBody / 1024} KiB.";
}
