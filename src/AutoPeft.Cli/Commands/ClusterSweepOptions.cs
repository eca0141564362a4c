using System.CommandLine;
using AutoPeft.Cli.Cluster;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary>The options that say which cluster runs a sweep.</summary>
internal sealed class ClusterSweepOptions
{
    private readonly Option<bool> _cluster = new("--cluster") { Description = "Run on the cluster of `autopeft silo`s instead of here; Ctrl-C stops the study there." };
    private readonly Option<string?> _name = new("--name") { Description = "--cluster only: the study's name in the cluster; default the name of the directory that is written." };
    private readonly Option<bool> _detach = new("--detach") { Description = "--cluster only: submit the study and leave; the same command without --detach follows it." };
    private readonly ClusterAddress _address = new();

    public static ClusterSweepOptions AddTo(Command command)
    {
        var options = new ClusterSweepOptions();
        foreach (Option o in (Option[])[options._cluster, options._name, options._detach]) command.Options.Add(o);
        options._address.AddTo(command);
        return options;
    }

    /// <summary>Whether the sweep is for a cluster.</summary>
    /// <exception cref="InvalidInputException">It is not, but an option of clusters was typed.</exception>
    public bool IsAsked(ParseResult parsed)
    {
        if (parsed.GetValue(_cluster)) return true;
        Option? typed = ((Option[])[_name, _detach, .. _address.Options]).FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
        return typed is null ? false : throw new InvalidInputException($"{typed.Name} goes with --cluster.");
    }

    public Task SweepAsync(ParseResult parsed, string path, StudyDefinition definition, IEnumerable<Configuration> enqueue, RunArguments run, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(_name) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        return ClusterSweep.RunAsync(_address.Read(parsed), name, path, definition, enqueue, run, parsed.GetValue(_detach), cancellationToken);
    }
}

/// <summary>The options that say where a cluster lives.</summary>
internal sealed class ClusterAddress
{
    private readonly Option<string?> _directory = new("--cluster-dir") { Description = "Directory of the cluster, shared by its silos; default: one of this user on this machine." };
    private readonly Option<string?> _store = new("--cluster-store") { Description = "PostgreSQL database of the cluster instead of a directory: postgres://user@host/database." };

    public IReadOnlyList<Option> Options => [_directory, _store];

    public void AddTo(Command command)
    {
        foreach (Option o in Options) command.Options.Add(o);
    }

    /// <exception cref="InvalidInputException">Both were typed, or the address is none.</exception>
    public AutoPeft.Orleans.Hosting.ClusterLocation Read(ParseResult parsed) => (parsed.GetValue(_directory), parsed.GetValue(_store)) switch
    {
        (not null, not null) => throw new InvalidInputException("A cluster lives in a directory or in a database: give --cluster-dir or --cluster-store."),
        (null, { } store) => AutoPeft.Orleans.Hosting.ClusterLocation.InPostgres(store),
        var (directory, _) => AutoPeft.Orleans.Hosting.ClusterLocation.InDirectory(directory ?? AutoPeft.Orleans.Hosting.ClusterLocation.DefaultDirectory),
    };
}
