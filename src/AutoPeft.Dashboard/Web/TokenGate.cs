using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace AutoPeft.Dashboard.Web;

/// <summary>
/// Lets in who knows the token: as <c>Authorization: Bearer TOKEN</c>, or signed in through the page, which gets a cookie that other sites'
/// requests do not carry and scripts cannot read. The cookie is derived from the token under a key of this process, so that it ends with
/// the process and does not give the token away. All comparisons take the same time whatever differs.
/// </summary>
internal sealed class TokenGate : IDisposable
{
    /// <summary>What the page may fetch before anybody has signed in.</summary>
    private static readonly string[] SignIn = ["/signin.js", "/app.css"];

    // A wrong token costs its sender a second, and so many may wait for it at once; the rest is turned away at once, so that nobody's
    // guesses take up the server. The right token is never kept waiting by others' wrong ones: against guessing stands its length.
    private const int MaxWaiting = 8;
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    private readonly byte[]? _token;
    private readonly byte[] _cookie = [];
    private readonly SemaphoreSlim _waiting = new(MaxWaiting);

    public TokenGate(string? token)
    {
        if (token is null) return;
        _token = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        _cookie = HMACSHA256.HashData(RandomNumberGenerator.GetBytes(32), _token);
    }

    public async Task InvokeAsync(HttpContext context, Func<Task> next)
    {
        if (_token is null || IsSignedIn(context.Request))
        {
            LetIn(context);
            await next().ConfigureAwait(false);
            return;
        }
        if (SignIn.Contains(context.Request.Path.Value))
        {
            await next().ConfigureAwait(false);
            return;
        }
        if (context.Request.Path == "/api/session" && HttpMethods.IsPost(context.Request.Method))
        {
            await SignInAsync(context).ConfigureAwait(false);
            return;
        }
        string given = context.Request.Headers.Authorization.ToString();
        if (given.StartsWith("Bearer ", StringComparison.Ordinal))
        {
            if (await KnowsAsync(context, given["Bearer ".Length..]).ConfigureAwait(false)) await next().ConfigureAwait(false);
            return;
        }
        context.Response.Headers.WWWAuthenticate = "Bearer";
        if (context.Request.Path.StartsWithSegments("/api"))
            await Answers.ProblemAsync(context, StatusCodes.Status401Unauthorized, "The dashboard needs its token.").ConfigureAwait(false);
        else await Answers.PageAsync(context, PageAssets.SignIn, StatusCodes.Status401Unauthorized).ConfigureAwait(false);
    }

    public void Dispose() => _waiting.Dispose();

    private static void LetIn(HttpContext context) => context.Features.Get<ConnectionGate.GatedConnection>()?.LetIn();

    private async Task SignInAsync(HttpContext context)
    {
        using JsonDocument body = await Answers.BodyAsync(context).ConfigureAwait(false);
        string given = body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty("token", out JsonElement t)
            && t.ValueKind == JsonValueKind.String ? t.GetString()! : "";
        if (!await KnowsAsync(context, given).ConfigureAwait(false)) return;
        context.Response.Cookies.Append(CookieName(context.Request), Convert.ToHexString(_cookie),
            new CookieOptions
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Path = "/",
                IsEssential = true,
                Secure = context.Request.IsHttps,
            });
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Whether the token is right; else the request has been answered.</summary>
    private async Task<bool> KnowsAsync(HttpContext context, string given)
    {
        if (CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), _token))
        {
            LetIn(context);
            return true;
        }
        if (!await _waiting.WaitAsync(0).ConfigureAwait(false))
        {
            await Answers.ProblemAsync(context, StatusCodes.Status429TooManyRequests, "Too many wrong tokens; try again in a second.")
                .ConfigureAwait(false);
            return false;
        }
        try { await Task.Delay(Wait, context.RequestAborted).ConfigureAwait(false); }
        finally { _waiting.Release(); }
        await Answers.ProblemAsync(context, StatusCodes.Status401Unauthorized, "That is not the dashboard's token.").ConfigureAwait(false);
        return false;
    }

    // Cookies know no ports: two dashboards on one machine must not sign each other out.
    private static string CookieName(HttpRequest request) => $"autopeft-{request.HttpContext.Connection.LocalPort}";

    private bool IsSignedIn(HttpRequest request)
    {
        if (request.Cookies[CookieName(request)] is not { } text || text.Length != 2 * _cookie.Length) return false;
        try { return CryptographicOperations.FixedTimeEquals(Convert.FromHexString(text), _cookie); }
        catch (FormatException) { return false; }
    }
}
