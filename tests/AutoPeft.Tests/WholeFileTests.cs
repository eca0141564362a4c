namespace AutoPeft.Tests;

public sealed class WholeFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_file_is_made_with_its_folder_replaced_whole_and_nothing_stays_beside_it()
    {
        string path = Path.Combine(_directory, "a", "b", "file.json");
        foreach (string text in new[] { "a longer first one", "second", "", "ä" })
        {
            WholeFile.Write(path, text);
            Assert.Equal(System.Text.Encoding.UTF8.GetBytes(text), File.ReadAllBytes(path));
            Assert.Equal([path], Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
        }
    }

    [Fact]
    public void What_cannot_be_written_is_one_line_and_the_old_file_stays()
    {
        string path = Path.Combine(_directory, "file.json");
        WholeFile.Write(path, "old");
        // Nobody, not even root, writes a file where a folder stands.
        Directory.CreateDirectory(path + ".partial");
        string said = Assert.Throws<InvalidInputException>(() => WholeFile.Write(path, "new")).Message;
        Assert.StartsWith($"{path}: cannot be written (", said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
        Assert.Equal("old", File.ReadAllText(path));
        said = Assert.Throws<InvalidInputException>(() => WholeFile.Write(Path.Combine(path, "in"), "x")).Message;
        Assert.Contains("cannot be written", said, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_link_stays_one_and_what_it_leads_to_is_written()
    {
        Skip.If(OperatingSystem.IsWindows(), "links need rights there");
        string path = Path.Combine(_directory, "file.json"), link = Path.Combine(_directory, "link.json");
        WholeFile.Write(path, "old");
        File.CreateSymbolicLink(link, path);
        WholeFile.Write(link, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.NotNull(new FileInfo(link).LinkTarget);
        WholeFile.Write("/dev/null", "gone");
        Assert.Equal(0, new FileInfo("/dev/null").Length);
    }
}
