using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests;

public sealed class FileNamesTests
{
    private static readonly string[] s_nasty =
    [
        "", ".", "..", "...", "a/b", "a_b", "a\\b", "a:b", "a b", "a%2Fb", "a%b", "%", "=", "a=2Fb", "~", "a~1", "A~8", "a", "A", "aB",
            "Ab", "AB", "ab", "con", "CON", "Con.txt", "con.txt", "nul", "aux.tar.gz", "com1", "lpt0",
        "-rf", "--", "a.", "a ", " a", ".hidden", "hidden", "\0", "\n", "\u001b[31m", "ä", "a\u0308", "é", "\ud800", "\ud801",
            "\udc00\ud800", "\ud83d\ude00", "日本語", "../../etc/passwd", "/etc/passwd", "C:\\x", "\\\\host\\share",
        "*", "?", "a|b", "<>", "\"", "'", "$(rm)", "`x`", "study.log", "STUDY.LOG", "branin-0", "SST-2", "sst-2", "sst-2~e", "Sst-2",
        new('x', 300), new('x', 299), new('X', 300), new string('x', 300) + "y", new('ä', 100), new('/', 90), new string('a', 159)
            + "B", new string('a', 159) + "b",
    ];

    [Fact]
    public void Nasty_names_stay_apart_whatever_the_file_systems_case_and_stay_in_their_directory()
    {
        Assert.Equal(s_nasty.Distinct().Count(), s_nasty.Select(FileNames.Of).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        string directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;
        try
        {
            foreach (string name in s_nasty.Distinct())
            {
                AssertSafe(name);
                Directory.CreateDirectory(Path.Combine(directory, FileNames.Of(name)));
            }
            Assert.Equal(s_nasty.Distinct().Count(), Directory.GetDirectories(directory).Length);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    [Theory]
    [InlineData("branin-0")]
    [InlineData("night_shift.2")]
    [InlineData("8")]
    public void A_plain_lower_case_name_is_its_own_file_name(string name) => Assert.Equal(name, FileNames.Of(name));

    [Fact]
    public void Any_two_names_get_file_names_that_differ_in_more_than_case()
    {
        Gen<string> names =
            Gen.Elements("aAbBzZ019-_.~%= /\\:\0\n\u001bäÄ\u0308\ud800\udc00\ud83d\ude00cCoOnN".ToCharArray()).ListOf().Select(c =>
            new string([.. c]));
        Prop.ForAll(names.Two().ToArbitrary(), pair =>
        {
            AssertSafe(pair.Item1);
            return pair.Item1 == pair.Item2 == FileNames.Of(pair.Item1).Equals(FileNames.Of(pair.Item2),
                StringComparison.OrdinalIgnoreCase);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static void AssertSafe(string name)
    {
        string file = FileNames.Of(name);
        Assert.InRange(file.Length, 1, 250);
        Assert.Matches(@"^[A-Za-z0-9_=][A-Za-z0-9_=.~-]*$", file);
        Assert.False(file.EndsWith('.'));
        Assert.DoesNotMatch(new Regex(@"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", RegexOptions.IgnoreCase), file);
    }
}
