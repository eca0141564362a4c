using System.ComponentModel;
using System.Diagnostics;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>SciPy on the same numbers, in a process of its own.</summary>
internal static class SciPy
{
    /// <summary>Runs a Python file that lies beside this program.</summary>
    /// <param name="script">Name of the file.</param>
    /// <param name="arguments">What the file is given.</param>
    /// <returns>What it printed; null where no Python here runs it to its end, as where SciPy is not installed.</returns>
    public static string? Run(string script, params string[] arguments)
    {
        foreach (string python in new[] { "/usr/bin/python3", "python3" })
            try
            {
                string file = Path.Combine(AppContext.BaseDirectory, script);
                using var process = Process.Start(new ProcessStartInfo(python, [file, .. arguments])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
                Task<string> errors = process.StandardError.ReadToEndAsync();
                string output = process.StandardOutput.ReadToEnd();
                process.WaitForExit();
                _ = errors.GetAwaiter().GetResult();
                if (process.ExitCode == 0) return output;
            }
            catch (Win32Exception)
            {
                // no such Python: the next one, or none
            }
        return null;
    }
}
