using AutoPeft.Parametrization;
using AutoPeft.Peft.Models;
using Rules = AutoPeft.Parametrization.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>
/// The decoder that muP commands grow: LLaMA's kind on bytes, heads of a fixed dimension, feed-forward twice as wide as the model, every
/// matrix started at width^−½, which is the standard parametrisation.
/// </summary>
/// <param name="baseWidth">Width of the base.</param>
/// <param name="baseDepth">Layers of the base.</param>
internal sealed class GrowingDecoder(int baseWidth, int baseDepth)
{
    /// <summary>Names of the parametrisations on the command line.</summary>
    public const string Names = "mup|sp|ntk|completep|depth-mup";

    /// <summary>Bytes.</summary>
    public const int Vocabulary = 256;

    // Attention logits of heads of a fixed dimension need no rule.
    private const int HeadDimension = 16;

    private static readonly string[] s_branches = ["model.layers.*.self_attn.o_proj", "model.layers.*.mlp.down_proj"];

    /// <summary>A fresh model in the standard parametrisation.</summary>
    /// <exception cref="InvalidInputException">The width is no multiple of a head's dimension.</exception>
    public static DecoderModel Create(int width, int depth, int length, ulong seed)
    {
        if (width < HeadDimension || width % HeadDimension != 0)
            throw new InvalidInputException($"--widths: {width} is no multiple of {HeadDimension}, the dimension of a head");
        if (depth < 1) throw new InvalidInputException($"a model of {depth} layers cannot be built; give 1 or more");
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
    /// <exception cref="InvalidInputException">The name is another.</exception>
    public Rules Parametrization(string name)
    {
        using DecoderModel small = Create(baseWidth, baseDepth, 16, 1);
        using DecoderModel delta = Create(2 * baseWidth, 2 * baseDepth, 16, 2);
        BaseShapes shapes = BaseShapes.From(small, delta);
        var options = new ParametrizationOptions { Branches = s_branches };
        return name switch
        {
            "mup" => Rules.MuP(shapes, options),
            "sp" => Rules.Standard(shapes, options),
            "ntk" => Rules.NeuralTangent(shapes, options),
            "completep" => Rules.CompleteP(shapes, options),
            "depth-mup" => Rules.CompleteP(shapes, options, alpha: 0.5),
            _ => throw new InvalidInputException($"--parametrization {name}: {Names.Replace("|", ", ")} are known"),
        };
    }
}
