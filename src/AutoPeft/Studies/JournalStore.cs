using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AutoPeft.Studies;

/// <summary>
/// The default store: an append-only file of checksummed lines (<see cref="JournalFormat"/>). Records are on disk (fsync) before an append returns. Many processes may use one file, on one
/// machine or over NFS: an append takes a lock that the system releases when its holder dies (<see cref="JournalLock"/>), and is refused if the file has grown since it was read.
/// </summary>
/// <remarks>
/// <para>A crash in mid-append leaves a torn last line: reading stops before it, or before the whole append that it was part of, <see cref="Torn"/> says so, and the next append cuts it off.
/// A record whose checksum is wrong and that cannot be a tear is damage: opening is refused with its line and byte.</para>
/// <para>On NFS: the lock is one that Linux passes on to the server (flock, as a lock of the whole file), so that it holds between machines, and the server drops it when it hears that the holder's
/// machine is gone. The file is opened anew for every append and every look, since opening is when an NFS client asks the server what changed (close-to-open consistency); an append
/// does so with the lock held and syncs before it lets go, so that the next holder sees all of it. Readers without the lock may see half an append and stop before it.</para>
/// </remarks>
public sealed class JournalStore : IStudyStore
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly JournalReader _reader;
    private List<StudyEvent> _events = [];
    private StudyDefinition? _definition;
    private byte[] _header = [];
    private long _end, _packed;
    private int _lines;

    private JournalStore(string path) => (Path, _reader) = (path, new JournalReader(path));

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>What was torn off the end when the file was opened, in one line; null if nothing was.</summary>
    public string? Torn { get; private set; }

    /// <summary>Whether nothing has been appended yet.</summary>
    public bool IsEmpty => _events.Count == 0;

    /// <summary>Bytes of the file, as of the last look.</summary>
    public long Size => _end;

    /// <summary>Bytes of records that are not packed yet: what <see cref="CompactAsync"/> would make smaller.</summary>
    public long LooseSize => _end - _packed;

    /// <summary>Makes a journal in a new or empty file.</summary>
    /// <exception cref="InvalidInputException">The file has something in it, or cannot be written.</exception>
    public static async Task<JournalStore> CreateAsync(string path, CancellationToken cancellationToken = default)
    {
        JournalStore store = await OpenAsync(path, FileMode.OpenOrCreate, cancellationToken).ConfigureAwait(false);
        if (store._events.Count == 0) return store;
        await store.DisposeAsync().ConfigureAwait(false);
        throw new InvalidInputException($"{path} has a study already; resume it, or choose another directory.");
    }

    /// <summary>Opens an existing journal and reads it.</summary>
    /// <exception cref="InvalidInputException">There is none, it is not ours, it was written by a newer version, or a record in it is damaged.</exception>
    public static Task<JournalStore> OpenAsync(string path, CancellationToken cancellationToken = default) => OpenAsync(path, FileMode.Open, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<StudyEvent> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StudyEvent[] tail;
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using (FileStream file = Open(FileMode.Open)) ReadNew(file, own: false);
            tail = _events.Count > from ? [.. _events.Skip((int)from)] : [];
        }
        finally { _gate.Release(); }
        foreach (StudyEvent e in tail) yield return e;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The disk is full or the file cannot be written. What was acknowledged before is safe; nothing of this batch is kept.</exception>
    public async ValueTask<bool> TryAppendAsync(long expected, IReadOnlyList<StudyEvent> events, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using JournalLock held = Lock();
            using FileStream file = Open(FileMode.Open);
            ReadNew(file, own: true);
            if (_events.Count != expected) return false;
            var lines = new ArrayBufferWriter<byte>(256 * (events.Count + 1));
            bool first = _end == 0;
            if (first) JournalFormat.WriteLine(lines, JournalFormat.Header());
            int header = lines.WrittenCount;
            var record = new ArrayBufferWriter<byte>(256);
            for (int i = 0; i < events.Count; i++)
            {
                record.ResetWrittenCount();
                EventJson.Write(record, events[i]);
                JournalFormat.WriteLine(lines, record.WrittenSpan, continues: i < events.Count - 1);
            }
            Append(file, lines.WrittenSpan);
            if (first)
            {
                DirectorySync.Of(Path);
                _header = lines.WrittenSpan[..header].ToArray();
            }
            _lines += events.Count + (first ? 1 : 0);
            _definition ??= events.OfType<StudyCreated>().FirstOrDefault()?.Definition;
            _events.AddRange(events);
            return true;
        }
        finally { _gate.Release(); }
    }

    /// <inheritdoc/>
    /// <remarks>Looks at the file's length five times a second: other processes append without telling this one.</remarks>
    public async Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (_events.Count <= length && new FileInfo(Path) is { Exists: true } file && file.Length == _end && Stopwatch.GetElapsedTime(start) is var waited && waited < atMost)
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(200, (atMost - waited).TotalMilliseconds)), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes the file several times smaller without losing anything: its records are packed, and replay as before. Others may go on reading and appending meanwhile. Older versions of
    /// AutoPeft cannot open the file afterwards.
    /// </summary>
    /// <exception cref="InvalidInputException">The disk is full or the directory cannot be written. The file is as it was.</exception>
    public async Task CompactAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using JournalLock held = Lock();
            byte[] whole;
            using (FileStream file = Open(FileMode.Open))
            {
                ReadNew(file, own: true);
                whole = Bytes(file, 0, _end);
            }
            if (_events.Count == 0) return;
            byte[] compacted = JournalFormat.Compacted(JournalReader.Records(whole));
            string beside = Path + ".compacted";
            try
            {
                using (var file = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None, 1))
                {
                    file.Write(compacted);
                    file.Flush(flushToDisk: true);
                }
                File.Move(beside, Path, overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InvalidInputException($"{Path} cannot be compacted: {e.Message} It is as it was.", e);
            }
            DirectorySync.Of(Path);
            Forget();
            using FileStream again = Open(FileMode.Open);
            ReadNew(again, own: true);
        }
        finally { _gate.Release(); }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _gate.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<JournalStore> OpenAsync(string path, FileMode mode, CancellationToken cancellationToken)
    {
        var store = new JournalStore(path);
        await store._gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Before the lock, whose file would otherwise be made beside a log that is not there.
            using (store.Open(mode)) { }
            using JournalLock held = store.Lock();
            using FileStream file = store.Open(FileMode.Open);
            store.ReadNew(file, own: true);
        }
        finally { store._gate.Release(); }
        return store;
    }

    private FileStream Open(FileMode mode)
    {
        try
        {
            return new FileStream(Path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.None);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"There is no study at {Path}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{Path} cannot be opened for writing: {e.Message}", e);
        }
    }

    private void Append(FileStream file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (file.Length > _end) file.SetLength(_end);
            RandomAccess.Write(file.SafeFileHandle, bytes, _end);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        catch (IOException e)
        {
            // Half a batch must not stay: the caller was told that nothing was kept.
            try { file.SetLength(_end); }
            catch (IOException) { }
            throw new InvalidInputException($"{Path} cannot be written: {e.Message} Make room and resume; nothing that was acknowledged is lost.", e);
        }
        _end += bytes.Length;
    }

    /// <summary>Reads what was appended since the last look. With the lock held (<paramref name="own"/>) a broken end is a tear or damage; without, it may be an append under way.</summary>
    private void ReadNew(FileStream file, bool own)
    {
        long length = RandomAccess.GetLength(file.SafeFileHandle);
        int known = _events.Count;
        if (_header.Length > 0 && !Bytes(file, 0, Math.Min(_header.Length, length)).AsSpan().SequenceEqual(_header))
        {
            // Another process compacted it: another header, the same records.
            Forget();
        }
        if (length < _end) throw Shorter();
        if (length > _end)
        {
            bool start = _end == 0;
            byte[] bytes = Bytes(file, _end, length - _end);
            JournalPart part = _reader.Read(bytes, _end, _lines, _definition, own);
            if (start && part.Lines > 0) _header = bytes[..(Array.IndexOf(bytes, (byte)'\n') + 1)];
            _events.AddRange(part.Events);
            _packed += part.Packed;
            (_end, _lines, _definition) = (part.End, part.Lines, _events.Count > 0 ? part.Definition : null);
            if (own && _end < length) Torn = $"{Path}: the last record was torn ({length - _end} bytes after line {_lines}, byte {_end}) and is dropped.";
        }
        if (_events.Count < known) throw Shorter();
    }

    private static byte[] Bytes(FileStream file, long from, long count)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)count));
        int read = 0;
        while (read < bytes.Length)
        {
            int n = RandomAccess.Read(file.SafeFileHandle, bytes.AsSpan(read), from + read);
            if (n == 0) return bytes[..read];
            read += n;
        }
        return bytes;
    }

    private void Forget() => (_events, _definition, _header, _end, _packed, _lines) = ([], null, [], 0, 0, 0);

    private InvalidInputException Shorter() => new($"{Path} has become shorter since it was read; another program changed it.");

    private JournalLock Lock() => JournalLock.Take(Path + ".lock");
}
