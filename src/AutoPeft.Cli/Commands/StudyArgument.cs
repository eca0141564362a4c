using System.CommandLine;
using AutoPeft.Cli.Sweeps;

namespace AutoPeft.Cli.Commands;

/// <summary>A study that a command looks at or goes on with: a sweep's directory, or a store and a name.</summary>
internal sealed class StudyArgument
{
    private readonly Argument<string?> _directory =
        new("DIR") { Description = "The sweep's directory; left out with --store.", Arity = ArgumentArity.ZeroOrOne };
    private StoreOptions _store = null!;
    private Option<string?>? _output;

    public static StudyArgument Create() => new();

    /// <param name="command">To which.</param>
    /// <param name="output">What --out means there; null for a command that writes nothing.</param>
    public void AddTo(Command command, string? output = null)
    {
        command.Arguments.Add(_directory);
        _store = StoreOptions.AddTo(command, joins: output is not null);
        if (output is null) return;
        _output = new Option<string?>("--out") { Description = output };
        command.Options.Add(_output);
    }

    /// <summary>Where this machine has what belongs to the study.</summary>
    public string FolderOf(ParseResult parsed)
    {
        string? directory = parsed.GetValue(_directory), output = _output is null ? null : parsed.GetValue(_output);
        if (_store.Read(parsed) is { } place)
            return directory is null ? output ?? place.Folder
                : throw new InvalidInputException("Give the sweep's directory, or --store and --study, not both.");
        if (output is not null) throw new InvalidInputException("--out goes with --store; a sweep's directory is written where it is.");
        return directory ?? throw new InvalidInputException("Which study? Give the sweep's directory, or --store and --study.");
    }

    /// <summary>Whether another program of this machine runs the study, which a directory's study has one of at a time.</summary>
    public bool IsRunElsewhere(ParseResult parsed) => parsed.GetValue(_directory) is { } directory && SweepFolder.IsRunElsewhere(directory);

    public Task<SweepFolder> OpenAsync(ParseResult parsed, bool toRun, CancellationToken cancellationToken)
    {
        string folder = FolderOf(parsed);
        return _store.Read(parsed) is { } place
            ? SweepFolder.OpenAsync(folder, place, cancellationToken) : SweepFolder.OpenAsync(folder, toRun, cancellationToken);
    }
}
