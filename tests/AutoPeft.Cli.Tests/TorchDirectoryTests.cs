using System.Diagnostics;

namespace AutoPeft.Cli.Tests;

/// <summary>TORCH_DIR as people type it: any command says in one line what is wrong with the folder.</summary>
public sealed class TorchDirectoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_folder_without_libtorch_is_one_line() =>
        Assert.Contains("neither the folder nor its lib folder has a libtorch_cpu.so", await RefusalAsync(_directory),
            StringComparison.Ordinal);

    [Fact]
    public async Task A_second_libtorch_beside_the_programs_own_is_one_line()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "lib"));
        File.WriteAllText(Path.Combine(_directory, "lib", "libtorch_cpu.so"), "");
        Assert.Contains("has a libtorch of its own", await RefusalAsync(_directory), StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(string directory)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(CommandProcess.Program);
        start.ArgumentList.Add("doctor");
        start.Environment["TORCH_DIR"] = directory;
        using Process process = Process.Start(start)!;
        string[] texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal((2, ""), (process.ExitCode, texts[0]));
        return Assert.Single(texts[1].Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
