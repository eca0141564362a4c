using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Studies;

/// <summary>
/// What editors, text tools and bad disks make of a log: nothing readable is lost, and what cannot be read is said with its line and byte.
/// </summary>
public sealed class JournalDamageTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    private string Log => Path.Combine(_directory, "study.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("carriage returns")]
    [InlineData("a byte-order mark")]
    [InlineData("both")]
    [InlineData("no last line end")]
    [InlineData("empty lines behind")]
    public async Task What_a_text_tool_added_or_took_means_nothing_and_the_study_goes_on(string tool)
    {
        byte[] whole = await WriteAsync();
        string text = Encoding.ASCII.GetString(whole);
        string changed = tool switch
        {
            "carriage returns" => text.ReplaceLineEndings("\r\n"),
            "a byte-order mark" => "\uFEFF" + text,
            "both" => "\uFEFF" + text.ReplaceLineEndings("\r\n"),
            "no last line end" => text[..^1],
            _ => text + "\n\n",
        };
        await File.WriteAllBytesAsync(Log, Encoding.UTF8.GetBytes(changed));
        List<StudyEvent> before = await ReadAsync();
        Assert.Equal(Records(whole), before.Count);
        for (int i = 1; i <= 3; i++)
        {
            await using JournalStore store = await JournalStore.OpenAsync(Log);
            Assert.Null(store.Torn);
            await using (StudySession session = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler()))
                Assert.Single(await session.AskAsync(1));
            Assert.Equal(before.Count + i, (await ReadAsync()).Count);
        }
        Assert.Equal(before, (await ReadAsync()).Take(before.Count));
        await using (JournalStore store = await JournalStore.OpenAsync(Log)) await store.CompactAsync();
        Assert.Equal(before, (await ReadAsync()).Take(before.Count));
    }

    [Fact]
    public async Task A_log_that_became_UTF_16_says_how_it_is_put_back()
    {
        byte[] whole = await WriteAsync();
        await File.WriteAllTextAsync(Log, Encoding.ASCII.GetString(whole), Encoding.Unicode);
        Assert.Contains("iconv -f UTF-16 -t UTF-8", (await RefusalAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("doubled", 5, "record 4 stands there for the second time")]
    [InlineData("dropped", 4, "record 3 is missing")]
    [InlineData("three dropped", 4, "records 3 to 5 are missing")]
    [InlineData("swapped", 4, "record 4 stands in the place of record 3, which is line 6")]
    public async Task A_record_that_is_doubled_missing_or_swapped_is_told_with_file_line_and_byte(string what, int index, string says)
    {
        List<string> lines = Lines(await WriteAsync());
        switch (what)
        {
            case "doubled":
                lines.Insert(index + 1, lines[index]);
                index++;
                break;
            case "dropped":
                lines.RemoveAt(index);
                break;
            case "three dropped":
                lines.RemoveRange(index, 3);
                break;
            default:
                (lines[index], lines[index + 1]) = (lines[index + 1], lines[index]);
                break;
        }
        string file = await PutAsync(lines);
        InvalidInputException e = await RefusalAsync();
        Assert.Contains($"{Log}, line {index + 1} (byte {lines.Take(index).Sum(l => l.Length + 1)}): {says}", e.Message,
            StringComparison.Ordinal);
        Assert.Contains($"{index - 1} record(s) before it and {lines.Count - index - 1} behind it are readable", e.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("truncate", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Equal(file, await File.ReadAllTextAsync(Log));
        // Who only looks is told too: what stays so is no append under way.
        Assert.Equal(e.Message, (await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.LookAsync(Log))).Message);
    }

    [Fact]
    public async Task Eight_lines_dropped_from_a_thousand_are_noticed_one_by_one()
    {
        List<string> lines = Lines(await WriteAsync(trials: 240));
        Assert.InRange(lines.Count, 700, 1200);
        var random = new Random(4);
        for (int i = 0; i < 8; i++)
        {
            int at = random.Next(1, lines.Count - 1);
            List<string> fewer = [.. lines];
            fewer.RemoveAt(at);
            await PutAsync(fewer);
            Assert.Contains($"line {at + 1} ", (await RefusalAsync()).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_log_without_numbers_whose_records_are_doubled_or_missing_is_told_with_file_line_and_byte()
    {
        string asset = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Assets", "sweep-v1.jsonl"));
        List<string> lines = [.. asset.Split('\n')[..^1]];
        int completed = lines.FindIndex(l => l.Contains("\"completed\"", StringComparison.Ordinal)), proposed =
            lines.FindLastIndex(30, l => l.Contains("\"proposed\"", StringComparison.Ordinal));
        await PutAsync([.. lines[..(completed + 1)], lines[completed], .. lines[(completed + 1)..]]);
        InvalidInputException e = await RefusalAsync();
        Assert.Contains($"{Log}, line {completed + 2} (byte {lines.Take(completed + 1).Sum(l => l.Length + 1)}): Trial 0 has ended already",
            e.Message, StringComparison.Ordinal);
        Assert.Contains($"{lines.Count - completed - 1} behind it are readable", e.Message, StringComparison.Ordinal);
        List<string> fewer = [.. lines];
        fewer.RemoveAt(proposed);
        await PutAsync(fewer);
        string message = (await RefusalAsync()).Message;
        Match place = Regex.Match(message, @"line (\d+) \(byte (\d+)\)");
        int line = int.Parse(place.Groups[1].Value, CultureInfo.InvariantCulture);
        // Where the fold first misses it: at what happened to the trial, or at the next proposal.
        Assert.InRange(line, proposed + 1, proposed + 10);
        Assert.Equal(fewer.Take(line - 1).Sum(l => l.Length + 1), int.Parse(place.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_repair_keeps_the_damaged_file_and_every_record_that_can_still_follow()
    {
        List<string> lines = Lines(await WriteAsync(trials: 12));
        Study whole = Study.Of(await ReadAsync());
        for (int at = 2; at < lines.Count; at++)
        {
            List<string> damaged = [.. lines];
            damaged[at] = damaged[at][..12] + "#" + damaged[at][13..];
            string file = await PutAsync(damaged);
            await RefusalAsync();
            JournalRepairResult result = JournalRepair.Run(Log);
            Assert.Equal(file, await File.ReadAllTextAsync(result.Copy!));
            Assert.Contains(result.Lost, l => l.Line == at + 1 && l.Byte == lines.Take(at).Sum(t => t.Length + 1));
            Study study = Study.Of(await ReadAsync());
            Assert.Equal(whole.Trials.Count, study.Trials.Count
                + (at == lines.Count - 1 && lines[at].Contains("\"proposed\"", StringComparison.Ordinal) ? 1 : 0));
            int hit =
                int.Parse(lines[at][(lines[at].IndexOf("\"trial\":", StringComparison.Ordinal) + 8)..].Split(',', '}')[0],
                CultureInfo.InvariantCulture);
            // A lost start loses no result.
            foreach (Trial t in study.Trials.Where(t => t.Number != hit || lines[at].Contains("\"started\"", StringComparison.Ordinal)))
            {
                Assert.Equal(whole.Trials[t.Number].State, t.State);
                Assert.Equal(whole.Trials[t.Number].Values.ToArray(), t.Values.ToArray());
                Assert.Equal(whole.Trials[t.Number].Configuration, t.Configuration);
            }
            // The study goes on.
            await using (JournalStore store = await JournalStore.OpenAsync(Log))
            {
                await using StudySession session = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
                Assert.Single(await session.AskAsync(1));
            }
            File.Delete(result.Copy!);
        }
    }

    [Theory]
    [InlineData("swapped")]
    [InlineData("doubled")]
    public async Task A_repair_puts_records_in_order_and_drops_what_stands_there_twice(string what)
    {
        List<string> lines = Lines(await WriteAsync());
        List<StudyEvent> before = await ReadAsync();
        List<string> changed = [.. lines];
        if (what == "doubled") changed.InsertRange(6, lines[3..5]);
        else (changed[4], changed[8]) = (changed[8], changed[4]);
        await PutAsync(changed);
        JournalRepairResult result = JournalRepair.Run(Log);
        Assert.Equal(what == "doubled" ? 2 : 0, result.Lost.Count);
        Assert.Equal(before, await ReadAsync());
        Assert.Equal(lines, Lines(await File.ReadAllBytesAsync(Log)));
    }

    [Fact]
    public async Task A_log_that_needs_no_repair_is_left_alone_and_one_without_its_study_is_refused()
    {
        byte[] whole = await WriteAsync();
        Assert.Null(JournalRepair.Run(Log).Copy);
        // A torn end is no damage.
        await File.WriteAllBytesAsync(Log, whole[..^20]);
        Assert.Null(JournalRepair.Run(Log).Copy);
        Assert.Equal(whole[..^20], await File.ReadAllBytesAsync(Log));
        List<string> lines = Lines(whole);
        lines[1] = lines[1][..30] + "#" + lines[1][31..];
        string file = await PutAsync(lines);
        Assert.Contains("its search space, is not readable", Assert.Throws<InvalidInputException>(() => JournalRepair.Run(Log)).Message,
            StringComparison.Ordinal);
        Assert.Equal(file, await File.ReadAllTextAsync(Log));
        Assert.Equal([Log], Directory.GetFiles(_directory).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)));
    }

    private static List<string> Lines(byte[] log) => [.. Encoding.ASCII.GetString(log).Split('\n')[..^1]];

    private static int Records(byte[] log) => Lines(log).Count - 1;

    private async Task<string> PutAsync(IReadOnlyList<string> lines)
    {
        string text = string.Concat(lines.Select(l => l + "\n"));
        await File.WriteAllTextAsync(Log, text);
        return text;
    }

    private Task<InvalidInputException> RefusalAsync() => Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(Log));

    private async Task<List<StudyEvent>> ReadAsync()
    {
        await using JournalStore store = await JournalStore.LookAsync(Log);
        return await StudyFixture.ReadAllAsync(store);
    }

    /// <summary>A study of trials that completed and failed, one by one, and one that waits.</summary>
    private async Task<byte[]> WriteAsync(int trials = 4)
    {
        File.Delete(Log);
        await using (JournalStore store = await JournalStore.CreateAsync(Log))
        {
            await using StudySession session = await StudyFixture.SessionAsync(store, budget: trials + 20);
            for (int n = 0; n < trials; n++)
            {
                await session.AskAsync(1);
                await session.TakeWaitingAsync("w", "cpu:0");
                if (n % 4 == 3) await session.FailAsync(n, "no luck");
                else await session.CompleteAsync(n, [0.5, n]);
            }
            await session.AskAsync(1);
        }
        return await File.ReadAllBytesAsync(Log);
    }
}
