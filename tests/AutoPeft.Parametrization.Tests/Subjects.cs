using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Subjects for coordinate checks: a decoder on random tokens, right unless it is told otherwise.</summary>
internal static class Subjects
{
    public const double Rate = 1e-2, Decay = 0.1;

    /// <summary>The base's shapes, from widths 64 and 128.</summary>
    public static BaseShapes DecoderShapes(bool tied = false, int depth = 2)
    {
        manual_seed(99);
        using var small = new Decoder(64, depth, tied);
        using var delta = new Decoder(128, depth, tied);
        return BaseShapes.From(small, delta);
    }

    public static Func<Tensor> Loss(nn.Module<Tensor, Tensor> model, int batch = 1) => () =>
    {
        using var generator = new Generator(11);
        Tensor ids = randint(0, Decoder.Vocabulary, [batch, Decoder.Length + 1], generator: generator);
        return nn.functional.cross_entropy(model.call(ids[.., ..Decoder.Length]).flatten(0, 1), ids[.., 1..].flatten());
    };

    public static CoordinateSubject Make(Parametrization rules, int width, bool tied = false, int depth = 2, DecoderFlaws? flaws = null)
    {
        var model = new Decoder(width, depth, tied, flaws: flaws);
        rules.Apply(model);
        return new CoordinateSubject(model, rules.AdamW(model, Rate, weightDecay: Decay, epsilon: 1e-12), Loss(model))
        {
            Parametrization = rules,
            LearningRate = Rate,
            WeightDecay = Decay,
        };
    }
}
