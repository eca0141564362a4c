using AutoPeft.Studies;

namespace AutoPeft.Tests.Studies;

public sealed class FileSealTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    private string Checkpoint => Path.Combine(_directory, "checkpoint.safetensors");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Any_flipped_bit_and_any_cut_is_noticed_and_what_is_whole_passes()
    {
        byte[] whole = Seal(300, 1);
        Assert.Null(FileSeal.Problem(Checkpoint));
        for (int at = 0; at < whole.Length; at += 7)
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] damaged = (byte[])whole.Clone();
                damaged[at] ^= (byte)(1 << bit);
                File.WriteAllBytes(Checkpoint, damaged);
                Assert.Equal($"{Checkpoint} is damaged: its checksum is wrong", FileSeal.Problem(Checkpoint));
            }
        File.WriteAllBytes(Checkpoint, whole[..^1]);
        Assert.Equal($"{Checkpoint} is damaged: its length is wrong", FileSeal.Problem(Checkpoint));
        File.Delete(Checkpoint);
        Assert.Equal($"{Checkpoint} is missing", FileSeal.Problem(Checkpoint));
        Seal(200, 2);
        Assert.Null(FileSeal.Problem(Checkpoint));
    }

    [Fact]
    public void A_file_that_was_never_sealed_passes_and_is_sealed_from_its_next_replacement_on()
    {
        File.WriteAllBytes(Checkpoint, [1, 2, 3]);
        Assert.Null(FileSeal.Problem(Checkpoint));
        Seal(10, 3);
        File.WriteAllBytes(Checkpoint, [1, 2, 3]);
        Assert.NotNull(FileSeal.Problem(Checkpoint));
        FileSeal.Remove(Checkpoint);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Fact]
    public void A_program_that_dies_in_the_midst_of_a_replacement_leaves_a_file_that_fits_its_seal()
    {
        byte[] old = Seal(100, 4);
        byte[] next = Bytes(120, 5);
        string written = Checkpoint + ".partial", seal = Checkpoint + FileSeal.Extension;
        File.WriteAllBytes(written, next);
        string before = File.ReadAllText(seal);
        FileSeal.Replace(written, Checkpoint);
        string after = File.ReadAllText(seal);
        foreach ((byte[] file, string lines)
            in (ReadOnlySpan<(byte[], string)>)[(old, before), (old, before + after), (next, before + after), (next, after)])
        {
            File.WriteAllBytes(Checkpoint, file);
            File.WriteAllText(seal, lines);
            Assert.Null(FileSeal.Problem(Checkpoint));
        }
        File.WriteAllBytes(Checkpoint, old);
        File.WriteAllText(seal, before);
        // Between the two: the seal of both is there, the file is the old one.
        Assert.ThrowsAny<IOException>(() => FileSeal.Replace(Path.Combine(_directory, "never written"), Checkpoint));
        Assert.Null(FileSeal.Problem(Checkpoint));
        Assert.Equal(old, File.ReadAllBytes(Checkpoint));
    }

    private byte[] Seal(int length, int seed)
    {
        byte[] bytes = Bytes(length, seed);
        File.WriteAllBytes(Checkpoint + ".partial", bytes);
        FileSeal.Replace(Checkpoint + ".partial", Checkpoint);
        Assert.False(File.Exists(Checkpoint + ".partial"));
        return bytes;
    }

    private static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
