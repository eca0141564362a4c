// A store of your own, a file of JSON lines:   dotnet run examples/own-store.cs
// It is done when a class that inherits StudyStoreContract of AutoPeft.TestKit passes; this one has one writer and no checksums.
#:project ../src/AutoPeft/AutoPeft.csproj

using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

string path = Path.Combine(Path.GetTempPath(), $"study-{Guid.NewGuid():n}.jsonl");
await using (var store = new LinesStore(path))
    await Sweep.Over<Recipe>().Minimize("error").Trials(20).Seed(1).Store(store)
        .RunAsync(r => [Math.Pow(Math.Log10(r.LearningRate) + 3, 2)]);
Console.WriteLine($"{File.ReadLines(path).Count()} records in {path}; the last: {File.ReadLines(path).Last()}");

internal sealed class LinesStore(string path) : IStudyStore
{
    private long _length;

    private StudyDefinition? _definition;

    public async IAsyncEnumerable<StudyEvent> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!File.Exists(path)) yield break;
        long at = 0;
        await foreach (string line in File.ReadLinesAsync(path, cancellationToken))
        {
            StudyEvent e = EventJson.Read(Encoding.UTF8.GetBytes(line), _definition);
            if (e is StudyCreated created) _definition = created.Definition;
            if (at++ >= from) yield return e;
        }
        _length = at;
    }

    public ValueTask<bool> TryAppendAsync(long expected, IReadOnlyList<StudyEvent> events, CancellationToken cancellationToken)
    {
        if (expected != _length) return ValueTask.FromResult(false);
        var bytes = new ArrayBufferWriter<byte>();
        foreach (StudyEvent e in events)
        {
            EventJson.Write(bytes, e);
            bytes.Write("\n"u8);
        }
        File.AppendAllBytes(path, bytes.WrittenSpan);
        _length += events.Count;
        return ValueTask.FromResult(true);
    }

    public Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken) =>
        _length > length
            ? Task.CompletedTask
            : Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50, atMost.TotalMilliseconds)), cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

internal sealed record Recipe([Float(1e-5, 1e-1, Log = true)] double LearningRate);
