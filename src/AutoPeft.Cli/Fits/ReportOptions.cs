using System.CommandLine;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Cli.Fits;

/// <summary>Where a fit writes what it found.</summary>
internal sealed class ReportOptions(string name)
{
    private readonly Option<string?> _json = new("--json") { Description = "Write the fit as JSON.", HelpName = "FILE" };
    private readonly Option<string?> _html = new("--html")
    {
        Description = $"Write the report page here. Default: {name}-report/index.html, with its figures beside it.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _none = new("--no-report") { Description = "Write no page and no figures." };
    private readonly Option<int> _samples =
        new("--bootstrap") { Description = "Bootstrap samples.", DefaultValueFactory = _ => 1000, HelpName = "COUNT" };
    private readonly Option<ulong> _seed =
        new("--seed") { Description = "Seed of the bootstrap.", DefaultValueFactory = _ => 0UL, HelpName = "SEED" };

    public void AddTo(Command command, bool bootstrap = true)
    {
        command.Options.Add(_json);
        command.Options.Add(_html);
        command.Options.Add(_none);
        if (!bootstrap) return;
        command.Options.Add(_samples);
        command.Options.Add(_seed);
    }

    public int Samples(ParseResult parsed) =>
        parsed.GetValue(_samples) is var n and >= 10 ? n : throw new InvalidInputException("--bootstrap needs at least 10 samples.");

    public ulong Seed(ParseResult parsed) => parsed.GetValue(_seed);

    /// <summary>Whether a person asked for a number of samples.</summary>
    public bool StatesSamples(ParseResult parsed) => parsed.GetResult(_samples) is { Implicit: false };

    /// <summary>Writes to the terminal and to files; where there are several groups, each to files of its own.</summary>
    public void Write(ParseResult parsed, IFitReport report, string group = "")
    {
        string suffix =
            group.Length == 0 ? "" : "-" + string.Concat(group.Select(c => char.IsLetterOrDigit(c) || c is '.' or '_' ? c : '-'));
        report.WriteConsole(Console.Out);
        if (parsed.GetValue(_json) is { } json) report.WriteJson(Suffixed(json, suffix));
        if (parsed.GetValue(_none)) return;
        string page = parsed.GetValue(_html) is { } html ? Suffixed(html, suffix) : Path.Combine($"{name}-report{suffix}", "index.html");
        report.WriteHtml(page);
        report.WriteFigures(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(page))!, "figures"));
        Console.WriteLine();
        Console.WriteLine($"report: {page}");
    }

    private static string Suffixed(string path, string suffix) =>
        suffix.Length == 0
            ? path
            : Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path) + suffix + Path.GetExtension(path));
}
