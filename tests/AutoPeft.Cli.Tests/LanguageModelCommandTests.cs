using System.Globalization;
using System.Text.RegularExpressions;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests;

/// <summary>A decoder at the size of seconds: trained afresh, gone on from, adapted, and asked to write.</summary>
public sealed class LanguageModelCommandTests : IDisposable
{
    private static readonly string[] Small =
        ["--hidden", "16", "--layers", "1", "--heads", "2", "--length", "32", "--batch", "4", "--threads", "1", "--learning-rate", "1e-2"];

    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    private string Text
    {
        get
        {
            string file = Path.Combine(_directory, "text.txt");
            File.WriteAllText(file, string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 200)));
            return file;
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static double HeldOut(string output) =>
        double.Parse(Regex.Match(output, @"held out ([\d.]+)").Groups[1].Value, CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_decoder_of_bytes_is_trained_writes_what_it_learned_and_takes_an_adapter()
    {
        string model = Path.Combine(_directory, "model"), adapter = Path.Combine(_directory, "adapter"), text = Text;
        (int code, string output) = await RunAsync(_directory,
            ["language-model", "--text", text, "--out", model, "--steps", "150", .. Small]);
        Assert.True(code == 0, output);
        Assert.True(HeldOut(output) < 0.5, output);
        (code, output) = await RunAsync(_directory, "generate", model, "--prompt", "the cat ", "--tokens", "12");
        Assert.True(code == 0, output);
        Assert.StartsWith("the cat sat on the m", output, StringComparison.Ordinal);

        string other = Path.Combine(_directory, "other.txt");
        File.WriteAllText(other, string.Concat(Enumerable.Repeat("the mat on the cat sat. ", 200)));
        string[] adapt = ["language-model", "--text", other, "--from", model, "--adapter", "lora r8 qkvogif", "--out", adapter];
        (code, output) = await RunAsync(_directory, [.. adapt, "--steps", "150", .. Small]);
        Assert.True(code == 0, output);
        Assert.True(File.Exists(Path.Combine(adapter, "adapter_model.safetensors")));
        (code, output) = await RunAsync(_directory, "generate", model, "--prompt", "the mat on ", "--tokens", "11", "--adapter", adapter);
        Assert.True(code == 0, output);
        Assert.StartsWith("the mat on the cat sat", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vocabulary_is_learned_and_travels_with_the_model()
    {
        string model = Path.Combine(_directory, "model"), next = Path.Combine(_directory, "next"), text = Text;
        string[] start =
            ["language-model", "--text", text, "--out", model, "--steps", "30", "--vocabulary", "270", "--architecture", "gpt2", .. Small];
        (int code, string output) = await RunAsync(_directory, start);
        Assert.True(code == 0, output);
        (code, string further) = await RunAsync(_directory,
            ["language-model", "--text", text, "--from", model, "--out", next, "--steps", "60", .. Small]);
        Assert.True(code == 0, further);
        Assert.True(HeldOut(further) < HeldOut(output), further);
        Assert.Equal(File.ReadAllText(Path.Combine(model, "tokenizer.json")), File.ReadAllText(Path.Combine(next, "tokenizer.json")));
        (code, output) = await RunAsync(_directory, "generate", next, "--prompt", "the cat sat", "--tokens", "5");
        Assert.True(code == 0, output);
        Assert.StartsWith("the cat sat on", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--adapter", "lora r8 qv", "--from MODEL")]
    [InlineData("--architecture", "mamba", "gpt2, llama, mistral, qwen2, qwen3")]
    [InlineData("--schedule", "steps", "wsd, inverse-sqrt, power")]
    [InlineData("--heads", "3", "must divide hidden_size = 16")]
    public async Task What_cannot_be_is_refused_in_one_line(string option, string value, string said)
    {
        string[] small = [.. Small.Where((_, i) => Small[i - i % 2] != option)];
        (int code, string output) = await RunAsync(
            _directory, ["language-model", "--text", Text, "--out", Path.Combine(_directory, "none"), option, value, .. small]);
        Assert.Equal(2, code);
        Assert.Contains(said, output, StringComparison.Ordinal);
        Assert.Single(output.Trim().Split('\n'));
    }
}
