using System.Text.Json.Nodes;
using AutoPeft.Cli.Insight;
using AutoPeft.Parametrization;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Transfers;

/// <summary>
/// Writes down what the smaller sizes foretell of the largest one, as soon as all of them are trained and before it is. Passes everything
/// on to another observer.
/// </summary>
/// <param name="next">The other observer.</param>
/// <param name="file">The file; it is not written again where it exists.</param>
/// <param name="largest">The size that is foretold.</param>
/// <param name="read">Makes a run of a completed trial.</param>
/// <param name="needed">Trainings of smaller sizes.</param>
internal sealed class TransferForecast(ISweepObserver next, string file, int largest, Func<Trial, TransferRun> read, int needed)
    : ISweepObserver
{
    private bool _done = File.Exists(file);

    public void Started(IStudyView study, Trial trial) => next.Started(study, trial);

    public void Reported(IStudyView study, Trial trial) => next.Reported(study, trial);

    public void Ended(IStudyView study, Trial trial)
    {
        next.Ended(study, trial);
        if (_done) return;
        TransferRun[] smaller = [.. study.Trials.Where(t => t.State == TrialState.Completed).Select(read).Where(r => r.Size < largest)];
        if (smaller.Length < needed) return;
        _done = true;
        var all = new JsonArray();
        foreach (var runs in smaller.GroupBy(r => r.Parametrization))
            if (Of(runs) is { } foretold) all.Add(Node(runs.Key, foretold));
        if (all.Count > 0) InsightJson.Write(file, all);
    }

    /// <summary>What smaller sizes foretell; null: they are too few, or none of their rates led anywhere.</summary>
    private TransferPrediction? Of(IEnumerable<TransferRun> runs)
    {
        try
        {
            return TransferStudy.Of(runs).Results[0].Predict(largest);
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    private static JsonObject Node(string parametrization, TransferPrediction p) => new()
    {
        ["parametrization"] = parametrization,
        ["size"] = p.Size,
        ["log2_learning_rate"] = Node(p.Log2Rate),
        ["loss"] = Node(p.Loss),
    };

    private static JsonObject Node(Estimate e) => new() { ["value"] = Finite(e.Value), ["low"] = Finite(e.Low), ["high"] = Finite(e.High) };

    private static JsonValue? Finite(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
