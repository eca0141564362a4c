using System.Diagnostics;
using System.Globalization;

namespace AutoPeft.Peft.Benchmarks;

/// <summary>One side of a comparison: a process of its own, which waits while the other works.</summary>
internal sealed class Side : IDisposable
{
    private readonly Process _process;

    /// <param name="program">A program of this kind, as a .dll; null for this one.</param>
    /// <param name="command"><c>step</c> or <c>plain</c>.</param>
    /// <param name="shape">What to train.</param>
    public Side(string? program, string command, StepShape shape)
    {
        var start = new ProcessStartInfo("dotnet", [program ?? typeof(Side).Assembly.Location, command, .. shape.Arguments()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var variable in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" })
            start.Environment[variable] = shape.Threads.ToString(CultureInfo.InvariantCulture);
        _process = Process.Start(start)!;
        if (_process.StandardOutput.ReadLine() != "ready") throw new InvalidOperationException($"{program ?? command} did not start");
    }

    /// <summary>Sends a command of <see cref="TrainingStep.Answer"/> and waits for its numbers.</summary>
    public double[] Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        var answer = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("a side ended early");
        return [.. answer.Split(' ').Select(w => double.Parse(w, CultureInfo.InvariantCulture))];
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
