using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AutoPeft.Peft.Native;

/// <summary>
/// Linux systems whose C++ library, libstdc++, is older than GCC 13's. TorchSharp's native part was linked against GCC 13 and asks for one
/// function that older libraries lack: <c>std::ios_base_library_init()</c> of GLIBCXX_3.4.32. The function initialises <c>std::cout</c> and
/// its kin, which libtorch, built with an older compiler, does for itself. So a copy of the native part that does not ask for the function
/// works, and <see cref="CopyOf"/> makes such a copy, once for each user.
/// </summary>
internal static class OlderLibStdCxx
{
    /// <summary>The mangled name of <c>std::ios_base_library_init()</c>.</summary>
    public const string MissingFunction = "_ZSt21ios_base_library_initv";

    /// <summary>The version of libstdc++ that brought <see cref="MissingFunction"/>.</summary>
    public const string MissingVersion = "GLIBCXX_3.4.32";

    /// <summary>Whether the C++ library of this process lacks the function.</summary>
    public static bool IsHere() =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64
        && NativeLibrary.TryLoad("libstdc++.so.6", out nint library)
        && !NativeLibrary.TryGetExport(library, MissingFunction, out _);

    /// <summary>
    /// The path of a copy of <paramref name="library"/> that does without the function: <c>autopeft/native/HASH</c> in the user's cache.
    /// The original is only read: its file may be linked to the package cache. Safe with other processes that do the same, since the copy
    /// appears under its name as a whole. Where the cache cannot be written, the copy is this process's alone, in the folder for temporary
    /// files.
    /// </summary>
    /// <param name="library">TorchSharp's native part, as packaged.</param>
    /// <param name="cache">Default: <c>$XDG_CACHE_HOME</c>, else <c>~/.cache</c>.</param>
    /// <exception cref="InvalidDataException">The library is another, which does not ask for the function.</exception>
    public static string CopyOf(string library, string? cache = null)
    {
        byte[] bytes = File.ReadAllBytes(library);
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        string folder = Path.Combine(cache ?? UserCache(), "autopeft", "native", hash),
            copy = Path.Combine(folder, Path.GetFileName(library));
        if (File.Exists(copy)) return copy;

        new ElfFile(bytes).DoWithout(MissingFunction, MissingVersion);
        try
        {
            Directory.CreateDirectory(folder);
            string temporary = $"{copy}.{Guid.NewGuid():N}";
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, copy, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            copy = Path.Combine(Directory.CreateTempSubdirectory("autopeft-native-").FullName, Path.GetFileName(library));
            File.WriteAllBytes(copy, bytes);
        }
        return copy;
    }

    private static string UserCache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
        ? cache
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}
