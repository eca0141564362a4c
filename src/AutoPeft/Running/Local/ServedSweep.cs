using System.Buffers;
using System.Text;
using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// What a host and a program that declares a sweep (<see cref="SweepBuilder{T}.RunOrServeAsync(Func{T, double[]}, CancellationToken)"/>)
/// agree on: the host starts the program with <see cref="Variable"/> set, to hear the study that it declares, or to have it run trials as
/// a worker does.
/// </summary>
internal static class ServedSweep
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "AUTOPEFT_SERVE";

    /// <summary>The variable's value that has the program say its study on standard output, and end.</summary>
    public const string Define = "define";

    /// <summary>The variable's value that has the program run the trials that standard input names.</summary>
    public const string Work = "work";

    // Whatever else the program prints stands on other lines.
    private const string Frame = "autopeft-study ";

    /// <summary>The study in what a program printed; null where it printed none.</summary>
    /// <exception cref="InvalidInputException">The study cannot be read.</exception>
    public static StudyDefinition? Read(string printed)
    {
        if (printed.Split('\n').LastOrDefault(l => l.StartsWith(Frame, StringComparison.Ordinal)) is not { } line) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line.AsMemory(Frame.Length));
            return DefinitionJson.Read(document.RootElement);
        }
        catch (JsonException e) { throw new InvalidInputException($"The study that the program printed cannot be read: {e.Message}", e); }
    }

    internal static void Write(TextWriter output, StudyDefinition definition)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var w = new Utf8JsonWriter(json))
        {
            w.WriteStartObject();
            DefinitionJson.Write(w, definition);
            w.WriteEndObject();
        }
        output.WriteLine(Frame + Encoding.UTF8.GetString(json.WrittenSpan));
    }

    internal static async Task WorkAsync(Func<StudyDefinition, ITrialRunner> runners, CancellationToken cancellationToken)
    {
        // A Ctrl-C on the terminal reaches the whole group; the host tells us what to do about it.
        Console.CancelKeyPress += (_, e) => e.Cancel = true;
        using var input = new StreamReader(Console.OpenStandardInput());
        await using var output = new StreamWriter(Console.OpenStandardOutput());
        Console.SetOut(Console.Error);
        // Without its host a worker must not train on, whatever it is doing.
        await new WorkerLoop(input, output, (study, _) => runners(study)).RunAsync(orphaned: () => AbruptExit.Now(0), cancellationToken)
            .ConfigureAwait(false);
    }
}
