using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Postgres;

namespace AutoPeft.Cli.Commands;

/// <summary>The options that name a study in a store that machines share.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string?> _store = new("--store") { Description = StoreText.Description };
    private readonly Option<string?> _study = new("--study") { Description = "The study's name in the store." };
    private readonly Option<double> _lease = new("--lease") { Description = "Seconds without a heartbeat after which this machine's trials go to others.", DefaultValueFactory = _ => 30 };

    public static StoreOptions AddTo(Command command)
    {
        var options = new StoreOptions();
        foreach (Option o in (Option[])[options._store, options._study, options._lease]) command.Options.Add(o);
        return options;
    }

    /// <summary>What was typed; null where no store was.</summary>
    public StoreArguments? Read(ParseResult parsed)
    {
        string? typed = parsed.GetValue(_study);
        if (parsed.GetValue(_store) is null && typed is null) return null;
        StoreAddress store = StoreText.Read(parsed.GetValue(_store))
            ?? throw new InvalidInputException($"--study names a study of a store; say which store with --store or {StoreText.Variable}.");
        string study = typed ?? throw new InvalidInputException("--store holds many studies; name one with --study.");
        double lease = parsed.GetValue(_lease) is >= 0.5 and <= 86400 and var l ? l : throw new InvalidInputException("--lease takes seconds from 0.5 to 86400.");
        return new StoreArguments(store, study, TimeSpan.FromSeconds(lease));
    }
}
