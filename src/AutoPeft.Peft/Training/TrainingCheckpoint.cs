using System.Diagnostics;

namespace AutoPeft.Peft.Training;

/// <summary>
/// Keeps a training in one file while it runs: when it is paused or cancelled, and every so often, so that a crash costs little. A training
/// whose file exists goes on from there, to the same losses bit for bit. A training that ends removes its file.
/// </summary>
/// <param name="path">The file.</param>
public sealed class TrainingCheckpoint(string path)
{
    /// <summary>
    /// Time between files while nothing happens. Default 30 s: a crash costs no more, and writing costs little beside it.
    /// </summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a training is kept there.</summary>
    public bool Exists => File.Exists(path);

    /// <summary>
    /// Hears, in one line, why the file that was there is of no use; the training then starts over. Default: nobody does.
    /// </summary>
    public Action<string>? OnRefused { get; init; }

    /// <summary>Evaluations that the file had already.</summary>
    public int Evaluations { get; private set; }

    /// <summary>Runs or goes on with <paramref name="training"/>; arguments and exceptions as for <see cref="FineTuning.Run"/>.</summary>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    internal FineTuningResult Run(
        FineTuning training, Func<EvaluationReport, TrainingDecision>? onEvaluation, Action? onStep, CancellationToken cancellationToken)
    {
        Restore(training);
        long saved = Stopwatch.GetTimestamp();
        bool paused = false;
        FineTuningResult result;
        try
        {
            result = training.Run(
                report =>
                {
                    TrainingDecision decision = onEvaluation?.Invoke(report) ?? TrainingDecision.Continue;
                    // Here and not at the end: the end puts the best weights back.
                    if (decision == TrainingDecision.Pause) Save(training);
                    paused = decision == TrainingDecision.Pause;
                    return decision;
                },
                () =>
                {
                    onStep?.Invoke();
                    if (Stopwatch.GetElapsedTime(saved) < Interval) return;
                    Save(training);
                    saved = Stopwatch.GetTimestamp();
                },
                cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Save(training);
            throw;
        }
        catch
        {
            // It would fail again from there.
            Remove();
            throw;
        }
        if (!paused) Remove();
        return result;
    }

    private void Restore(FineTuning training)
    {
        if (!Exists) return;
        try
        {
            using TrainingState state = TrainingState.Load(path);
            training.Restore(state);
            Evaluations = state.Position.History.Count;
        }
        catch (InvalidInputException e)
        {
            OnRefused?.Invoke(e.Message);
        }
    }

    private void Remove()
    {
        // Most trainings are over before there is a file, or even a folder.
        if (Exists) File.Delete(path);
    }

    private void Save(FineTuning training)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using TrainingState state = training.Capture();
        state.Save(path);
    }
}
