using System.CommandLine;
using System.Globalization;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Cli.Terminal;
using AutoPeft.Cli.Transfers;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft mup</c>: does a decoder grow without its learning rate moving?</summary>
internal static class MupCommand
{
    public static Command Create() => new("mup", "Checks on a decoder that width and depth do not move the best learning rate.")
        { Check(), Sweep() };

    private static Command Check()
    {
        var widths = new Option<string>("--widths")
        {
            DefaultValueFactory = _ => "64,128,256,512",
            HelpName = "N,N,…",
            Description = "Widths; the smallest is the base. With --depths: the width of all models."
        };
        var depths = new Option<string?>("--depths")
        {
            Description = "Check depths instead of widths, such as 2,4,8,16.",
            HelpName = "N,N,…"
        };
        var layers = new Option<int>("--layers") { Description = "Layers, where widths are checked.", DefaultValueFactory = _ => 2 };
        var name = new Option<string>("--parametrization")
        {
            Description = "Which.",
            DefaultValueFactory = _ => "mup",
            HelpName = GrowingDecoder.Names
        };
        var steps = new Option<int>("--steps") { Description = "Updates of each model.", DefaultValueFactory = _ => 8 };
        var seeds = new Option<int>("--seeds") { Description = "Models of each size.", DefaultValueFactory = _ => 3 };
        var rate = new Option<double>("--learning-rate")
        {
            DefaultValueFactory = _ => 1e-2,
            Description = "The base's rate: larger than for training, so that faults show."
        };
        var text = new Option<string?>("--text")
        {
            Description = "A text file; default: a text of the synthetic language.",
            HelpName = "FILE"
        };
        var svg = new Option<string?>("--svg") { Description = "Write the curves as a picture.", HelpName = "FILE" };
        var command = new Command("check", "Coordinate check: no module's output may depend on the size. Exit code 1 if one does.")
        {
            widths, depths, layers, name, steps, seeds, rate, text, svg,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var check = new DecoderCheck(Numbers("--widths", parsed.GetRequiredValue(widths)),
                parsed.GetValue(depths) is { } deep ? Numbers("--depths", deep) : [], parsed.GetValue(layers),
                parsed.GetRequiredValue(name),
                parsed.GetValue(rate) is > 0 and var r ? r : throw new InvalidInputException("--learning-rate must be positive"),
                Tokens: 32);
            CoordinateReport report = check.Run(TextBytes.Read(parsed.GetValue(text)),
                new CoordinateCheckOptions { Steps = parsed.GetValue(steps), Seeds = parsed.GetValue(seeds) }, Line("models"),
                cancellationToken);
            Console.Out.Write(report);
            if (parsed.GetValue(svg) is { } file) File.WriteAllText(file, report.ToSvg());
            return Task.FromResult(report.Passed ? 0 : 1);
        });
        return command;
    }

    private static Command Sweep()
    {
        var widths = new Option<string>("--widths")
        {
            Description = "Widths; the smallest is the base.",
            DefaultValueFactory = _ => "64,128,256,512",
            HelpName = "N,N,…"
        };
        var rates = new Option<int>("--rates") { Description = "Learning rates, at equal ratios.", DefaultValueFactory = _ => 7 };
        var from = new Option<double>("--from") { Description = "Lowest learning rate.", DefaultValueFactory = _ => Math.Pow(2, -10) };
        var to = new Option<double>("--to") { Description = "Highest learning rate.", DefaultValueFactory = _ => Math.Pow(2, -4) };
        var names = new Option<string>("--parametrizations")
        { Description = "Which, side by side.", DefaultValueFactory = _ => "mup,sp", HelpName = "NAME,NAME,…" };
        var seeds = new Option<int>("--seeds") { Description = "Seeds of each training.", DefaultValueFactory = _ => 3 };
        var steps = new Option<int>("--steps") { Description = "Updates of a training.", DefaultValueFactory = _ => 300 };
        var layers = new Option<int>("--layers") { Description = "Layers.", DefaultValueFactory = _ => 2 };
        var batch = new Option<int>("--batch") { Description = "Sequences of an update.", DefaultValueFactory = _ => 16 };
        var length = new Option<int>("--length") { Description = "Tokens of a sequence.", DefaultValueFactory = _ => 64 };
        var decay = new Option<double>("--weight-decay") { Description = "Weight decay of the base.", DefaultValueFactory = _ => 0 };
        var workers = new Option<int>("--workers") { Description = "Trainings at a time, one thread each.", DefaultValueFactory = _ => 1 };
        var text = new Option<string?>("--text") { Description = "A text; default: one of the synthetic language.", HelpName = "FILE" };
        var output = new Option<string>("--output", "-o")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Directory for journal, tables and picture; the command again goes on where it stopped."
        };
        var plain = new Option<bool>("--plain") { Description = "A line for each training instead of a live display." };
        var command = new Command("sweep", "Transfer study: the best learning rate by width, under muP and the standard parametrisation.")
        {
            widths, rates, from, to, names, seeds, steps, layers, batch, length, decay, workers, text, output, plain,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var sweep = new TransferSweep(new TransferSweepOptions
            {
                Widths = Numbers("--widths", parsed.GetRequiredValue(widths)),
                Rates = TransferSweepOptions.Between(parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(rates)),
                Parametrizations = [.. parsed.GetRequiredValue(names)
                    .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()],
                Seeds = parsed.GetValue(seeds),
                Steps = parsed.GetValue(steps),
                Layers = parsed.GetValue(layers),
                Batch = parsed.GetValue(batch),
                Length = parsed.GetValue(length),
                WeightDecay = parsed.GetValue(decay),
                Workers = parsed.GetValue(workers),
            }, TextBytes.Read(parsed.GetValue(text)));
            string folder = parsed.GetRequiredValue(output);
            Directory.CreateDirectory(folder);
            IReadOnlyList<TransferRun> runs;
            using (ISweepDisplay display = SweepDisplay.Create(parsed.GetValue(plain), folder))
                runs = await sweep.RunAsync(Path.Combine(folder, "study.journal"), display, cancellationToken).ConfigureAwait(false);
            TransferReport.Write(runs, folder);
            return 0;
        });
        return command;
    }

    private static int[] Numbers(string option, string list)
    {
        string[] parts = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return [.. parts.Select(p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n > 0 ? n
            : throw new InvalidInputException($"{option} takes whole numbers from 1 with commas between, not '{p}'"))];
    }

    private static Immediate? Line(string what) => Console.IsOutputRedirected || Console.IsErrorRedirected ? null : new Immediate(what);

    /// <summary>A share in per cent, redrawn in place on standard error.</summary>
    private sealed class Immediate(string what) : IProgress<double>
    {
        private readonly ProgressOutput _output = new();

        public void Report(double value) => _output.Show(() =>
            Console.Error.Write(value < 1 ? $"\r{value:P0} of the {what} " : "\r\u001b[K"));
    }
}
