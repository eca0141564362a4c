using System.Runtime.InteropServices;
using AutoPeft.Peft.Native;
using TorchSharp;

namespace AutoPeft.Peft.Tests.Native;

/// <summary>The copy of TorchSharp's native part for systems whose libstdc++ lacks GLIBCXX_3.4.32.</summary>
public sealed class OlderLibStdCxxTests : IDisposable
{
    private static readonly string s_packaged = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");

    private readonly string _cache = Directory.CreateTempSubdirectory("autopeft-native-").FullName;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Fact]
    public void The_copy_asks_for_the_missing_version_weakly_and_for_the_missing_function_not_at_all()
    {
        byte[] original = File.ReadAllBytes(s_packaged), copy = File.ReadAllBytes(OlderLibStdCxx.CopyOf(s_packaged, _cache));
        Assert.True(Holds(original, OlderLibStdCxx.MissingFunction));
        Assert.False(Holds(copy, OlderLibStdCxx.MissingFunction));
        Assert.True(Holds(copy, OlderLibStdCxx.MissingVersion));
        Assert.Equal(original.Length, copy.Length);
        // The name of the function, the number of its version, and the flags of the version: nothing else.
        int changed = original.Zip(copy).Count(p => p.First != p.Second);
        Assert.InRange(changed, 2, OlderLibStdCxx.MissingFunction.Length + 2 + 2);
    }

    [Fact]
    public void The_copy_loads_where_the_original_does_and_where_it_does_not()
    {
        // This process has loaded libtorch, and with it one of the two: the other's dependencies are there.
        Assert.Equal(1, torch.ones(1).item<float>());
        Assert.True(NativeLibrary.TryLoad(OlderLibStdCxx.CopyOf(s_packaged, _cache), out nint copy));
        Assert.True(NativeLibrary.TryGetExport(copy, "THSTensor_ones", out _));
        Assert.Equal(!OlderLibStdCxx.IsHere(), NativeLibrary.TryLoad(s_packaged, out _));
    }

    [Fact]
    public void The_copy_is_made_once_and_the_original_is_only_read()
    {
        byte[] original = File.ReadAllBytes(s_packaged);
        DateTime written = File.GetLastWriteTimeUtc(s_packaged);
        string copy = OlderLibStdCxx.CopyOf(s_packaged, _cache);
        DateTime made = File.GetLastWriteTimeUtc(copy);
        Assert.Equal(copy, OlderLibStdCxx.CopyOf(s_packaged, _cache));
        Assert.Equal(made, File.GetLastWriteTimeUtc(copy));
        Assert.Equal(written, File.GetLastWriteTimeUtc(s_packaged));
        Assert.Equal(original, File.ReadAllBytes(s_packaged));
        Assert.Equal([copy], Directory.GetFiles(_cache, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Many_at_once_get_one_whole_copy()
    {
        string[] copies =
            [.. Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8).Select(_ => OlderLibStdCxx.CopyOf(s_packaged, _cache))];
        Assert.Equal(new FileInfo(s_packaged).Length, new FileInfo(Assert.Single(copies.Distinct())).Length);
        Assert.Single(Directory.GetFiles(_cache, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Another_library_is_refused() =>
        Assert.Throws<InvalidDataException>(() => OlderLibStdCxx.CopyOf(Path.Combine(AppContext.BaseDirectory, "libc10.so"), _cache));

    [Fact]
    public void A_cache_that_cannot_be_written_does_not_stop_the_program()
    {
        string file = Path.Combine(_cache, "a file");
        File.WriteAllText(file, "");
        string copy = OlderLibStdCxx.CopyOf(s_packaged, file);
        Assert.Equal(new FileInfo(s_packaged).Length, new FileInfo(copy).Length);
        Directory.Delete(Path.GetDirectoryName(copy)!, recursive: true);
    }

    private static bool Holds(byte[] library, string name) =>
        library.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(name + '\0')) >= 0;
}
