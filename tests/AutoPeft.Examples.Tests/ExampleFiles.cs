using System.Diagnostics;
using System.Reflection;

namespace AutoPeft.Examples.Tests;

/// <summary>The files in the folder of examples, run as their first line says.</summary>
internal static class ExampleFiles
{
    // Above what the slowest needs on a busy machine; an example that waits for something fails then, and holds nobody up.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    /// <summary>The folder.</summary>
    public static string Folder { get; } = typeof(ExampleFiles).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "Examples").Value!;

    /// <summary>Names of the C# files.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Folder, "*.cs").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    /// <summary>Runs one with <c>dotnet run FILE</c>, in a folder of its own.</summary>
    /// <param name="name">The file.</param>
    /// <param name="arguments">What stands behind <c>--</c>.</param>
    /// <param name="directory">Where it runs.</param>
    /// <returns>Exit code, standard output, standard error.</returns>
    /// <exception cref="TimeoutException">The example did not end within five minutes; it was killed.</exception>
    public static async Task<(int Code, string Printed, string Errors)> RunAsync(string name, string[] arguments, string directory)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        };
        // Built as the libraries beside them were, so that those are up to date.
        foreach (string a in (string[])["run", Path.Combine(Folder, name), "-c", "Release", "-v", "q", "--", .. arguments])
            start.ArgumentList.Add(a);
        using Process process = Process.Start(start)!;
        Task<string[]> texts = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(s_patience);
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{name} did not end within {s_patience.TotalMinutes:0} minutes: {string.Join('\n', await texts)}");
        }
        string[] said = await texts;
        return (process.ExitCode, said[0], said[1]);
    }
}
