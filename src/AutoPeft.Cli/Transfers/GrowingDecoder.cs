using AutoPeft.Parametrization;
using AutoPeft.Peft.Models;
using Rules = AutoPeft.Parametrization.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>
/// The decoder that muP commands grow: LLaMA's kind on bytes, heads of a fixed dimension, feed-forward twice as wide as the model, every
/// matrix started at width^−½, which is the standard parametrisation.
/// </summary>
internal sealed class GrowingDecoder
{
    /// <summary>Names of the parametrisations on the command line.</summary>
    public const string Names = "mup|sp|ntk|completep|depth-mup|completedp|u-mup";

    /// <summary>Bytes.</summary>
    public const int Vocabulary = 256;

    // Attention logits of heads of a fixed dimension need no rule.
    private const int HeadDimension = 16;

    // Beyond every model that was trained; larger numbers are slips of the finger, and their products would overflow.
    private const int MostWidth = 65_536, MostDepth = 10_000;

    private static readonly ParametrizationOptions s_options = new()
    {
        Branches = ["model.layers.*.self_attn.o_proj", "model.layers.*.mlp.down_proj"],
    };

    private readonly BaseShapes _shapes;

    /// <param name="baseWidth">Width of the base.</param>
    /// <param name="baseDepth">Layers of the base.</param>
    /// <exception cref="InvalidInputException">A base of this width or depth cannot be built.</exception>
    public GrowingDecoder(int baseWidth, int baseDepth)
    {
        using DecoderModel small = Create(baseWidth, baseDepth, HeadDimension, 1);
        using DecoderModel delta = Create(2 * baseWidth, 2 * baseDepth, HeadDimension, 2);
        _shapes = BaseShapes.From(small, delta);
    }

    /// <summary>A fresh model in the standard parametrisation.</summary>
    /// <exception cref="InvalidInputException">The width is no multiple of a head's dimension, or a size is out of range.</exception>
    public static DecoderModel Create(int width, int depth, int length, ulong seed)
    {
        if (width < HeadDimension || width % HeadDimension != 0)
            throw new InvalidInputException($"a width of {width} is no multiple of {HeadDimension}, the dimension of a head");
        if (width > MostWidth) throw new InvalidInputException($"a width of {width} cannot be built; give {MostWidth} or less");
        if (depth is < 1 or > MostDepth)
            throw new InvalidInputException($"a model of {depth} layers cannot be built; give 1 to {MostDepth}");
        return DecoderModel.Create(new DecoderConfig
        {
            VocabSize = Vocabulary,
            HiddenSize = width,
            NumHiddenLayers = depth,
            NumAttentionHeads = width / HeadDimension,
            IntermediateSize = 2 * width,
            MaxPositionEmbeddings = length,
            InitializerRange = Math.Pow(width, -0.5),
        }, seed);
    }

    /// <summary>The rules of a parametrisation from this base.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="training">Growth of batch and tokens, for the one that has rules for them.</param>
    /// <exception cref="InvalidInputException">The name is another.</exception>
    public Rules Parametrization(string name, TrainingGrowth training) => name switch
    {
        "mup" => Rules.MuP(_shapes, s_options),
        "sp" => Rules.Standard(_shapes, s_options),
        "ntk" => Rules.NeuralTangent(_shapes, s_options),
        "completep" => Rules.CompleteP(_shapes, s_options),
        "depth-mup" => Rules.CompleteP(_shapes, s_options, alpha: 0.5),
        "completedp" => Rules.CompletedP(_shapes, training, s_options),
        "u-mup" => Rules.UnitMuP(_shapes, s_options),
        _ => throw new InvalidInputException($"'{name}' is no parametrisation; {Names.Replace("|", ", ")} are known"),
    };
}
