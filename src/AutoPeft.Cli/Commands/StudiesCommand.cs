using System.CommandLine;
using System.Globalization;
using AutoPeft.Postgres;
using Spectre.Console;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft studies</c>: what a store has.</summary>
internal static class StudiesCommand
{
    public static Command Create()
    {
        var store = new Option<string?>("--store") { Description = StoreText.Description };
        var command = new Command("studies", "Lists the studies of a store.") { store };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            StoreAddress address = StoreText.Read(parsed.GetValue(store))
                ?? throw new InvalidInputException($"Which store? Say it with --store or {StoreText.Variable}.");
            Table table = new Table().Border(TableBorder.Simple).AddColumns("study", "made")
                .AddColumn(new TableColumn("records").RightAligned()).AddColumn("last record");
            foreach (StudyEntry s in await StudyList.ReadAsync(address, cancellationToken).ConfigureAwait(false))
                table.AddRow(s.Name.EscapeMarkup(), Time(s.Created), s.Records.ToString("N0", CultureInfo.InvariantCulture),
                    Time(s.Changed));
            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("u", CultureInfo.InvariantCulture);
}
