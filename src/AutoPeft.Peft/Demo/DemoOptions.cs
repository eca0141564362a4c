using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Tasks.Synthetic;
using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.Demo;

/// <summary>
/// The constants of the demo, chosen by measurement on the dev sets (tests/AutoPeft.Calibration prints the numbers) so that all of it fits
/// four minutes of two cores.
/// </summary>
public sealed record DemoOptions
{
    /// <summary>The task that is searched. Default polarity.</summary>
    public string Task { get; init; } = "polarity";

    /// <summary>Paragraphs of the synthetic language that the base model reads.</summary>
    public int CorpusParagraphs { get; init; } = 60_000;

    /// <summary>Updates of pretraining; a number, not a time, so that the base model is the same wherever it is made.</summary>
    public int PretrainingSteps { get; init; } = 4_000;

    /// <summary>Number of trials of the search. Default 40.</summary>
    public int Trials { get; init; } = 40;

    /// <summary>Worker processes, each with one thread.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>
    /// Seeds of the final table. Default 3: with five, the default of <c>final</c>, the table takes as long as all that comes before it.
    /// </summary>
    public int FinalSeeds { get; init; } = 3;

    /// <summary>
    /// How trials train. Far from the paper's: the network is a thousandth of BERT's size, and wants a higher learning rate for fewer
    /// epochs.
    /// </summary>
    public TrainingOptions Training { get; init; } = new()
    {
        MethodLearningRates = new MethodLearningRates { Adapters = 2e-3, Full = 1e-3, HeadOnly = 1e-2 },
        BatchSize = 32,
        MaxLength = 32,
        Epochs = 8,
        Patience = 4,
    };

    /// <summary>How the base model is pretrained.</summary>
    /// <param name="textFile">Where the corpus was written.</param>
    /// <param name="outputDirectory">Where the model goes.</param>
    public PretrainingOptions Pretraining(string textFile, string outputDirectory) => new()
    {
        TextFile = textFile,
        OutputDirectory = outputDirectory,
        Steps = PretrainingSteps,
        VocabularySize = 1_024,
        HiddenSize = 64,
        Layers = 4,
        Heads = 4,
        IntermediateSize = 128,
        MaxLength = 64,
        Dropout = 0,
        BatchTokens = 512,
        LearningRate = 2e-3,
        MaskedShare = 0.2,
        Seed = DemoTaskSize.LanguageSeed,
        SaveWhenInterrupted = false,
    };

    /// <summary>Writes the corpus of the synthetic language to a text file.</summary>
    public void WriteCorpus(string textFile) =>
        File.WriteAllLines(textFile, new SyntheticLanguage(DemoTaskSize.LanguageSeed).Corpus(CorpusParagraphs));
}
