using System.CommandLine;
using AutoPeft.Cli.Decoders;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Cli.Terminal;
using AutoPeft.Cli.Transfers;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft mup sweep</c>: the transfer study of a decoder.</summary>
internal static class MupSweepCommand
{
    private static readonly Option<TransferAxis> s_axis = AxisOption.Create<TransferAxis>();

    private static readonly Option<string?> s_sizes = new("--sizes")
    {
        Description = "Widths (default 64,128,256,512), layers (2,4,8,16), sequences of an update (4,8,16,32) or tokens in all (from "
            + "--steps on, doubled three times); the smallest is the base.",
        HelpName = "N,N,…",
    };

    private static readonly Option<int> s_rates = new("--rates")
    { Description = "Learning rates, at equal ratios.", DefaultValueFactory = _ => 7 };

    private static readonly Option<double> s_from = new("--from")
    { Description = "Lowest learning rate.", DefaultValueFactory = _ => Math.Pow(2, -10) };

    private static readonly Option<double> s_to = new("--to")
    { Description = "Highest learning rate.", DefaultValueFactory = _ => Math.Pow(2, -4) };

    private static readonly Option<string?> s_names = new("--parametrizations")
    {
        Description = "Which, side by side. Default: mup,sp over widths, completep,sp over depths, completedp,sp over batches and tokens; "
            + $"of {GrowingDecoder.Names}.",
        HelpName = "NAME,NAME,…",
    };

    private static readonly Option<int> s_seeds = new("--seeds") { Description = "Seeds of each training.", DefaultValueFactory = _ => 3 };

    private static readonly Option<int> s_repeats = new("--repeats")
    {
        Description = "Part the seeds into so many groups and count how often the smaller sizes of a group foretell the largest one.",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<int> s_steps = new("--steps")
    { Description = "Updates of a training; over batches: with the smallest one.", DefaultValueFactory = _ => 300 };

    private static readonly Option<int> s_width = new("--width")
    { Description = "Width, where something else grows.", DefaultValueFactory = _ => 64 };

    private static readonly Option<int> s_layers = new("--layers")
    { Description = "Layers, where something else grows.", DefaultValueFactory = _ => 2 };

    private static readonly Option<int> s_batch = new("--batch")
    { Description = "Sequences of an update, where something else grows.", DefaultValueFactory = _ => 16 };

    private static readonly Option<int> s_length = new("--length") { Description = "Tokens of a sequence.", DefaultValueFactory = _ => 64 };

    private static readonly Option<double> s_decay = new("--weight-decay")
    { Description = "Weight decay of the base.", DefaultValueFactory = _ => 0 };

    private static readonly Option<int> s_workers = new("--workers")
    { Description = "Trainings at a time, one thread each.", DefaultValueFactory = _ => 1 };

    private static readonly Option<string?> s_text = new("--text")
    { Description = "A text; default: one of the synthetic language.", HelpName = "FILE" };

    private static readonly Option<string> s_output = new("--output", "-o")
    {
        Required = true,
        HelpName = "DIR",
        Description = "Directory for journal, tables and picture; the command again goes on where it stopped.",
    };

    private static readonly Option<bool> s_plain = new("--plain")
    { Description = "A line for each training instead of a live display." };

    public static Command Create()
    {
        var command = new Command("sweep", "Transfer study: the best learning rate by size, under a parametrisation and the standard one.")
        {
            s_axis, s_sizes, s_rates, s_from, s_to, s_names, s_seeds, s_repeats, s_steps, s_width, s_layers, s_batch, s_length, s_decay,
            s_workers, s_text, s_output, s_plain,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var sweep = new TransferSweep(Read(parsed), ByteText.Read(parsed.GetValue(s_text)));
        string folder = parsed.GetRequiredValue(s_output);
        Directory.CreateDirectory(folder);
        IReadOnlyList<TransferRun> runs;
        using (ISweepDisplay display = SweepDisplay.Create(parsed.GetValue(s_plain), folder))
            runs = await sweep.RunAsync(folder, display, cancellationToken).ConfigureAwait(false);
        TransferReport.Write(sweep.Options, runs, sweep.Checks(ShareLine.Create("coordinate check"), cancellationToken), folder);
        return 0;
    }

    private static TransferSweepOptions Read(ParseResult parsed) => new()
    {
        Axis = parsed.GetValue(s_axis),
        Sizes = parsed.GetValue(s_sizes) is { } sizes ? NumberList.Read("--sizes", sizes) : [],
        Rates = TransferSweepOptions.Between(parsed.GetValue(s_from), parsed.GetValue(s_to), parsed.GetValue(s_rates)),
        Parametrizations = [.. (parsed.GetValue(s_names) ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()],
        Seeds = parsed.GetValue(s_seeds),
        Repeats = parsed.GetValue(s_repeats),
        Steps = parsed.GetValue(s_steps),
        Width = parsed.GetValue(s_width),
        Layers = parsed.GetValue(s_layers),
        Batch = parsed.GetValue(s_batch),
        Length = parsed.GetValue(s_length),
        WeightDecay = parsed.GetValue(s_decay),
        Workers = parsed.GetValue(s_workers),
    };
}
