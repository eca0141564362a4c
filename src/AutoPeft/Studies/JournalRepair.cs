using System.Globalization;
using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>A record that a repair could not keep.</summary>
/// <param name="Line">The line's number in the damaged file; the file's first is 1.</param>
/// <param name="Byte">Where the line starts, in bytes from the file's start.</param>
/// <param name="Why">What is wrong with it, in one line.</param>
internal sealed record LostRecord(int Line, long Byte, string Why);

/// <summary>What a repair did.</summary>
/// <param name="Copy">The damaged file as it was; null where nothing was wrong and nothing was done.</param>
/// <param name="Kept">Records that the study has now.</param>
/// <param name="Lost">What could not be kept.</param>
/// <param name="LostTrials">Trials whose proposal was lost: they stand as failed, with a configuration that never ran, so that later trials
/// keep their numbers.</param>
internal sealed record JournalRepairResult(string? Copy, int Kept, IReadOnlyList<LostRecord> Lost, IReadOnlyList<int> LostTrials);

/// <summary>
/// Makes a damaged journal usable again with everything that is readable in it: what is whole and can follow stays, in the order of the
/// records' numbers. The damaged file is kept beside it.
/// </summary>
internal static class JournalRepair
{
    /// <summary>Repairs a journal in place.</summary>
    /// <param name="path">The file.</param>
    /// <param name="time">Names the copy; the system's clock unless stated.</param>
    /// <exception cref="InvalidInputException">
    /// There is no journal, the study's first record is damaged, without which no other can be read, or the directory cannot be written.
    /// The file is as it was.
    /// </exception>
    public static JournalRepairResult Run(string path, TimeProvider? time = null)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"There is no study at {path}.");
        using JournalLock held = JournalLock.Take(path + ".lock");
        try
        {
            Salvage salvage;
            using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1))
                salvage = Salvage.Of(path, file);
            if (salvage.IsWhole) return new JournalRepairResult(null, salvage.Events.Count, [], []);
            string copy = CopyName(path, (time ?? TimeProvider.System).GetUtcNow());
            File.Copy(path, copy);
            string beside = path + ".repaired";
            using (var output = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                JournalWriter.WritePlain(output, salvage.Events);
                output.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
            DirectorySync.Of(path);
            return new JournalRepairResult(copy, salvage.Events.Count, salvage.Lost, salvage.LostTrials);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be repaired: {e.Message} It is as it was.", e);
        }
    }

    private static string CopyName(string path, DateTimeOffset now)
    {
        string name = $"{path}.damaged-{now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture)}", free = name;
        for (int i = 2; File.Exists(free); i++) free = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
        return free;
    }

    /// <summary>What of a file is readable and can follow.</summary>
    private sealed class Salvage
    {
        private readonly Study _study = new();

        public List<StudyEvent> Events { get; } = [];

        public List<LostRecord> Lost { get; } = [];

        public List<int> LostTrials { get; } = [];

        /// <summary>Whether nothing is lost or out of place. A torn end, which opening drops by itself, is no damage.</summary>
        public bool IsWhole { get; private set; }

        public static Salvage Of(string path, FileStream file)
        {
            var salvage = new Salvage();
            long length = file.Length;
            (ScannedLine Scanned, int Line)[] all = [.. new JournalScan(file, 0, length).Lines().Select((l, i) => (l, i + 1))];
            bool isWhole = true;
            try { _ = new JournalReader(path).Read(file, length, default, own: true); }
            catch (InvalidInputException) { isWhole = false; }
            // What the file's end lacks of an append was never acknowledged, and half an ask would change the next one's random stream.
            int end = Array.FindLastIndex(all, l => l.Scanned.IntactEnd > 0 && !l.Scanned.Continues) + 1;
            foreach ((ScannedLine line, int number) in isWhole ? all[..end] : all)
                if (line.IntactEnd == 0 && line.Length > 1 && number > 1)
                    salvage.Lost.Add(new LostRecord(number, line.Start, "it cannot be read"));
            // The numbers say the order; a log without has that of its lines.
            foreach ((ScannedLine line, int number) in all[..end].Where(l => l.Scanned.IntactEnd > 0).OrderBy(l => l.Scanned.Number ?? -1))
                salvage.Take(file, line, number);
            if (!salvage._study.Exists)
                throw new InvalidInputException($"{path} cannot be repaired: the study's first record, which holds its search space, is "
                    + $"not readable, and without it no other is. It is as it was.");
            salvage.Lost.Sort((a, b) => a.Line.CompareTo(b.Line));
            salvage.IsWhole = isWhole && salvage.Lost.Count == 0;
            return salvage;
        }

        private long _next;

        private void Take(FileStream file, ScannedLine line, int number)
        {
            byte[] bytes = new byte[line.IntactEnd];
            file.Position = line.Start;
            file.ReadExactly(bytes);
            int returned = bytes.AsSpan().EndsWith("\r"u8) ? 1 : 0;
            ReadOnlyMemory<byte> json = bytes.AsMemory(JournalFormat.HeadLength, bytes.Length - JournalFormat.HeadLength - returned);
            _ = JournalFormat.TakeNumber(ref json);
            if (json.Span.StartsWith("{\"format\":"u8)) return;
            if (line.Number is { } n && n < _next)
            {
                Lost.Add(new LostRecord(number, line.Start, "it stands there for the second time"));
                return;
            }
            _next = (line.Number ?? 0) + line.Records;
            foreach (ReadOnlyMemory<byte> record in JournalFormat.Unpack(json)) Take(record, line, number);
        }

        private void Take(ReadOnlyMemory<byte> json, ScannedLine line, int number)
        {
            try
            {
                StudyEvent e = EventReader.Read(json, _study.Exists ? _study.Definition : null);
                if (e is TrialProposed p)
                {
                    // The sampler had seen records that are gone: what is left of them is what it can have seen.
                    e = p with { Seen = Math.Min(p.Seen, _study.Sequence) };
                    while (p.Number > _study.Trials.Count) StandIn(p);
                }
                if (e is TrialEvent t && LostTrials.Contains(t.Number))
                    throw new InvalidInputException($"The proposal of trial {t.Number} is lost.");
                if (e is TrialStarted s) BringTo(s.Number, s.Attempt - 1, isToStart: true, s.Time);
                if (e is AttemptEvent { Attempt: { } attempt }) BringTo(((TrialEvent)e).Number, attempt, isToStart: false, e.Time);
                Add(e);
            }
            catch (InvalidInputException e)
            {
                Lost.Add(new LostRecord(number, line.Start, e.Message));
            }
        }

        /// <summary>In the place of a trial whose proposal is lost, so that
        /// <paramref name="later"/> and those behind keep their numbers.</summary>
        private void StandIn(TrialProposed later)
        {
            int number = _study.Trials.Count;
            Configuration any = _study.Definition.Space.Sample(new Philox(_study.Definition.Seed, (ulong)number, StreamPurpose.Ask));
            const string source = "lost: the record of its proposal was damaged";
            long seen = Math.Min(later.Seen, _study.Sequence);
            Add(later with { Number = number, Configuration = any, Source = source, Seen = seen, State = null, Parent = null });
            Add(new TrialFailed(later.Time, number, 0, "the record of its proposal was damaged; what it ran is not known"));
            LostTrials.Add(number);
        }

        /// <summary>Where the record of a start or of an attempt's end is lost, what follows tells that there was one.</summary>
        private void BringTo(int number, int attempt, bool isToStart, DateTimeOffset time)
        {
            if (number >= _study.Trials.Count || _study.Trials[number] is not { HasEnded: false } trial) return;
            while (trial.Attempt < attempt || trial.Attempt == attempt && isToStart && trial.State != TrialState.Waiting)
            {
                if (trial.State == TrialState.Paused) Add(new TrialPromoted(time, number));
                else if (trial.State == TrialState.Running)
                    Add(new TrialRequeued(time, number, trial.Attempt, "the record of this attempt's end was damaged"));
                else Add(new TrialStarted(time, number, "not known: the record was damaged", "not known", trial.Attempt + 1));
            }
        }

        private void Add(StudyEvent e)
        {
            _study.Apply(e);
            Events.Add(e);
        }
    }
}
