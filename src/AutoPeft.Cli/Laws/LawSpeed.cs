using System.Diagnostics;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;

namespace AutoPeft.Cli.Laws;

/// <summary>How long training tokens take here: each size at each batch, measured with all workers at work.</summary>
internal static class LawSpeed
{
    private const int Steps = 6;

    /// <summary>Seconds of a training token, by size and batch.</summary>
    public static IReadOnlyDictionary<(ModelSize Size, int Batch), double> Measure(LawOptions options, int[] text,
        CancellationToken cancellationToken)
    {
        var found = new Dictionary<(ModelSize, int), double>();
        foreach (ModelSize size in options.Sizes)
            foreach (int batch in options.Batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // Threads of their own: libtorch counts its threads by the thread that calls.
                Task<double>[] all = [.. Enumerable.Range(0, options.Workers).Select(_ => Task.Factory.StartNew(
                    () => One(size, batch, options, text), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
                found[(size, batch)] = Task.WhenAll(all).GetAwaiter().GetResult().Average();
            }
        return found;
    }

    private static double One(ModelSize size, int batch, LawOptions options, int[] text)
    {
        using DecoderModel model = size.Create(options.Length, 0);
        var training = new LanguageModelingOptions { Steps = 1, BatchSize = batch, HeldOutTokens = options.Length };
        // The first step allocates.
        CausalLanguageModeling.Train(model, text, training);
        var watch = Stopwatch.StartNew();
        CausalLanguageModeling.Train(model, text, training with { Steps = Steps });
        return watch.Elapsed.TotalSeconds / ((double)Steps * batch * options.Length);
    }
}
