using System.Text;
using AutoPeft.Dashboard.Watching;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AutoPeft.Dashboard.Web;

/// <summary>Server-sent events: a line that something has changed, and when; the page fetches what it shows of it.</summary>
internal sealed class LiveEvents(int most, CancellationToken ending) : IDisposable
{
    // Fast enough to look live, slow enough that hundreds of trials a second cost the page four looks.
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(250);

    // Proxies close what is silent for a minute, and a silent connection does not show that its other end has gone.
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _places = new(most);

    /// <summary>Sends until the page leaves.</summary>
    /// <param name="context">The request.</param>
    /// <param name="changed">Raised at every change.</param>
    /// <param name="position">Where the study is; null when it has gone, which ends the stream.</param>
    public async Task SendAsync(HttpContext context, ChangeSignal changed, Func<CancellationToken, Task<long?>> position)
    {
        if (!await _places.WaitAsync(0).ConfigureAwait(false))
        {
            await Answers.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable,
                "Too many pages are open on this dashboard; close one.").ConfigureAwait(false);
            return;
        }
        try
        {
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ending);
            CancellationToken cancellationToken = leaving.Token;
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            context.Response.ContentType = "text/event-stream";
            await SayAsync(context, "retry: 1000\n\n", cancellationToken).ConfigureAwait(false);
            while (true)
            {
                Task next = changed.Next;
                if (await position(cancellationToken).ConfigureAwait(false) is not { } at)
                {
                    await SayAsync(context, "event: gone\ndata: 0\n\n", cancellationToken).ConfigureAwait(false);
                    return;
                }
                await SayAsync(context, $"data: {at}\n\n", cancellationToken).ConfigureAwait(false);
                while (await Task.WhenAny(next, Task.Delay(Beat, cancellationToken)).ConfigureAwait(false) != next)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await SayAsync(context, ":\n\n", cancellationToken).ConfigureAwait(false);
                }
                await Task.Delay(Apart, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) { }
        finally { _places.Release(); }
    }

    public void Dispose() => _places.Dispose();

    private static async Task SayAsync(HttpContext context, string text, CancellationToken cancellationToken)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
