using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AutoPeft.Peft.Native;

/// <summary>
/// Loads libtorch where TorchSharp alone would not find it or could not load it: where <c>TORCH_DIR</c> names another libtorch,
/// and on Linux systems whose C++ library is older than TorchSharp's native part (Debian 12, Ubuntu 22.04).
/// <para>
/// Before any code of this assembly runs, the assembly sees to it that libtorch is loaded at the moment when TorchSharp is. Programs built
/// in this repository do so at their start; another that uses TorchSharp first calls <see cref="Load"/> before. Elsewhere nothing happens.
/// </para>
/// </summary>
public static class TorchRuntime
{
    /// <summary>
    /// Environment variable: a folder with a libtorch 2.10 for Linux, or the folder above its <c>lib</c>. The program must have been
    /// built without a libtorch of its own (<c>-p:TorchBackend=none</c>, which a build chooses by itself where the variable is set).
    /// </summary>
    public const string DirectoryVariable = "TORCH_DIR";

    // Each library after those that it needs; a libtorch for the CPU lacks the two of CUDA.
    private static readonly string[] s_libtorch = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    private static readonly Lazy<Libraries?> s_found = new(Find);
    private static readonly Lazy<Libraries?> s_loaded = new(LoadOnce);

    /// <summary>The folder from which <see cref="Load"/> loads libtorch; null where TorchSharp finds libtorch by itself.</summary>
    public static string? Origin => s_found.Value?.Folder;

    /// <summary>Loads libtorch if TorchSharp needs help with it; the second call and later ones do nothing. Thread-safe.</summary>
    /// <exception cref="InvalidInputException"><c>TORCH_DIR</c> names no libtorch that TorchSharp can use.</exception>
    public static void Load() => _ = s_loaded.Value;

#pragma warning disable CA2255 // A library's users cannot be asked to remember a call before their first tensor.
    /// <summary>
    /// Loads libtorch with TorchSharp, not with this assembly: a command that needs no tensor should not wait for 460 MB.
    /// </summary>
    [ModuleInitializer]
    internal static void LoadWithTorchSharp()
    {
        // A wrong TORCH_DIR is said where libtorch is needed, or by a program that asks for Origin; not before a program's first line.
        bool chosen = Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 };
        if (!chosen && s_found.Value is null) return;
        AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) =>
        {
            // Other threads that ask for TorchSharp wait until this event is over.
            if (loaded.LoadedAssembly.GetName().Name == TorchSharp) Load();
        };
        if (AppDomain.CurrentDomain.GetAssemblies().Any(a => a.GetName().Name == TorchSharp)) Load();
    }
#pragma warning restore CA2255

    private const string TorchSharp = "TorchSharp";

    /// <summary>What to load in TorchSharp's stead: TorchSharp's native part, and libtorch's folder.</summary>
    private sealed record Libraries(string Binding, string Folder, bool OlderSystem);

    private static Libraries? Find()
    {
        string? chosen = Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 } variable ? variable : null;
        if (!OperatingSystem.IsLinux())
        {
            return chosen is null
                ? null
                : throw new InvalidInputException($"{DirectoryVariable} works on Linux alone; unset the variable.");
        }
        bool older = OlderLibStdCxx.IsHere();
        if (chosen is null && !older) return null;
        string[] packaged = [.. NativeDirectories()];
        string? libtorch = chosen is null ? FindIn(packaged, "libtorch_cpu.so") : Chosen(chosen, packaged);
        return libtorch is not null && FindIn(packaged, "libLibTorchSharp.so") is { } binding
            ? new Libraries(binding, Path.GetDirectoryName(libtorch)!, older)
            : null;
    }

    private static Libraries? LoadOnce()
    {
        if (s_found.Value is not { } found) return null;
        try
        {
            foreach (string library in s_libtorch.Select(name => Path.Combine(found.Folder, name)).Where(File.Exists))
            {
                NativeLibrary.Load(library);
            }
            // The system's loader knows a loaded library by its name: TorchSharp, which asks for that name, gets this one.
            BindNow(found.OlderSystem ? OlderLibStdCxx.CopyOf(found.Binding) : found.Binding);
        }
        catch (DllNotFoundException e)
        {
            throw new InvalidInputException(
                $"{found.Folder} has no libtorch that TorchSharp 0.107 can use ({e.Message.ReplaceLineEndings(" ").Trim()}); name the "
                + $"folder"
                + $" of a libtorch 2.10 with {DirectoryVariable}, or unset the variable.", e);
        }
        return found;
    }

    private static string Chosen(string directory, string[] packaged)
    {
        string full = Path.GetFullPath(directory);
        string libtorch = FindIn([full, Path.Combine(full, "lib")], "libtorch_cpu.so") ?? throw new InvalidInputException(
            $"{DirectoryVariable}={directory}: neither the folder nor its lib folder has a libtorch_cpu.so; name the folder of a "
                + $"libtorch.");
        // Two libtorchs in one process register every operator twice, at which the process aborts.
        return FindIn(packaged, "libtorch_cpu.so") is { } own && own != libtorch
            ? throw new InvalidInputException($"{DirectoryVariable}={directory}: this program has a libtorch of its own in"
                + $" {Path.GetDirectoryName(own)}; build the program with -p:TorchBackend=none, or unset {DirectoryVariable}.")
            : libtorch;
    }

    /// <summary>The folders in which .NET looks for native libraries of this program.</summary>
    private static IEnumerable<string> NativeDirectories()
    {
        string known = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return known.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory);
    }

    private static string? FindIn(IEnumerable<string> directories, string file) =>
        directories.Select(directory => Path.Combine(directory, file)).FirstOrDefault(File.Exists);

    /// <summary>
    /// Loads a library and resolves all its functions, so that a missing one is said here and not in the middle of a training.
    /// </summary>
    private static void BindNow(string path)
    {
        const int now = 2;
        if (DlOpen(path, now) == 0) throw new DllNotFoundException(Marshal.PtrToStringUTF8(DlError()));
    }

    [DllImport("libc.so.6", EntryPoint = "dlopen", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern nint DlOpen([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc.so.6", EntryPoint = "dlerror")]
    private static extern nint DlError();
}
