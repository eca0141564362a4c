using System.Diagnostics;
using System.Text;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Watching;

/// <summary>
/// A study's report, made when somebody asks for it: importance, parallel coordinates, slices, curves of all trials. It is folded from the
/// log anew, since its analysis takes seconds and the
/// study must go on being followed meanwhile. Thread-safe.
/// </summary>
/// <param name="live">The path of the study's live page, to which the report links.</param>
internal sealed class WatchedReport(string live)
{
    // Making it again may take this share of one core's time, whatever the study's size.
    private const double Share = 0.1;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private byte[]? _html;
    private long _sequence = -1, _due;

    /// <summary>The page as it is now; a moment old where making it is dear.</summary>
    public async Task<byte[]> HtmlAsync(IStudyStore store, long sequence, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_html is not null && (_sequence == sequence || Stopwatch.GetTimestamp() < _due)) return _html;
            long start = Stopwatch.GetTimestamp();
            var study = new Study();
            await foreach (StudyEvent e in store.ReadAsync(0, cancellationToken).ConfigureAwait(false)) study.Apply(e);
            var options = new StudyReportOptions { Live = live };
            _html = await Task.Run(() => Encoding.UTF8.GetBytes(StudyReport.Html(study, options)), cancellationToken).ConfigureAwait(false);
            _sequence = study.Sequence;
            long end = Stopwatch.GetTimestamp();
            _due = end + (long)((end - start) / Share);
            return _html;
        }
        finally { _gate.Release(); }
    }
}
