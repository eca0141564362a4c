using AutoPeft.Peft.Models;
using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.Pretraining;

/// <summary>
/// How an encoder is pretrained by masked language modelling. The defaults suit some megabytes of text and minutes on a few cores.
/// </summary>
public sealed record PretrainingOptions
{
    /// <summary>The most minutes: a year.</summary>
    private const double MaxMinutes = 366 * 24 * 60;

    private const int MaxVocabulary = 1_000_000, MaxTokens = 10_000_000;

    /// <summary>
    /// The text: UTF-8, a paragraph a line; where it has blank lines, these separate paragraphs and other line ends are blanks.
    /// </summary>
    public required string TextFile { get; init; }

    /// <summary>The folder that receives config.json, model.safetensors and vocab.txt.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>
    /// Wall time to train for, in minutes; the learning rate decays to its end. Default 10. Not used where <see cref="Steps"/> is set.
    /// </summary>
    public double Minutes { get; init; } = 10;

    /// <summary>
    /// Updates to make; null trains for <see cref="Minutes"/>. With a number of steps the result depends on seed and thread count alone.
    /// </summary>
    public int? Steps { get; init; }

    /// <summary>
    /// Pieces in the vocabulary at most. Default 8,192: for megabytes of text, more pieces would each be seen too rarely.
    /// </summary>
    public int VocabularySize { get; init; } = 8_192;

    /// <summary>Strip accents and lower the case. Default true.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>Width d of the encoder's hidden states. Default 128.</summary>
    public int HiddenSize { get; init; } = 128;

    /// <summary>Transformer layers. Default 4.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads. Default 4.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Inner width of the feed-forward blocks; null is 4 d.</summary>
    public int? IntermediateSize { get; init; }

    /// <summary>Longest input in tokens, and positions of the model. Default 128.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>
    /// Dropout of the model that is written, for fine-tuning. Default 0.1, BERT's. Pretraining itself drops nothing: in minutes no text is
    /// seen often enough to be learned by heart.
    /// </summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>
    /// Standard deviation of fresh weights; null is 0.8/√d, 0.1 at d = 64. BERT's 0.02 is 0.55/√768; on a narrow network it would leave
    /// hidden states so small that thousands of steps go by before anything is learned.
    /// </summary>
    public double? InitializerRange { get; init; }

    /// <summary>Tokens in a batch, padding included, so that steps cost alike whatever the lengths. Default 2,048.</summary>
    public int BatchTokens { get; init; } = 2_048;

    /// <summary>Peak learning rate of AdamW. Default 2e-3, which suits a width of about 100; wider networks want less.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Share of the training over which the learning rate rises. Default 0.06.</summary>
    public double Warmup { get; init; } = 0.06;

    /// <summary>Share of the tokens that are hidden and to be predicted. Default 0.15, BERT's.</summary>
    public double MaskedShare { get; init; } = 0.15;

    /// <summary>
    /// Share of inputs with several sentences that are given as a pair, so that segments and separators are known to tasks on pairs.
    /// Default 0.5.
    /// </summary>
    public double PairShare { get; init; } = 0.5;

    /// <summary>Threads that share each update's batch; the calling thread is one of them. Default 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Seed of initial weights, masks and batches. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether an interrupted training still writes its model. Default true.</summary>
    public bool SaveWhenInterrupted { get; init; } = true;

    /// <summary>The model's shape for a vocabulary.</summary>
    public BertConfig ToConfig(int vocabularySize, int padId) => new BertConfig
    {
        VocabSize = vocabularySize,
        HiddenSize = HiddenSize,
        NumHiddenLayers = Layers,
        NumAttentionHeads = Heads,
        IntermediateSize = IntermediateSize ?? 4 * HiddenSize,
        MaxPositionEmbeddings = MaxLength,
        HiddenDropoutProb = Dropout,
        AttentionProbsDropoutProb = Dropout,
        InitializerRange = InitializerRange ?? 0.8 / Math.Sqrt(HiddenSize),
        PadTokenId = padId,
    }.Checked("pretraining options");

    /// <summary>Returns these options, or refuses a value out of range with the option's name.</summary>
    /// <exception cref="InvalidInputException">One line that names the option.</exception>
    public PretrainingOptions Checked()
    {
        Require(Steps is not null || Minutes is > 0 and <= MaxMinutes, "minutes", Minutes, $"above 0 and at most {MaxMinutes}");
        Require(Steps is null or > 0, "steps", Steps, "at least 1");
        Require(VocabularySize is >= 32 and <= MaxVocabulary, "vocabulary size", VocabularySize, $"between 32 and {MaxVocabulary}");
        Require(MaxLength is >= 8 and <= MaxTokens, "maximum length", MaxLength, $"between 8 and {MaxTokens}");
        Require(
            BatchTokens >= MaxLength && BatchTokens <= MaxTokens, "batch tokens", BatchTokens,
            $"between the maximum length of {MaxLength} and {MaxTokens}");
        Require(
            LearningRate is > 0 and <= TrainingOptions.MaxLearningRate, "learning rate", LearningRate,
            $"above 0 and at most {TrainingOptions.MaxLearningRate}");
        ThreadCount.Checked(Threads, "pretraining option threads");
        RequireMemory();
        Require(Warmup is >= 0 and <= 1, "warm-up", Warmup, "a share between 0 and 1");
        Require(MaskedShare is > 0 and < 1, "masked share", MaskedShare, "between 0 and 1");
        Require(PairShare is >= 0 and <= 1, "pair share", PairShare, "a share between 0 and 1");
        return this;
    }

    /// <summary>Refuses an encoder that this machine cannot hold while it is trained, before anything is allocated.</summary>
    private void RequireMemory()
    {
        // Weights, gradients and AdamW's two moments, of 4 bytes each.
        const double bytesPerWeight = 16, GiB = 1 << 30;
        BertConfig one = ToConfig(VocabularySize, 0) with { NumHiddenLayers = 1 };
        double with1 = BertTensors.EncoderTensors(one).Sum(t => (double)t.Count);
        double with2 = BertTensors.EncoderTensors(one with { NumHiddenLayers = 2 }).Sum(t => (double)t.Count);
        double needed = bytesPerWeight * (with1 + (Layers - 1) * (with2 - with1)), there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed <= there) return;
        throw new InvalidInputException(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"pretraining at width {HiddenSize} with {Layers} layers needs {needed / GiB:N0} GiB of memory; there are {there / GiB:N0}"));
    }

    private static void Require(bool holds, string what, object? value, string wanted)
    {
        if (!holds)
            throw new InvalidInputException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"pretraining option {what} is {value}; it must be {wanted}"));
    }
}

/// <summary>How far a pretraining has come: updates, loss, speed, share done and time left.</summary>
/// <param name="Step">Number of updates made so far.</param>
/// <param name="Loss">Mean loss over about the last hundred updates, nats a masked token.</param>
/// <param name="TokensPerSecond">Tokens read a second, padding not counted.</param>
/// <param name="Done">Share of the training done, 0 to 1.</param>
/// <param name="TimeLeft">Estimate of the time to come.</param>
public sealed record PretrainingProgress(long Step, double Loss, double TokensPerSecond, double Done, TimeSpan TimeLeft);

/// <summary>What came of a pretraining.</summary>
/// <param name="Steps">Number of updates that the pretraining made.</param>
/// <param name="Loss">Mean loss over about the last hundred updates.</param>
/// <param name="Tokens">Number of tokens that the pretraining read.</param>
/// <param name="Seconds">Wall time of training, vocabulary and tokenization not counted.</param>
/// <param name="VocabularySize">Number of pieces in the vocabulary that was learned.</param>
/// <param name="Interrupted">Whether the pretraining was cancelled before its end.</param>
public sealed record PretrainingResult(long Steps, double Loss, long Tokens, double Seconds, int VocabularySize, bool Interrupted);
