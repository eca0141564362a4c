using System.Globalization;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Benchmarks;

/// <summary>What is trained, and on how much at once.</summary>
internal sealed record StepShape(
    string Name, int Layers, int Hidden, int Heads, int Inner, int Vocab, int Tokens, int Batch, int Rank, double Dropout, int Threads)
{
    /// <summary>The shapes by the names that <c>--shape</c> takes.</summary>
    public static IReadOnlyList<StepShape> All { get; } =
    [
        new("4x128", 4, 128, 4, 512, 600, 32, 32, 8, 0.1, 1),
        new("12x256", 12, 256, 4, 1024, 2000, 64, 16, 8, 0.1, 1),
        new("6x384", 6, 384, 12, 1536, 2000, 64, 32, 8, 0.1, 1),
    ];

    /// <summary>Full fine-tuning instead of LoRA.</summary>
    public bool Full { get; init; }

    /// <summary>The model's shape.</summary>
    public BertConfig Config => new()
    {
        VocabSize = Vocab,
        HiddenSize = Hidden,
        NumHiddenLayers = Layers,
        NumAttentionHeads = Heads,
        IntermediateSize = Inner,
        MaxPositionEmbeddings = Tokens,
        HiddenDropoutProb = Dropout,
        AttentionProbsDropoutProb = Dropout,
    };

    /// <summary>The arguments from which <see cref="Parse"/> makes this shape in another process.</summary>
    public IEnumerable<string> Arguments()
    {
        (string, IFormattable)[] values =
        [
            ("layers", Layers), ("hidden", Hidden), ("heads", Heads), ("inner", Inner), ("vocab", Vocab), ("tokens", Tokens),
            ("batch", Batch), ("rank", Rank), ("threads", Threads), ("dropout", Dropout), ("full", Full ? 1 : 0),
        ];
        return values.SelectMany(v => new[] { "--" + v.Item1, v.Item2.ToString(null, CultureInfo.InvariantCulture) });
    }

    /// <summary>Reads <see cref="Arguments"/>.</summary>
    public static StepShape Parse(IReadOnlyList<string> arguments)
    {
        var values = arguments.Chunk(2).ToDictionary(p => p[0][2..], p => p[1]);
        int Int(string key) => int.Parse(values[key], CultureInfo.InvariantCulture);
        return new StepShape("", Int("layers"), Int("hidden"), Int("heads"), Int("inner"), Int("vocab"), Int("tokens"), Int("batch"),
            Int("rank"), double.Parse(values["dropout"], CultureInfo.InvariantCulture), Int("threads"))
        { Full = Int("full") == 1 };
    }
}
