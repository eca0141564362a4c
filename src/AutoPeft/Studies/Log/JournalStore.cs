using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace AutoPeft.Studies;

/// <summary>
/// The default store: an append-only file of checksummed lines (<see cref="JournalFormat"/>). Records are on disk (fsync) before an append
/// returns. Many processes may use one file, on one
/// machine or over NFS: an append takes a lock that the system releases when its holder dies (<see cref="JournalLock"/>), and is refused if
/// the file has grown since it was read.
/// </summary>
/// <remarks>
/// <para>A crash in mid-append leaves a torn last line: reading stops before it, or before the whole append that it was part of,
/// <see cref="Torn"/> says so, and the next append cuts it off.
/// A record whose checksum is wrong and that cannot be a tear is damage, as is one that is doubled, missing or out of place: opening is
/// refused with its line and byte, and
/// <see cref="JournalRepair"/> keeps what is readable.</para>
/// <para>On NFS: the lock is one that Linux passes on to the server (flock, as a lock of the whole file), so that it holds between
/// machines, and the server drops it when it hears that the holder's
/// machine is gone. The file is opened anew for every append and every look, since opening is when an NFS client asks the server what
/// changed (close-to-open consistency); an append
/// does so with the lock held and syncs before it lets go, so that the next holder sees all of it. Readers without the lock may see half an
/// append and stop before it.</para>
/// </remarks>
public sealed class JournalStore : IStudyStore
{
    // What is broken at the end is looked at again so often, and so long after.
    private const int Looks = 3;
    private const int MostWaits = 1500;

    /// <summary>The name of a sweep's journal in its directory.</summary>
    public const string UsualName = "study.log";

    /// <summary>
    /// What follows the journal's path in the name of the lock that the program has which runs its trials (<see cref="Own"/>).
    /// </summary>
    public const string OwnedSuffix = ".running";

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly JournalReader _reader;
    private List<StudyEvent> _events = [];
    private JournalPlace _end;
    private long _length;
    private byte[] _header = [];
    private JournalLock? _owned;

    private JournalStore(string path) => (Path, _reader) = (path, new JournalReader(path));

    /// <summary>Path of the journal file.</summary>
    public string Path { get; }

    /// <summary>What was torn off the end when the file was opened, in one line; null if nothing was.</summary>
    public string? Torn { get; private set; }

    /// <summary>Whether nothing has been appended yet.</summary>
    public bool IsEmpty => _events.Count == 0;

    /// <summary>Bytes of the file, as of the last look.</summary>
    public long Size => _end.Byte;

    /// <summary>Bytes of records that are not packed yet: what <see cref="CompactAsync"/> would make smaller.</summary>
    public long LooseSize => _end.Byte - _end.Packed;

    /// <summary>Makes a journal in a new or empty file, and the file's directory where there is none.</summary>
    /// <exception cref="InvalidInputException">The file has something in it, or cannot be written.</exception>
    public static async Task<JournalStore> CreateAsync(string path, CancellationToken cancellationToken = default)
    {
        JournalStore store = await OpenOrCreateAsync(path, cancellationToken).ConfigureAwait(false);
        if (store._events.Count == 0) return store;
        await store.DisposeAsync().ConfigureAwait(false);
        throw new InvalidInputException($"{path} has a study already; resume it, or choose another directory.");
    }

    /// <summary>Opens an existing journal and reads it.</summary>
    /// <exception cref="InvalidInputException">There is none, it is not ours, it
    /// was written by a newer version, or a record in it is damaged.</exception>
    public static Task<JournalStore> OpenAsync(string path, CancellationToken cancellationToken = default) =>
        OpenAsync(path, FileMode.Open, cancellationToken);

    /// <summary>
    /// Opens a journal, or makes one where there is none or the file is empty: for programs that go on where they stopped.
    /// </summary>
    /// <exception cref="InvalidInputException">The file is not ours, newer or damaged, or cannot be written.</exception>
    public static Task<JournalStore> OpenOrCreateAsync(string path, CancellationToken cancellationToken = default)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be made: {e.Message}", e);
        }
        return OpenAsync(path, FileMode.OpenOrCreate, cancellationToken);
    }

    /// <summary>
    /// Opens an existing journal only to look: nothing is written, not even a lock file, so that a log on a read-only place can be looked
    /// at. An append to the store takes the lock and
    /// opens the file for writing, and is refused where that is not allowed.
    /// </summary>
    /// <exception cref="InvalidInputException">There is none, it is not ours, it
    /// was written by a newer version, or a record in it is damaged.</exception>
    public static async Task<JournalStore> LookAsync(string path, CancellationToken cancellationToken = default)
    {
        var store = new JournalStore(path);
        for (int look = 0, waits = 0; ; look++)
        {
            using FileStream file = store.Open(FileMode.Open, FileAccess.Read);
            // Without the lock a broken end may be an append under way, which takes about a millisecond. What stays broken is a tear or
            // damage.
            bool unfinished = store.ReadNew(file, own: look == Looks) || store.IsEmpty;
            if (!unfinished || look == Looks)
            {
                store.CheckFold(file);
                return store;
            }
            // A long append, as the first of a large study, is waited for.
            if (JournalLock.IsHeld(path + ".lock") && waits++ < MostWaits) look--;
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Makes this store's program the one that runs the journal's trials, until the store is disposed or the program dies: two that run one
    /// log would take each other's trials for abandoned.
    /// Others may go on looking and appending.
    /// </summary>
    /// <exception cref="InvalidInputException">Another program runs them.</exception>
    public void Own()
    {
        if (_owned is not null) return;
        _owned = JournalLock.TryTake(Path + OwnedSuffix)
            ?? throw new InvalidInputException($"{Path} is being run by another program; wait for it, stop it, or choose another file.");
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StudyEvent> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StudyEvent[] tail;
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using (FileStream file = Open(FileMode.Open, FileAccess.Read)) ReadNew(file, own: false);
            tail = _events.Count > from ? [.. _events.Skip((int)from)] : [];
        }
        finally { _gate.Release(); }
        foreach (StudyEvent e in tail) yield return e;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The disk is full or the file cannot be written. What was acknowledged before is safe;
    /// nothing of this batch is kept.</exception>
    public async ValueTask<bool> TryAppendAsync(long expected, IReadOnlyList<StudyEvent> events, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using JournalLock held = Lock();
            using FileStream file = Open(FileMode.Open, FileAccess.ReadWrite);
            ReadNew(file, own: true);
            if (_events.Count != expected) return false;
            var lines = new ArrayBufferWriter<byte>(256 * (events.Count + 1));
            bool first = _end.Byte == 0;
            if (first) JournalFormat.WriteLine(lines, JournalFormat.Header(), null);
            if (_end.Unended) lines.Write("\n"u8);
            int header = lines.WrittenCount;
            JournalPlace end = first ? _end with { Version = JournalFormat.Newest, Lines = 1 } : _end;
            var record = new ArrayBufferWriter<byte>(256);
            for (int i = 0; i < events.Count; i++)
            {
                record.ResetWrittenCount();
                EventJson.Write(record, events[i]);
                long? number = end.IsNumbered ? _events.Count + i : null;
                JournalFormat.WriteLine(lines, record.WrittenSpan, number, continues: i < events.Count - 1);
            }
            Append(file, lines.WrittenSpan);
            if (first)
            {
                DirectorySync.Of(Path);
                _header = lines.WrittenSpan[..header].ToArray();
            }
            _events.AddRange(events);
            _end = end with
            {
                Byte = _end.Byte + lines.WrittenCount,
                Lines = end.Lines + events.Count,
                Records = _events.Count,
                Unended = false,
                Definition = end.Definition ?? events.OfType<StudyCreated>().FirstOrDefault()?.Definition,
            };
            _length = _end.Byte;
            return true;
        }
        finally { _gate.Release(); }
    }

    /// <inheritdoc/>
    /// <remarks>Looks at the file's length five times a second: other processes append without telling this one.</remarks>
    public async Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        // The length as it was at the last look, torn end and all.
        while (_events.Count <= length && new FileInfo(Path) is { Exists: true } file && file.Length == _length
            && Stopwatch.GetElapsedTime(start) is var waited && waited < atMost)
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(200, (atMost - waited).TotalMilliseconds)),
                cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes the file several times smaller without losing anything: its records are packed, and replay as before. Others may go on reading
    /// and appending meanwhile. Older versions of
    /// AutoPeft cannot open the file afterwards.
    /// </summary>
    /// <exception cref="InvalidInputException">The disk is full or the directory cannot be written. The file is as it was.</exception>
    public async Task CompactAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using JournalLock held = Lock();
            using (FileStream file = Open(FileMode.Open, FileAccess.ReadWrite))
            {
                ReadNew(file, own: true);
                if (_events.Count == 0) return;
                WriteCompacted(file);
            }
            DirectorySync.Of(Path);
            Forget();
            using FileStream again = Open(FileMode.Open, FileAccess.Read);
            ReadNew(again, own: true);
        }
        finally { _gate.Release(); }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _owned?.Dispose();
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
            using (store.Open(mode, FileAccess.ReadWrite)) { }
            using JournalLock held = store.Lock();
            using FileStream file = store.Open(FileMode.Open, FileAccess.ReadWrite);
            store.ReadNew(file, own: true);
            store.CheckFold(file);
        }
        finally { store._gate.Release(); }
        return store;
    }

    private FileStream Open(FileMode mode, FileAccess access)
    {
        try
        {
            return new FileStream(Path, mode, access, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.None);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"There is no study at {Path}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{Path} cannot be opened{(access == FileAccess.Read ? "" : " for writing")}: {e.Message}", e);
        }
    }

    private void Append(FileStream file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (file.Length > _end.Byte) file.SetLength(_end.Byte);
            RandomAccess.Write(file.SafeFileHandle, bytes, _end.Byte);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        catch (IOException e)
        {
            // Half a batch must not stay: the caller was told that nothing was kept.
            try { file.SetLength(_end.Byte); }
            catch (IOException) { }
            throw new InvalidInputException(
                $"{Path} cannot be written: {e.Message.TrimEnd('.')}. Make room and resume; nothing that was acknowledged is lost.", e);
        }
    }

    private void WriteCompacted(FileStream file)
    {
        string beside = Path + ".compacted";
        try
        {
            using (var output = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                JournalWriter.WritePacked(output, _reader.Records(file, _end), _events.Count);
                output.Flush(flushToDisk: true);
            }
            File.Move(beside, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{Path} cannot be compacted: {e.Message} It is as it was.", e);
        }
    }

    /// <summary>
    /// Reads what was appended since the last look. With the lock held (<paramref name="own"/>) a broken end is a tear or damage; without,
    /// it may be an append under way.
    /// </summary>
    /// <returns>Whether something stands at the end that cannot be read.</returns>
    private bool ReadNew(FileStream file, bool own)
    {
        long length = _length = RandomAccess.GetLength(file.SafeFileHandle);
        int known = _events.Count;
        if (_header.Length > 0 && !StartsWithHeader(file))
        {
            // Another process compacted it: another header, the same records.
            Forget();
        }
        if (length < _end.Byte) throw Shorter();
        bool stopped = false;
        if (length > _end.Byte)
        {
            JournalPart part = _reader.Read(file, length, _end, own);
            _events.AddRange(part.Events);
            (_end, stopped) = (part.End, part.Stopped);
            if (_header.Length == 0 && _end.Version > 0) _header = Header(file);
            if (own && stopped)
                Torn = $"{Path}: the last record was torn ({length - _end.Byte} bytes after line {_end.Lines}, byte {_end.Byte}) and is "
                    + $"dropped.";
        }
        if (_events.Count < known) throw Shorter();
        return stopped;
    }

    /// <summary>A log whose records carry no number may have lost or doubled some: the fold tells.</summary>
    private void CheckFold(FileStream file)
    {
        if (_end.IsNumbered) return;
        var study = new Study();
        foreach (StudyEvent e in _events)
        {
            if (study.Refuses(e) is { } why)
                throw new JournalDiagnosis(Path).CannotFollow(file, _end.Byte, study.Sequence, _events.Count, why);
            study.Apply(e);
        }
    }

    private bool StartsWithHeader(FileStream file)
    {
        Span<byte> now = _header.Length <= 1024 ? stackalloc byte[_header.Length] : new byte[_header.Length];
        return RandomAccess.Read(file.SafeFileHandle, now, 0) == now.Length && now.SequenceEqual(_header);
    }

    private static byte[] Header(FileStream file)
    {
        byte[] start = new byte[256];
        ReadOnlySpan<byte> read = start.AsSpan(0, RandomAccess.Read(file.SafeFileHandle, start, 0));
        return [.. read[..(read.IndexOf((byte)'\n') + 1)]];
    }

    private void Forget() => (_events, _end, _header) = ([], default, []);

    private InvalidInputException Shorter() => new($"{Path} has become shorter since it was read; another program changed it.");

    private JournalLock Lock() => JournalLock.Take(Path + ".lock");
}
