namespace AutoPeft.Reporting;

/// <summary>Options of a study's report: what the page shows besides the study itself.</summary>
public sealed record StudyReportOptions
{
    /// <summary>Heading of the page; the study's name where null.</summary>
    public string? Title { get; init; }

    /// <summary>
    /// Where the study is shown live, as a path on the server that serves the report: the page then links there. Null for a page that
    /// stands alone.
    /// </summary>
    public string? Live { get; init; }

    /// <summary>
    /// The command that shows the study live; a page that is opened as a file says so. Null where there is none, or <see cref="Live"/>
    /// does.
    /// </summary>
    public string? LiveCommand { get; init; }

    /// <summary>
    /// Whether the page says what the winner's lead is worth and which parameters matter: a second or two of analysis. Default true.
    /// </summary>
    public bool Insight { get; init; } = true;

    /// <summary>Rows of the final evaluation in the order to show them; null or none leaves the section out.</summary>
    public IReadOnlyList<FinalRow>? Final { get; init; }

    /// <summary>
    /// Further results of trials' configurations, by objective and trial number, in the objective's own units: what a final evaluation
    /// measured beside the test score. The winner is judged with them. Null or empty for none.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<int, IReadOnlyList<double>>>? Repeats { get; init; }

    /// <summary>Name of the test score in <see cref="Final"/>, "accuracy" for instance.</summary>
    public string FinalMetric { get; init; } = "score";

    /// <summary>Whether a larger test score is better. True unless stated, as for accuracy, F1 and correlations.</summary>
    public bool FinalHigherIsBetter { get; init; } = true;

    /// <summary>
    /// Points kept of one trial's learning curve. 200 is more than a chart has room for; longer curves are thinned evenly, first and last
    /// point kept, and the page says so.
    /// </summary>
    public int MaxCurvePoints { get; init; } = 200;

    /// <summary>
    /// Points kept of all learning curves together, so that the page stays below some ten megabytes: 400,000.
    /// Curves are thinned further where <see cref="MaxCurvePoints"/> for every trial would be more, down to two points each.
    /// </summary>
    public int MaxCurvePointsInAll { get; init; } = 400_000;
}
