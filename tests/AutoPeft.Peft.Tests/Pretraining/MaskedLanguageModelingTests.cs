using AutoPeft.Peft.Models;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Tasks.Synthetic;
using AutoPeft.Peft.Tokenizers;
using AutoPeft.Peft.Training;
using TorchSharp;

namespace AutoPeft.Peft.Tests.Pretraining;

[Collection("torch's process-wide generator")]
public sealed class MaskedLanguageModelingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("autopeft-pretraining-").FullName;

    public MaskedLanguageModelingTests()
    {
        torch.set_num_threads(1);
        File.WriteAllLines(TextFile, new SyntheticLanguage(1).Corpus(500));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string TextFile => Path.Combine(_folder, "corpus.txt");

    private PretrainingOptions Options(string output = "model") => new()
    {
        TextFile = TextFile,
        OutputDirectory = Path.Combine(_folder, output),
        Steps = 12,
        VocabularySize = 300,
        HiddenSize = 16,
        Layers = 2,
        Heads = 2,
        MaxLength = 32,
        BatchTokens = 256,
        LearningRate = 1e-2,
    };

    [Fact]
    public void The_loss_falls_and_the_checkpoint_is_one_that_loads()
    {
        PretrainingResult result = MaskedLanguageModeling.Run(Options() with { Steps = 60 });
        Assert.Equal(60, result.Steps);
        Assert.True(result.Loss < Math.Log(result.VocabularySize) - 0.5, $"{result.Loss}");
        string folder = Options().OutputDirectory;
        BertConfig config = Checkpoint.ReadConfig(folder);
        Assert.Equal((16, 2, result.VocabularySize, 0.1),
            (config.HiddenSize, config.NumHiddenLayers, config.VocabSize, config.HiddenDropoutProb));
        Assert.Equal(result.VocabularySize, Vocabulary.Read(folder).Count);
        using var model = new BertForMaskedLM(config);
        Assert.Empty(Checkpoint.Load(model, folder).Fresh);
        using BaseModel loaded = BaseModel.Load(folder);
        Assert.False(Directory.Exists(folder + ".partial"));
    }

    [Fact]
    public void A_number_of_steps_gives_the_same_weights_to_the_byte()
    {
        MaskedLanguageModeling.Run(Options("one"));
        MaskedLanguageModeling.Run(Options("two"));
        MaskedLanguageModeling.Run(Options("three") with { Seed = 1 });
        byte[] Weights(string output) => File.ReadAllBytes(Path.Combine(_folder, output, Checkpoint.WeightsFileName));
        Assert.Equal(Weights("one"), Weights("two"));
        Assert.NotEqual(Weights("one"), Weights("three"));
    }

    [Fact]
    public void An_interrupted_training_writes_what_it_has_or_nothing_as_asked()
    {
        using var source = new CancellationTokenSource();
        var interrupt = new Interruption(source);
        PretrainingOptions endless = Options() with { Steps = 1_000_000 };
        PretrainingResult result = MaskedLanguageModeling.Run(endless, interrupt, source.Token);
        Assert.True(result.Interrupted);
        Assert.True(File.Exists(Path.Combine(endless.OutputDirectory, Checkpoint.WeightsFileName)));

        using var again = new CancellationTokenSource();
        PretrainingOptions unsaved = endless with { OutputDirectory = Path.Combine(_folder, "unsaved"), SaveWhenInterrupted = false };
        Assert.Throws<OperationCanceledException>(() => MaskedLanguageModeling.Run(unsaved, new Interruption(again), again.Token));
        Assert.False(Directory.Exists(unsaved.OutputDirectory));
    }

    private sealed class Interruption(CancellationTokenSource source) : IProgress<PretrainingProgress>
    {
        public void Report(PretrainingProgress value) => source.Cancel();
    }

    [Fact]
    public void The_minutes_given_are_kept()
    {
        PretrainingResult result = MaskedLanguageModeling.Run(Options() with { Steps = null, Minutes = 0.01 });
        Assert.True(result.Steps > 0);
        Assert.InRange(result.Seconds, 0.6, 30);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        string absent = Path.Combine(_folder, "absent.txt");
        var e = Assert.Throws<InvalidInputException>(() => MaskedLanguageModeling.Run(Options() with { TextFile = absent }));
        Assert.Contains("no such file", e.Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "empty.txt"), "\n\n");
        Assert.Contains("no text",
            Assert.Throws<InvalidInputException>(() => MaskedLanguageModeling.Run(
                Options() with { TextFile = Path.Combine(_folder, "empty.txt") })).Message, StringComparison.Ordinal);
        Assert.Contains("masked share",
            Assert.Throws<InvalidInputException>(() => MaskedLanguageModeling.Run(Options() with { MaskedShare = 1 })).Message,
            StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        Assert.Contains("cannot be written",
            Assert.Throws<InvalidInputException>(() => MaskedLanguageModeling.Run(Options(Path.Combine("file", "model")))).Message,
            StringComparison.Ordinal);
    }
}
