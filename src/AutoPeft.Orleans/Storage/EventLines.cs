using System.Buffers;
using System.Text;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Storage;

/// <summary>Records as lines of text. One reader reads one log: its first record tells what the others mean.</summary>
internal sealed class EventLines
{
    private StudyDefinition? _definition;

    /// <summary>Whether the first record was read.</summary>
    public bool KnowsDefinition => _definition is not null;

    public static string Write(StudyEvent e)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        EventJson.Write(buffer, e);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public StudyEvent Read(string line)
    {
        StudyEvent e = EventJson.Read(Encoding.UTF8.GetBytes(line), _definition);
        if (e is StudyCreated c) _definition = c.Definition;
        return e;
    }
}
