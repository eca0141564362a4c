using System.IO.Compression;
using System.Text;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Scaling.Tests;

/// <summary>Tables that cannot be fitted: each is refused with one line that a person can act on.</summary>
public sealed class MalformedTableTests
{
    private const string Good =
        "1e8,1e9,3.1\n2e8,1e9,3\n4e8,2e9,2.9\n1e8,4e9,2.95\n2e8,8e9,2.8\n4e8,1e10,2.7\n8e8,2e10,2.6\n8e8,4e9,2.75\n";

    public static TheoryData<string, string, byte[]> Tables()
    {
        var data = new TheoryData<string, string, byte[]>();
        void Text(string name, string text, string extension = ".csv") => data.Add(name, extension, Encoding.UTF8.GetBytes(text));
        Text("empty", "");
        Text("blank lines", "\n\n\r\n");
        Text("header only", "N,D,loss\n");
        Text("mark only", "\uFEFF");
        Text("no header", Good);
        Text("ragged short", "N,D,loss\n1e8,1e9\n");
        Text("ragged long", "N,D,loss\n1e8,1e9,3,4\n");
        Text("unclosed quote", "N,D,loss\n\"1e8,1e9,3\n");
        Text("repeated column", "N,N,loss\n" + Good);
        Text("no loss", "N,D,score\n" + Good);
        Text("no N", "size_class,D,loss\nsmall,1e9,3\nlarge,1e9,2\n");
        Text("no D", "N,seed,loss\n1e8,1,3\n2e8,2,2.9\n");
        Text("text in loss", "N,D,loss\n1e8,1e9,three\n1e8,2e9,2.9\n");
        Text("decimal commas", "N;D;loss\n100000000;1000000000;3,1\n200000000;1000000000;3,0\n");
        Text("text in N", "N,D,loss\nbig,1e9,3\n2e8,1e9,2.9\n");
        Text("missing N", "N,D,loss\n,1e9,3\n2e8,1e9,2.9\n");
        Text("zero N", "N,D,loss\n0,1e9,3\n" + Good);
        Text("negative N", "N,D,loss\n-1e8,1e9,3\n" + Good);
        Text("infinite N", "N,D,loss\ninf,1e9,3\n" + Good);
        Text("zero D", "N,D,loss\n1e8,0,3\n" + Good);
        Text("negative loss", "N,D,loss\n1e8,1e9,-3\n" + Good);
        Text("zero loss", "N,D,loss\n1e8,1e9,0\n" + Good);
        Text("all diverged", "N,D,loss\n1e8,1e9,nan\n2e8,1e9,inf\n");
        Text("diverged in words", "N,D,loss\n1e8,1e9,diverged\n2e8,1e9,OOM\n");
        Text("constant loss", "N,D,loss\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"{i}e8,{i}e9,2.5\n")));
        Text("perplexity", "N,D,loss\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"{i}e8,{i}e9,{60 - i}\n")));
        Text("one size", "N,D,loss\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"1e8,{i}e9,{3 - 0.01 * i}\n")));
        Text("one D", "N,D,loss\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"{i}e8,1e9,{3 - 0.01 * i}\n")));
        Text("five runs", "N,D,loss\n1e8,1e9,3.1\n2e8,1e9,3\n4e8,2e9,2.9\n1e8,4e9,2.95\n2e8,8e9,2.8\n");
        Text("one run", "N,D,loss\n1e8,1e9,3.1\n");
        Text("N in millions", "N,D,loss\n100,1e9,3.1\n200,1e9,3\n400,2e9,2.9\n");
        Text("D in billions", "N,D,loss\n1e8,1,3.1\n2e8,2,3\n4e8,4,2.9\n");
        Text("some N in millions", "N,D,loss\n" + Good + "124,1e9,3.2\n355,1e9,3.1\n");
        Text("some N in thousands", "N,D,loss\n" + Good + "1240,1e9,3.2\n1350,1e9,3.1\n");
        Text("some D in millions", "N,D,loss\n" + Good + "1e8,1000,3.2\n1e8,2000,3.1\n");
        Text("D in millions", "N,D,loss\n1e8,2000,3.1\n2e8,4000,3\n4e8,8000,2.9\n8e8,9000,2.8\n");
        Text("compute in wrong unit", "N,D,flops,loss\n1e8,1e9,0.6,3.1\n2e8,1e9,1.2,3\n4e8,2e9,4.8,2.9\n");
        Text("repeats of one run", "N,D,loss\n" + string.Concat(Enumerable.Repeat("1e8,1e9,3.1\n", 12)));
        Text("rising loss",
            "N,D,loss\n"
                + string.Concat(Enumerable.Range(0, 12)
                    .Select(i => FormattableString.Invariant($"{i % 4 + 1}e8,{i / 4 + 1}e9,{2 + 0.1 * (i % 4) + 0.1 * (i / 4)}\n"))));
        Text("prose", "This is no table at all, it is a letter.\nIt has a second line, too, with a comma.\n");
        Text("markup", "<html><body>404 not found</body></html>\n");
        Text("spreadsheet pipe", "N|D|loss\n1e8|1e9|3\n");
        Text("json number", "42", ".json");
        Text("json string", "\"runs\"", ".json");
        Text("json broken", "[{\"N\":1e8,\"D\":1e9,\"loss\":3},", ".json");
        Text("json empty array", "[]", ".json");
        Text("json array of numbers", "[1,2,3]", ".json");
        Text("json of nothing", "{}", ".json");
        Text("json unequal arrays", "{\"N\":[1e8,2e8],\"D\":[1e9],\"loss\":[3,2.9]}", ".json");
        Text("json nested text", "[{\"config\":{\"N\":\"big\"},\"loss\":3}]", ".json");
        Text("json lines broken", "{\"N\":1e8,\"D\":1e9,\"loss\":3}\n{\"N\":1e8,\n", ".jsonl");
        Text("json lines of arrays", "[1,2]\n[3,4]\n", ".jsonl");
        Text("json lines empty", "\n\n", ".jsonl");
        data.Add("binary", ".csv", [.. Enumerable.Range(0, 600).Select(i => (byte)(i * 37))]);
        data.Add("parquet named csv", ".csv", [.. "PAR1"u8, 0, 1, 2, 3]);
        data.Add("zip", ".csv", [0x50, 0x4b, 3, 4, 0, 0, 0]);
        data.Add("nul bytes", ".csv", [.. "N,D,loss\n1e8,1e9,3\0\0\n"u8]);
        data.Add("broken gzip", ".csv.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3, 4]);
        data.Add("gzip of nothing", ".csv.gz", Pack([]));
        data.Add("gzip of binary", ".csv.gz", Pack([0, 1, 2, 3, 0, 0]));
        data.Add("control characters", ".csv", [.. "\u001b[31mN,D,score\n1e8,1e9,3\n2e8,1e9,3\n"u8]);
        return data;
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_malformed_table_is_refused_in_one_line(string name, string extension, byte[] bytes)
    {
        string path = Path.Combine(Path.GetTempPath(), $"autopeft-{Guid.NewGuid():N}{extension}");
        File.WriteAllBytes(path, bytes);
        try
        {
            var refusal = Assert.ThrowsAny<InvalidInputException>(() =>
                LossLawReport.Run(LossPoints.From(TableFile.Read(path)),
                    new LossLawReportOptions { Fit = LossLawFitTests.Quick, BootstrapSamples = 10 }));
            Assert.True(refusal.Message.All(c => !char.IsControl(c)), $"{name}: {refusal.Message}");
            Assert.InRange(refusal.Message.Length, 20, 700);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void There_are_sixty_of_them() => Assert.InRange(Tables().Count, 60, 100);

    private static byte[] Pack(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var packed = new GZipStream(to, CompressionLevel.Fastest)) packed.Write(bytes);
        return to.ToArray();
    }
}
