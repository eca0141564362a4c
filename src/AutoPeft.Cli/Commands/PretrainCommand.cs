using System.CommandLine;
using AutoPeft.Cli.Terminal;
using AutoPeft.Peft.Pretraining;
using Spectre.Console;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft pretrain</c>: a small BERT-style encoder from any text.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var text = new Option<string>("--text") { Description = "A text file; blank lines part paragraphs.", Required = true };
        var output =
            new Option<string>("--out") { Description = "Directory to write: config.json, model.safetensors, vocab.txt.", Required = true };
        var minutes = new Option<double>("--minutes") { Description = "Time for pretraining.", DefaultValueFactory = _ => 10 };
        var steps = new Option<int?>(
            "--steps")
        { Description = "A fixed number of steps instead of a time, for a run that can be repeated exactly." };
        var hidden = new Option<int>("--hidden") { Description = "Width.", DefaultValueFactory = _ => 128 };
        var layers = new Option<int>("--layers") { Description = "Depth.", DefaultValueFactory = _ => 4 };
        var heads = new Option<int>("--heads") { Description = "Attention heads.", DefaultValueFactory = _ => 4 };
        var inner = new Option<int?>("--inner") { Description = "Width of the feed-forward layers; default: four times --hidden." };
        var rate = new Option<double>("--learning-rate") { Description = "Peak learning rate.", DefaultValueFactory = _ => 1e-3 };
        var dropout = new Option<double>("--dropout")
        {
            Description = "Dropout that config.json asks of fine-tuning; pretraining itself drops nothing.",
            DefaultValueFactory = _ => 0.1,
        };
        var vocabulary = new Option<int>("--vocabulary") { Description = "Word pieces at most.", DefaultValueFactory = _ => 8192 };
        var length = new Option<int>("--length") { Description = "Longest sequence in tokens.", DefaultValueFactory = _ => 128 };
        var batch = new Option<int>("--batch-tokens")
        {
            Description = "Tokens that one update sees. Small on few cores: updates are worth more than large batches.",
            DefaultValueFactory = _ => 1024,
        };
        var seed = new Option<ulong>("--seed") { Description = "All randomness hangs on it; default: 0." };
        var threads = new Option<int?>("--threads") { Description = "Threads that share each update's batch; default: all cores." };
        var command = new Command("pretrain",
            "Learns a vocabulary and pretrains a small BERT-style encoder by masked language modelling.") { text, output, minutes, steps,
                hidden, layers, heads, inner, rate, dropout, vocabulary, length, batch, seed, threads };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Run(new PretrainingOptions
        {
            TextFile = parsed.GetRequiredValue(text),
            OutputDirectory = parsed.GetRequiredValue(output),
            Minutes = parsed.GetValue(minutes),
            Steps = parsed.GetValue(steps),
            HiddenSize = parsed.GetValue(hidden),
            Layers = parsed.GetValue(layers),
            Heads = parsed.GetValue(heads),
            IntermediateSize = parsed.GetValue(inner),
            LearningRate = parsed.GetValue(rate),
            Dropout = parsed.GetValue(dropout),
            VocabularySize = parsed.GetValue(vocabulary),
            MaxLength = parsed.GetValue(length),
            BatchTokens = parsed.GetValue(batch),
            Seed = parsed.GetValue(seed),
            Threads = parsed.GetValue(threads) ?? Environment.ProcessorCount,
        }, cancellationToken)));
        return command;
    }

    /// <summary>Pretrains with a progress line.</summary>
    public static int Run(PretrainingOptions options, CancellationToken cancellationToken)
    {
        bool live = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi;
        long shown = 0;
        var output = new ProgressOutput();
        var progress = new Immediate<PretrainingProgress>(p =>
        {
            // Ten lines in a log file, a line that is redrawn on a terminal.
            string line = $"step {p.Step}  loss {p.Loss:0.000}  {p.TokensPerSecond:N0} tokens/s  {p.Done:P0}  "
                + $"{Sweeps.SweepDisplay.Time(p.TimeLeft)} left";
            if (live) output.Show(() => Console.Out.Write($"\r{line}   "));
            else if ((long)(p.Done * 10) > shown)
            {
                shown = (long)(p.Done * 10);
                output.Show(() => Console.Out.WriteLine(line));
            }
        });
        PretrainingResult result = MaskedLanguageModeling.Run(options, progress, cancellationToken);
        if (live) output.Show(Console.Out.WriteLine);
        string how = result.Interrupted ? "Interrupted after" : "Pretrained for";
        Console.Out.WriteLine($"{how} {result.Steps:N0} steps, "
            + $"{result.Tokens:N0} tokens, {result.Seconds:0} s; loss {result.Loss:0.000}, {result.VocabularySize:N0} word pieces. Written "
            + $"to {options.OutputDirectory}");
        return result.Interrupted ? CommandLine.Interrupted : 0;
    }

    private sealed class Immediate<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}
