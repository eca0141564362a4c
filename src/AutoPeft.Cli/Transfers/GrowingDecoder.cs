using AutoPeft.Cli.Decoders;
using AutoPeft.Parametrization;
using AutoPeft.Peft.Models;
using Rules = AutoPeft.Parametrization.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>The decoder that muP commands grow: on bytes, its feed-forward layers twice as wide as the model.</summary>
internal sealed class GrowingDecoder
{
    /// <summary>Names of the parametrisations on the command line.</summary>
    public const string Names = "mup|sp|ntk|completep|depth-mup|completedp|u-mup";

    // Shapes are all that is asked of these models.
    private const int ShortText = 16;

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
        using DecoderModel small = Create(baseWidth, baseDepth, ShortText, 1);
        using DecoderModel delta = Create(2 * baseWidth, 2 * baseDepth, ShortText, 2);
        _shapes = BaseShapes.From(small, delta);
    }

    /// <summary>A fresh model in the standard parametrisation.</summary>
    /// <exception cref="InvalidInputException">There is no such model.</exception>
    public static DecoderModel Create(int width, int depth, int length, ulong seed) =>
        ByteDecoder.Create(width, depth, 2 * width, length, seed);

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
