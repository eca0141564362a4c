using System.CommandLine;
using System.Globalization;
using AutoPeft.Cli.Terminal;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Tokenizers;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft language-model</c>: trains a decoder on any text, afresh or from a checkpoint, whole or by an adapter.</summary>
internal sealed class LanguageModelCommand
{
    private static readonly LanguageModelingOptions Defaults = new();

    private readonly Option<string> _text = new("--text") { Description = "A text file. Its last tenth is held out.", Required = true };
    private readonly Option<string> _output = new("--out")
    {
        Description = "Directory to write: config.json, model.safetensors, tokenizer.json; or the adapter.",
        Required = true,
    };

    private readonly Option<string?> _from = new("--from")
    {
        Description = "Go on from this checkpoint instead of fresh weights.",
        HelpName = "MODEL",
    };
    private readonly Option<string?> _adapter = new("--adapter")
    {
        Description = "With --from: train an adapter and write it in the format of Hugging Face's peft; \"lora r8 qv\", say.",
        HelpName = "PLAN",
    };

    private readonly Option<string> _architecture = new("--architecture")
    {
        Description = $"Of fresh weights: {DecoderConfig.KnownModelTypes}.",
        DefaultValueFactory = _ => "llama",
    };

    private readonly Option<int> _vocabulary = new("--vocabulary")
    {
        Description = "Pieces of a byte-level vocabulary that is learned from the text; 0, the default: the 256 bytes.",
    };

    private readonly Option<int> _hidden = new("--hidden") { Description = "Width.", DefaultValueFactory = _ => 128 };
    private readonly Option<int> _layers = new("--layers") { Description = "Depth.", DefaultValueFactory = _ => 4 };
    private readonly Option<int> _heads = new("--heads") { Description = "Attention heads.", DefaultValueFactory = _ => 4 };
    private readonly Option<int?> _groups = new("--kv-heads") { Description = "Heads of keys and values; default: as many as heads." };
    private readonly Option<int?> _inner = new("--inner")
    {
        Description = "Width of the feed-forward layers; default: four times --hidden in gpt2, else 8/3 times, so that both cost alike.",
    };

    private readonly Option<bool> _tied = new("--tied") { Description = "The head shares the embedding's matrix." };
    private readonly Option<int> _length = new("--length") { Description = "Tokens in a sequence.", DefaultValueFactory = _ => 128 };
    private readonly Option<int> _batch = new("--batch")
    {
        Description = "Sequences that one update sees.",
        DefaultValueFactory = _ => Defaults.BatchSize,
    };
    private readonly Option<int> _accumulation = new("--accumulation")
    {
        Description = "Passes into which an update's batch is split.",
        DefaultValueFactory = _ => Defaults.AccumulationSteps,
    };

    private readonly Option<int> _steps = new("--steps") { Description = "Updates.", DefaultValueFactory = _ => Defaults.Steps };
    private readonly Option<string> _optimizer = OptimizerOption.Create();
    private readonly Option<double?> _rate = new("--learning-rate")
    {
        Description = FormattableString.Invariant(
            $"Peak learning rate; default: {LanguageModelingOptions.AdamWRate}, or what --optimizer wants where it is no adamw."),
    };
    private readonly Option<string> _schedule = new("--schedule")
    {
        Description = "linear, cosine, constant, wsd, inverse-sqrt or power.",
        DefaultValueFactory = _ => "cosine",
    };

    private readonly Option<double> _warmup = new("--warmup")
    {
        Description = "Share of the updates over which the rate rises.",
        DefaultValueFactory = _ => Defaults.Warmup,
    };
    private readonly Option<double> _decay = new("--weight-decay")
    {
        Description = "Weight decay of matrices.",
        DefaultValueFactory = _ => Defaults.WeightDecay,
    };
    private readonly Option<bool> _independent = new("--independent-decay")
    {
        Description = "Weight decay does not scale with the peak learning rate.",
    };
    private readonly Option<double> _zLoss = new("--z-loss") { Description = "Coefficient of the z-loss; default: 0." };
    private readonly Option<double> _average = new("--ema") { Description = "Decay rate of averaged weights; 0, the default: none." };
    private readonly Option<ulong> _seed = new("--seed") { Description = "All randomness hangs on it; default: 0." };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads of one operation; default: all cores." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var self = new LanguageModelCommand();
        var command = new Command("language-model", "Trains a decoder to continue a text: afresh, from a checkpoint, or by an adapter.")
        {
            self._text, self._output, self._from, self._adapter, self._architecture, self._vocabulary, self._hidden, self._layers,
            self._heads, self._groups, self._inner, self._tied, self._length, self._batch, self._accumulation, self._steps,
            self._optimizer, self._rate, self._schedule, self._warmup, self._decay, self._independent, self._zLoss, self._average,
            self._seed, self._threads,
        };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(self.Run(parsed, cancellationToken)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        string file = parsed.GetRequiredValue(_text), output = parsed.GetRequiredValue(_output);
        string? from = parsed.GetValue(_from), adapter = parsed.GetValue(_adapter);
        if (adapter is not null && from is null) throw new InvalidInputException("--adapter needs the model that it is for: --from MODEL.");
        LanguageModelingOptions options = Options(parsed).Checked();
        string text = InputFile.ReadText(file, InputFile.MostOfData);
        using DecoderModel model = from is null ? Fresh(parsed, text, out TextCodec codec, cancellationToken) : Known(from, out codec);
        PeftPlan? plan = adapter is null ? null : PeftPlan.FromName(adapter, model.Config);
        if (plan is not null)
        {
            HfAdapterFile.Require(plan, model.Config);
            PeftModel.Apply(model, plan, options.Seed);
        }
        LanguageModelingResult result = CausalLanguageModeling.Train(
            model, codec.Encode(text), options, progress: new PretrainingLines(), cancellationToken: cancellationToken);
        if (result.Diverged)
            throw new InvalidInputException(
                $"the training diverged at step {result.Steps}: "
                    + $"take a lower --learning-rate than {options.PeakRate.ToString(CultureInfo.InvariantCulture)}");
        if (plan is not null) HfAdapterFile.Save(model, plan, output, from);
        else
        {
            model.Save(output);
            if (from is null) codec.Tokenizer?.Save(output);
            else if (codec.Tokenizer is not null)
                File.Copy(Path.Combine(from, "tokenizer.json"), Path.Combine(output, "tokenizer.json"), overwrite: true);
        }
        Tell(result, output);
        return result.Interrupted ? CommandLine.Interrupted : 0;
    }

    private LanguageModelingOptions Options(ParseResult parsed) => new()
    {
        Steps = parsed.GetValue(_steps),
        BatchSize = parsed.GetValue(_batch),
        AccumulationSteps = parsed.GetValue(_accumulation),
        SequenceLength = parsed.GetValue(_length),
        Optimizer = parsed.GetRequiredValue(_optimizer),
        LearningRate = parsed.GetValue(_rate),
        Schedule = LearningRateSchedule.Parse(parsed.GetValue(_schedule)!),
        Warmup = parsed.GetValue(_warmup),
        WeightDecay = parsed.GetValue(_decay),
        IndependentWeightDecay = parsed.GetValue(_independent),
        ZLoss = parsed.GetValue(_zLoss),
        EmaDecay = parsed.GetValue(_average),
        Seed = parsed.GetValue(_seed),
        Threads = parsed.GetValue(_threads) ?? Environment.ProcessorCount,
    };

    private DecoderModel Fresh(ParseResult parsed, string text, out TextCodec codec, CancellationToken cancellationToken)
    {
        int pieces = parsed.GetValue(_vocabulary), width = parsed.GetValue(_hidden);
        codec = new TextCodec(pieces == 0 ? null : BytePairTokenizer.Learn(text, pieces, cancellationToken));
        bool gpt2 = parsed.GetValue(_architecture) == "gpt2";
        int inner = parsed.GetValue(_inner) ?? (int)Math.Clamp(gpt2 ? 4L * width : (8L * width / 3 + 7) / 8 * 8, 1, BertConfig.MaxSize);
        return DecoderModel.Create(
            new DecoderConfig
            {
                ModelType = parsed.GetValue(_architecture)!,
                VocabSize = codec.Tokenizer?.Count ?? TextCodec.Bytes,
                HiddenSize = width,
                NumHiddenLayers = parsed.GetValue(_layers),
                NumAttentionHeads = parsed.GetValue(_heads),
                NumKeyValueHeads = parsed.GetValue(_groups),
                IntermediateSize = inner,
                HiddenAct = gpt2 ? "gelu_new" : "silu",
                MaxPositionEmbeddings = parsed.GetValue(_length),
                TieWordEmbeddings = parsed.GetValue(_tied),
            },
            parsed.GetValue(_seed));
    }

    private static DecoderModel Known(string from, out TextCodec codec)
    {
        DecoderModel model = DecoderModel.Load(from);
        codec = TextCodec.Load(from, model.Config);
        return model;
    }

    private static void Tell(LanguageModelingResult result, string output)
    {
        string averaged = result.AveragedHeldOutLoss is { } a
            ? string.Create(CultureInfo.InvariantCulture, $", {a:0.0000} of averaged weights") : "";
        string heldOut = result.HeldOutLoss is { } h ? string.Create(CultureInfo.InvariantCulture, $", held out {h:0.0000}{averaged}") : "";
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(result.Interrupted ? "Interrupted after" : "Trained for")} {result.Steps:N0} steps, "
                + $"{result.Tokens:N0} tokens, {result.Seconds:0} s; "
            + $"loss {result.TrainLoss:0.0000}{heldOut} nats a token. Written to {output}"));
    }

    /// <summary>Ten lines in all.</summary>
    private sealed class PretrainingLines : IProgress<PretrainingProgress>
    {
        private long _shown;

        public void Report(PretrainingProgress value)
        {
            if ((long)(value.Done * 10) <= _shown) return;
            _shown = (long)(value.Done * 10);
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"step {value.Step}  loss {value.Loss:0.000}  {value.TokensPerSecond:N0} tokens/s  "
                    + $"{value.Done:P0}  {Sweeps.SweepDisplay.Time(value.TimeLeft)} left"));
        }
    }
}
