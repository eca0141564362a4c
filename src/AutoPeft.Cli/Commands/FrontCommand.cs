using System.CommandLine;
using System.Text.Json;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Pareto;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Spectre.Console;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft front</c>: prints a study's Pareto front.</summary>
internal static class FrontCommand
{
    public static Command Create()
    {
        StudyArgument which = StudyArgument.Create();
        var json = new Option<bool>("--json") { Description = "One JSON object a line." };
        var command = new Command("front", "Prints the Pareto front.") { json };
        which.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using SweepFolder folder = await which.OpenAsync(parsed, toRun: false, cancellationToken).ConfigureAwait(false);
            IStudyView study = folder.Log.Study;
            if (parsed.GetValue(json)) WriteJson(study);
            else WriteTable(study);
            return 0;
        });
        return command;
    }

    private static void WriteJson(IStudyView study)
    {
        using Stream output = Console.OpenStandardOutput();
        foreach (Trial t in ParetoFront.Of(study))
        {
            using (var w = new Utf8JsonWriter(output))
            {
                w.WriteStartObject();
                w.WriteNumber("number", t.Number);
                w.WriteStartObject("values");
                for (int i = 0; i < t.Values.Length; i++) w.WriteNumber(study.Definition.Objectives[i].Name, t.Values[i]);
                w.WriteEndObject();
                w.WritePropertyName("params");
                SpaceJson.WriteValues(w, t.Configuration);
                w.WriteEndObject();
            }
            output.WriteByte((byte)'\n');
        }
    }

    private static void WriteTable(IStudyView study)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("trial").RightAligned());
        foreach (Objective o in study.Definition.Objectives) table.AddColumn(new TableColumn(Markup.Escape(o.Name)).RightAligned());
        table.AddColumn("configuration");
        foreach (Trial t in ParetoFront.Of(study))
            table.AddRow([new Text(t.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                .. t.Values.Select(v => new Text(SweepDisplay.Number(v))), new Text(t.Configuration.ToString())]);
        AnsiConsole.Write(table);
    }
}
