using System.Diagnostics;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Tokenizers;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Pretraining;

/// <summary>
/// Pretrains a small BERT on a text file: learns the vocabulary, trains by masked language modelling (Devlin et al. 2019, without
/// next-sentence prediction), writes a Hugging Face checkpoint: into a new folder whole or not at all, into an old one file by file.
/// </summary>
public static class MaskedLanguageModeling
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs it on the calling thread.</summary>
    /// <param name="options">What and how.</param>
    /// <param name="progress">Hears about twice a second.</param>
    /// <param name="cancellationToken">Ends the training within a step; see <see cref="PretrainingOptions.SaveWhenInterrupted"/>.</param>
    /// <exception cref="InvalidInputException">The text or an option cannot be used, or the folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, and nothing was to be saved.</exception>
    public static PretrainingResult Run(PretrainingOptions options, IProgress<PretrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Checked();
        List<string> paragraphs = PretrainingText.ReadParagraphs(options.TextFile);
        Vocabulary vocabulary = LearnVocabulary(options, paragraphs, cancellationToken);
        var tokenizer = new WordPieceTokenizer(vocabulary, options.LowerCase);
        List<TokenizedText> inputs = PretrainingText.Tokenize(paragraphs, tokenizer, options.MaxLength - 3, cancellationToken);

        using (manual_seed((long)(options.Seed >> 1))) { }
        BertConfig config = options.ToConfig(vocabulary.Count, vocabulary.PadId);
        // The network drops nothing while it is pretrained; the configuration that is written does, for fine-tuning.
        using var model = new BertForMaskedLM(config with { HiddenDropoutProb = 0, AttentionProbsDropoutProb = 0 });
        PretrainingResult result =
            Train(model, new MaskedBatches(inputs, vocabulary, options), vocabulary.Count, options, progress, cancellationToken);
        if (result.Interrupted && (!options.SaveWhenInterrupted || result.Steps == 0))
            throw new OperationCanceledException(cancellationToken);
        Write(model, config, tokenizer, options.OutputDirectory);
        return result;
    }

    private static Vocabulary LearnVocabulary(PretrainingOptions options, List<string> paragraphs, CancellationToken cancellationToken)
    {
        var learner =
            new WordPieceLearner(new WordPieceLearningOptions { VocabularySize = options.VocabularySize, LowerCase = options.LowerCase });
        foreach (string paragraph in paragraphs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            learner.Add(paragraph);
        }
        return learner.Learn(cancellationToken);
    }

    private static PretrainingResult Train(
        BertForMaskedLM model, MaskedBatches batches, int vocabularySize, PretrainingOptions options,
        IProgress<PretrainingProgress>? progress, CancellationToken cancellationToken)
    {
        // A short memory of squared gradients (beta2 = 0.98, Liu et al. 2019) suits a training of few steps.
        using var optimizer = new FlatAdamW(PeftModel.TrainableParameters(model), new UpdateOptions { Beta2 = 0.98, Epsilon = 1e-6 });
        using var parallel = new DataParallel(model, options.Threads);
        model.train();
        var watch = Stopwatch.StartNew();
        TimeSpan budget = TimeSpan.FromMinutes(options.Minutes), reported = TimeSpan.Zero;
        long step = 0, tokens = 0;
        double loss = 0, weight = 0;
        foreach (MaskedBatch batch in batches.Endless())
        {
            double done = options.Steps is { } steps ? (double)step / steps : watch.Elapsed / budget;
            if (done >= 1 || cancellationToken.IsCancellationRequested) break;
            double factor = done < options.Warmup ? (done + 1e-3) / (options.Warmup + 1e-3) : (1 - done) / (1 - options.Warmup);
            double stepLoss = parallel.Backward(batch), norm = optimizer.Step(options.LearningRate * factor);
            if (!double.IsFinite(norm)) stepLoss = norm;
            if (!double.IsFinite(stepLoss)) throw new InvalidInputException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"pretraining diverged at step {step}: the learning rate of {options.LearningRate:g3} is too high for a width of "
                    + $"{options.HiddenSize}"));
            step++;
            tokens += batch.Tokens;
            loss = 0.99 * loss + 0.01 * stepLoss;
            weight = 0.99 * weight + 0.01;
            if (progress is not null && watch.Elapsed - reported >= ReportEvery)
            {
                reported = watch.Elapsed;
                double share = options.Steps is { } all ? (double)step / all : Math.Min(1, watch.Elapsed / budget);
                progress.Report(new PretrainingProgress(step, loss / weight, tokens / watch.Elapsed.TotalSeconds, share,
                    watch.Elapsed * ((1 - share) / share)));
            }
        }
        return new PretrainingResult(step, weight == 0 ? Math.Log(vocabularySize) : loss / weight, tokens, watch.Elapsed.TotalSeconds,
            vocabularySize, cancellationToken.IsCancellationRequested);
    }

    private static void Write(BertForMaskedLM model, BertConfig config, WordPieceTokenizer tokenizer, string folder)
    {
        string target = Path.GetFullPath(folder), aside = target + ".partial";
        try
        {
            if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
            Directory.CreateDirectory(aside);
            Checkpoint.Save(model, config, aside);
            tokenizer.Save(aside);
            if (!Directory.Exists(target))
            {
                Directory.Move(aside, target);
                return;
            }
            foreach (string file in Directory.GetFiles(aside))
                File.Move(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
            Directory.Delete(aside);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{target}: cannot be written ({e.Message}); choose another folder", e);
        }
    }
}
