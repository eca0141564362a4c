using AutoPeft.Peft.Tasks.Synthetic;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>A pretrained model of two small layers, which the tests of a class read and none writes.</summary>
public sealed class PretrainedModel : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    /// <summary>The model's folder.</summary>
    public string Folder => Path.Combine(_directory, "base");

    public async Task InitializeAsync()
    {
        string text = Path.Combine(_directory, "corpus.txt");
        await File.WriteAllLinesAsync(text, new SyntheticLanguage(1).Corpus(400));
        (int code,
            string output) = await RunAsync(_directory, "pretrain", "--text", text, "--out", Folder, "--steps", "20", "--hidden", "16",
                "--layers", "2", "--heads", "2", "--vocabulary", "300", "--length", "32", "--threads", "1");
        Assert.True(code == 0, output);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return Task.CompletedTask;
    }
}
