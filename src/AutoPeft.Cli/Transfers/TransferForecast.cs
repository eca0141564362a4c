using System.Text.Json.Nodes;
using AutoPeft.Cli.Insight;
using AutoPeft.Parametrization;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Transfers;

/// <summary>
/// Writes down what the smaller sizes foretell of the largest one, as soon as none of them is left to train and before the largest is.
/// Passes everything on to another observer.
/// </summary>
/// <param name="next">The other observer.</param>
/// <param name="file">The file; it is not written again where it exists.</param>
/// <param name="largest">The size that is foretold.</param>
/// <param name="read">Makes a run of a completed trial.</param>
internal sealed class TransferForecast(ISweepObserver next, string file, int largest, Func<Trial, TransferRun> read) : ISweepObserver
{
    private bool _done = File.Exists(file);

    public void Started(IStudyView study, Trial trial) => next.Started(study, trial);

    public void Reported(IStudyView study, Trial trial) => next.Reported(study, trial);

    public void Ended(IStudyView study, Trial trial)
    {
        next.Ended(study, trial);
        if (_done) return;
        Trial[] smaller = [.. study.Trials.Where(t => MupTransfer.Read(t.Configuration).Size < largest)];
        if (smaller.Any(t => t.State is TrialState.Waiting or TrialState.Running)) return;
        _done = true;
        var all = new JsonArray();
        foreach (var runs in smaller.Where(t => t.State == TrialState.Completed).Select(read).GroupBy(r => r.Parametrization))
            if (TransferStudy.Foretell(runs, largest) is { } foretold) all.Add(Node(runs.Key, foretold));
        if (all.Count > 0) InsightJson.Write(file, all);
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
