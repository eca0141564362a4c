using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Tokenizers;
using AutoPeft.Peft.Training;
using TorchSharp;

namespace AutoPeft.Peft.Tests.Training;

/// <summary>A random encoder of two layers on disk, and a task that it can learn: whether "good" or "bad" stands in the sentence.</summary>
public sealed class TinyModel : IDisposable
{
    public TinyModel(double dropout = 0, int width = 16)
    {
        Folder = Directory.CreateTempSubdirectory("autopeft-tiny-").FullName;
        Task = MakeTask(96, 40, 40);
        var learner = new WordPieceLearner(new WordPieceLearningOptions { VocabularySize = 200, MinimumFrequency = 1 });
        foreach (TextExample example in Task.Train) learner.Add(example.First);
        var tokenizer = new WordPieceTokenizer(learner.Learn());
        var config = new BertConfig
        {
            VocabSize = tokenizer.Vocabulary.Count,
            HiddenSize = width,
            NumHiddenLayers = 2,
            NumAttentionHeads = 2,
            IntermediateSize = 2 * width,
            MaxPositionEmbeddings = 24,
            InitializerRange = 0.2,
            HiddenDropoutProb = dropout,
            AttentionProbsDropoutProb = dropout,
        };
        torch.set_num_threads(1);
        using (torch.manual_seed(5)) { }
        using var model = new BertForMaskedLM(config);
        Checkpoint.Save(model, config, Folder);
        tokenizer.Save(Folder);
        Base = BaseModel.Load(Folder);
    }

    public string Folder { get; }

    public TextTask Task { get; }

    public BaseModel Base { get; }

    public static TrainingOptions Options { get; } = new() { LearningRate = 1e-2, BatchSize = 16, Epochs = 4, MaxLength = 24 };

    public PeftTrainer Trainer(TrainingOptions? options = null) => new(Base, Task, options ?? Options);

    public void Dispose()
    {
        Base.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static TextTask MakeTask(int train, int dev, int test)
    {
        string[] fillers = ["the film", "a long and winding story", "this", "one more day in the town by the sea", "it"];
        List<TextExample> Split(int count, int from) =>
            [.. Enumerable.Range(from, count)
                .Select(i => new TextExample(
                    $"{fillers[i % fillers.Length]} is {(i % 2 == 0 ? "good" : "bad")} {fillers[i * 7 % fillers.Length]}", null,
                    i % 2 == 0 ? 1 : 0))];
        return new TextTask("tiny", ["bad", "good"], TaskMetric.Accuracy, Split(train, 0), Split(dev, 1000), Split(test, 2000));
    }
}
