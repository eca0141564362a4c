using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>The values that a tensor of a block starts with.</summary>
public abstract record Initialization
{
    /// <summary>Every number of the tensor starts at 0.</summary>
    public static Initialization Zeros { get; } = new ConstantInit(0);

    /// <summary>Every number of the tensor starts at 1.</summary>
    public static Initialization Ones { get; } = new ConstantInit(1);

    /// <summary>Numbers drawn from a normal distribution of mean 0 and standard deviation <paramref name="std"/>.</summary>
    public static Initialization Normal(double std) => new NormalInit(std);

    /// <summary>
    /// U(−1/√f, 1/√f) with f = <paramref name="fanIn"/>: torch's <c>kaiming_uniform_(a=√5)</c>, the start of every
    /// <c>nn.Linear</c> and of LoRA's A.
    /// </summary>
    public static Initialization Kaiming(int fanIn) => new UniformInit(1 / Math.Sqrt(fanIn));

    /// <summary>Norms of the rows of the site's weight: DoRA's magnitude, with which the first step changes nothing.</summary>
    public static Initialization RowNormsOfWeight { get; } = new RowNormInit();

    /// <summary>Embeddings of words drawn at random from the vocabulary.</summary>
    public static Initialization SampledWords { get; } = new SampledWordsInit();

    /// <summary>Fills a tensor with its initial values, in place.</summary>
    /// <param name="target">What to fill, in place.</param>
    /// <param name="weight">The site's base weight: a linear map's, or the word embedding; null where the site has none.</param>
    /// <param name="generator">The random stream, on the CPU.</param>
    public abstract void Fill(Tensor target, Tensor? weight, Generator generator);

    // Drawn on the CPU in float32 whatever the target is, so that a seed means the same start on every device and dtype.
    private static Tensor Draw(Tensor target) => empty(target.shape, dtype: ScalarType.Float32);

    private sealed record ConstantInit(double Value) : Initialization
    {
        public override void Fill(Tensor target, Tensor? weight, Generator generator) => target.fill_(Value);
    }

    private sealed record NormalInit(double Std) : Initialization
    {
        public override void Fill(Tensor target, Tensor? weight, Generator generator)
        {
            using var drawn = Draw(target);
            drawn.normal_(0, Std, generator);
            target.copy_(drawn);
        }
    }

    private sealed record UniformInit(double Bound) : Initialization
    {
        public override void Fill(Tensor target, Tensor? weight, Generator generator)
        {
            using var drawn = Draw(target);
            drawn.uniform_(-Bound, Bound, generator);
            target.copy_(drawn);
        }
    }

    private sealed record RowNormInit : Initialization
    {
        public override void Fill(Tensor target, Tensor? weight, Generator generator)
        {
            using var scope = NewDisposeScope();
            target.copy_(RowNorms.Of(weight ?? throw new InvalidOperationException("a site without a weight has no row norms")));
        }
    }

    private sealed record SampledWordsInit : Initialization
    {
        public override void Fill(Tensor target, Tensor? weight, Generator generator)
        {
            using var scope = NewDisposeScope();
            var words = weight ?? throw new InvalidOperationException("a site without a word embedding cannot sample words");
            var drawn = randint(0, words.shape[0], [target.shape[0]], dtype: ScalarType.Int64, generator: generator);
            target.copy_(words.detach().index_select(0, drawn.to(words.device)));
        }
    }
}

/// <summary>Euclidean norms of a matrix's rows.</summary>
internal static class RowNorms
{
    /// <param name="matrix"><c>[rows, columns]</c>.</param>
    /// <returns><c>[rows]</c>.</returns>
    public static Tensor Of(Tensor matrix) => matrix.pow(2).sum(1).sqrt();
}
