using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary>The options by which a sweep starts from earlier ones.</summary>
internal sealed class FromOptions
{
    private readonly Option<string?> _from = new("--from")
    {
        Description =
        "DIR[,DIR…]: earlier sweeps to start from, of this space or of another one. What maps is used; what does not is named."
    };
    private readonly Option<string> _as = new("--from-as")
    {
        Description = "prior: their trials are a belief, weighted by how well it predicts this study's own. best: their best "
            + "configurations, made diverse, run first.",
        DefaultValueFactory = _ => "prior",
    };
    private readonly Option<int> _count =
        new("--from-count") { Description = "With --from-as best: how many run first.", DefaultValueFactory = _ => 5 };

    public static FromOptions AddTo(Command command)
    {
        var options = new FromOptions();
        foreach (Option o in (Option[])[options._from, options._as, options._count]) command.Options.Add(o);
        return options;
    }

    /// <summary>The definition with the earlier sweeps that were typed; says on standard error what maps.</summary>
    public async Task<StudyDefinition> ApplyAsync(ParseResult parsed, StudyDefinition definition, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_from) is not { } list) return definition;
        bool prior = parsed.GetValue(_as) switch
        {
            "prior" => true,
            "best" => false,
            var other => throw new InvalidInputException($"--from-as takes prior or best, not {other}."),
        };
        int count =
            parsed.GetValue(_count) is > 0 and var n ? n : throw new InvalidInputException("--from-count takes a whole number from 1.");
        string[] directories = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (directories.Length == 0) throw new InvalidInputException("--from takes the directories of earlier sweeps.");
        (StudyDefinition with, IReadOnlyList<string> lines) =
            await EarlierStudies.AddAsync(definition, directories, prior, count, cancellationToken).ConfigureAwait(false);
        foreach (string line in lines) await Console.Error.WriteLineAsync($"autopeft: from {line}").ConfigureAwait(false);
        return with;
    }
}
