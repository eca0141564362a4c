using System.Collections.Concurrent;
using System.Diagnostics;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// A C# file that declares a space, objectives and the objective function, and ends with <c>RunOrServeAsync</c>: <c>sweep my.cs</c>. The
/// program itself is each worker's process, so a trial that brings its process down takes no other with it.
/// </summary>
internal sealed record FileProblem : SweepProblem
{
    /// <summary>What the name of such a space, a file, ends with on the command line.</summary>
    public const string Extension = ".cs";

    private static readonly ConcurrentDictionary<string, Lazy<string>> s_built = new(StringComparer.Ordinal);

    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>Whether a space's name means one of these.</summary>
    public static bool Is(string space) => space.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="InvalidInputException">There is no such file, or an option does not go with it.</exception>
    public static new FileProblem From(SweepArguments a)
    {
        if (a.Task is not null || a.Model is not null || a.Text is not null || a.Delay > 0)
            throw new InvalidInputException($"{a.Space} is a program of your own: it takes no --task, --model, --text or --delay.");
        string file = Path.GetFullPath(a.Space);
        return System.IO.File.Exists(file) ? new FileProblem { File = file }
            : throw new InvalidInputException($"There is no file {a.Space}.");
    }

    public override IReadOnlyList<string>? WorkerProgram() =>
        // Built once for all workers, which would get in each other's way.
        System.IO.File.Exists(File) ? ["env", $"{ServedSweep.Variable}={ServedSweep.Work}", "dotnet", Build(File)]
            : throw new InvalidInputException($"The sweep runs {File}, and that is not on this machine.");

    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) =>
        throw new InvalidInputException($"The trials of '{definition.Name}' run in its own program.");

    protected override StudyDefinition Declare(SweepArguments a)
    {
        (int code, string printed, string errors) = Run([Build(File)], ServedSweep.Define);
        StudyDefinition declared = (code == 0 ? ServedSweep.Read(printed) : null)
            ?? throw new InvalidInputException($"{File} declared no study{(Last(errors) is { Length: > 0 } why ? $" ({why})" : "")}; "
                + $"end it with Sweep.Over<…>()….RunOrServeAsync(…).");
        return new StudyDefinition(declared.Space, declared.Objectives, declared.Outcomes)
        {
            Name = Path.GetFileNameWithoutExtension(File),
        };
    }

    /// <summary>
    /// Builds the file, optimised, since the objective may compute much; what is up to date stays as it is. A command builds a file once.
    /// </summary>
    /// <returns>The assembly, which <c>dotnet</c> runs.</returns>
    private static string Build(string file) => s_built.GetOrAdd(file, _ => new Lazy<string>(() => BuildNow(file))).Value;

    private static string BuildNow(string file)
    {
        (int code, string printed, string errors) =
            Run(["build", file, "-c", "Release", "-v", "q", "--nologo", "-t:Build", "-getProperty:TargetPath"], null);
        if (code == 0) return printed.Trim();
        string error = errors.Split('\n').FirstOrDefault(l => l.Contains("error", StringComparison.OrdinalIgnoreCase))?.Trim()
            ?? Last(errors);
        throw new InvalidInputException($"{file} does not build: {error}");
    }

    private static string Last(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";

    private static (int Code, string Printed, string Errors) Run(string[] arguments, string? serve)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        if (serve is not null) start.Environment[ServedSweep.Variable] = serve;
        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> printed = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
            process.WaitForExit();
            return (process.ExitCode, printed.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidInputException($"A C# file needs the .NET SDK's `dotnet` on the path: {e.Message}", e);
        }
    }
}
