using System.CommandLine;
using AutoPeft.Cli.Decoders;
using AutoPeft.Cli.Laws;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Cli.Transfers;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft law</c>: scaling laws of a person's own, from runs to a forecast that is put to the test.</summary>
internal sealed class LawCommand
{
    private readonly Option<string?> _text = new("--text")
    {
        Description = "A text file, read as bytes; its last tenth is held out. Default: a text of the synthetic language.",
        HelpName = "FILE",
    };
    private readonly Option<string> _sizes = new("--sizes")
    {
        Description = "Models as WIDTHxLAYERS, four or more; the largest is held out, foretold, and then run.",
        DefaultValueFactory = _ => "16x2,32x2,48x2,64x2,96x3",
        HelpName = "WxL,WxL,…",
    };
    private readonly Option<string> _budget = new("--budget")
    {
        Description = "What all runs may take: a time (60m, 2h), measured out in this machine's speed, or FLOP (1e14).",
        DefaultValueFactory = _ => "60m",
        HelpName = "TIME|FLOP",
    };
    private readonly Option<string?> _tokens = new("--tokens")
    {
        Description = "Numbers of training tokens, instead of a budget: 100k,200k,400k.",
        HelpName = "D,D,…",
    };
    private readonly Option<int> _levels = new("--levels")
    {
        Description = "Numbers of training tokens that the budget is planned for, each twice the one before.",
        DefaultValueFactory = _ => 4,
    };
    private readonly Option<int> _rates = new("--rates")
    {
        Description = "Learning rates of a grid, at equal ratios.",
        DefaultValueFactory = _ => 5,
    };
    private readonly Option<double> _from = new("--from")
    {
        Description = "Lowest learning rate.",
        DefaultValueFactory = _ => Math.Pow(2, -9),
    };
    private readonly Option<double> _to = new("--to")
    {
        Description = "Highest learning rate.",
        DefaultValueFactory = _ => Math.Pow(2, -5),
    };
    private readonly Option<string> _batches = new("--batches")
    {
        Description = "Batches of a grid, in sequences.",
        DefaultValueFactory = _ => "2,4,8,16",
        HelpName = "N,N,…",
    };
    private readonly Option<int> _length = new("--length") { Description = "Tokens of a sequence.", DefaultValueFactory = _ => 64 };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Of weights and of the order of the text; default: 0." };
    private readonly Option<int?> _workers = new("--workers") { Description = "Runs at a time, a thread each; default: all cores." };
    private readonly Option<string> _output = new("--output", "-o")
    {
        Required = true,
        HelpName = "DIR",
        Description = "Directory for plan, journals, tables and forecast; the command again goes on where it stopped.",
    };
    private readonly Option<bool> _plain = new("--plain") { Description = "A line for each run instead of a live display." };

    /// <summary>The command.</summary>
    public static Command Create() => new("law", "Scaling laws from runs of your own.") { Run() };

    private static Command Run()
    {
        var self = new LawCommand();
        var command = new Command("run",
            "Runs decoders over sizes, tokens, learning rates and batches, fits the laws, foretells the largest size, runs it, compares.")
        {
            self._text, self._sizes, self._budget, self._tokens, self._levels, self._rates, self._from, self._to, self._batches,
            self._length, self._seed, self._workers, self._output, self._plain,
        };
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        LawOptions options = Options(parsed).Checked();
        LawBudget budget = LawBudget.Parse(parsed.GetRequiredValue(_budget));
        string folder = parsed.GetRequiredValue(_output);
        int[] text = ByteText.Read(parsed.GetValue(_text));
        LawPlan plan = LawPlan.Of(options, text, folder, budget, cancellationToken);
        LawReport.Plan(options, plan);

        var sweep = new LawSweep(options, text);
        bool plain = parsed.GetValue(_plain);
        IReadOnlyList<LawRun> runs = await Stage("smaller sizes", [.. plan.Small(options)], "small.journal").ConfigureAwait(false);
        LawTable.Write(runs, options.Length, folder);
        LawForecast forecast = LawForecast.Of(LawTable.Of(runs, options.Length, folder), options.Sizes[^1], plan.Tokens[^1],
            options.Length, folder, cancellationToken);
        LawReport.Foretell(forecast);
        runs = [.. runs, .. await Stage("largest size", [(options.Sizes[^1], plan.Tokens[^1])], "largest.journal").ConfigureAwait(false)];
        LawTable.Write(runs, options.Length, folder);
        RunTable table = LawTable.Of(runs, options.Length, folder);
        LawVerdict verdict = LawVerdict.Of(forecast, table, options.Sizes[^1]);
        verdict.Write(folder);
        LawReport.Compare(verdict, table, folder);
        return 0;

        async Task<IReadOnlyList<LawRun>> Stage(string name, (ModelSize, long)[] cells, string journal)
        {
            using ISweepDisplay display = SweepDisplay.Create(plain, folder);
            var (found, pruned) = await sweep.RunAsync(name, cells, Path.Combine(folder, journal), display, cancellationToken)
                .ConfigureAwait(false);
            int diverged = found.Count(r => double.IsNaN(r.Loss));
            Console.Out.WriteLine($"{name}: {found.Count} runs came to an end{(diverged > 0 ? $", {diverged} of them diverged" : "")}"
                + (pruned > 0 ? $"; {pruned} more were clearly behind their grid's best and ended early" : ""));
            return found;
        }
    }

    private LawOptions Options(ParseResult parsed) => new()
    {
        Sizes = [.. NumberList.Parts(parsed.GetRequiredValue(_sizes)).Select(ModelSize.Parse)],
        Rates = TransferSweepOptions.Between(parsed.GetValue(_from), parsed.GetValue(_to), parsed.GetValue(_rates)),
        Batches = NumberList.Read("--batches", parsed.GetRequiredValue(_batches), LawOptions.LargestBatch),
        Length = parsed.GetValue(_length),
        Tokens = parsed.GetValue(_tokens) is { } tokens ? NumberList.ReadLong("--tokens", tokens, LawOptions.MostTokens) : null,
        Levels = parsed.GetValue(_levels),
        Seed = parsed.GetValue(_seed),
        Workers = parsed.GetValue(_workers) ?? Environment.ProcessorCount,
    };
}
