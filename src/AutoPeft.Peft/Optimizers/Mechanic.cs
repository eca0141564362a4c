using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>Options of <see cref="Mechanic"/>.</summary>
internal sealed record MechanicOptions
{
    /// <summary>First scale; it has to be too small. Default 1e-8.</summary>
    public double Initial { get; init; } = 1e-8;

    /// <summary>The tuner's own weight decay, the paper's λ. Default 0.01.</summary>
    public double Decay { get; init; } = 0.01;
}

/// <summary>
/// AdamW whose displacement from the start is scaled by a number that an online learner tunes (Cutkosky, Defazio and Mehta, "Mechanic: A
/// Learning Rate Tuner", NeurIPS 2023, algorithm 1, with six discount rates). The learning rate given is AdamW's; its schedule counts, its
/// size does not: leave it at 1.
/// </summary>
internal sealed class Mechanic : TensorOptimizer
{
    private const int Scale = 0, Squares = 1, Reward = 2, Most = 3, Quantities = 4;

    // Keeps quotients finite.
    private const double Epsilon = 1e-8;

    // A learner for each horizon; their sum is the scale.
    private static readonly double[] s_discounts = [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999];

    private readonly MechanicOptions _options;
    private readonly FlatAdamW _base;
    private readonly Tensor[] _start, _displacement;

    public Mechanic(IReadOnlyList<TrainedTensor> tensors, UpdateOptions training, MechanicOptions options, FlatAdamW adamW)
        : base(tensors, training.MaxGradientNorm,
            [.. Enumerable.Range(0, Quantities * s_discounts.Length).Select(k => k / s_discounts.Length == Most ? 1e-6 : 0.0)])
    {
        (_options, _base) = (options, adamW);
        _start = RememberedCopies("start");
        _displacement = Remembered("displacement");
        foreach (var (name, value) in adamW.State) Remember(name, value.detach());
    }

    /// <inheritdoc/>
    protected override void Update(Tensor[] gradients, double learningRate, double loss)
    {
        Tensor[] before = [.. Tensors.Select(t => t.Parameter.clone())];
        for (int i = 0; i < gradients.Length; i++) Tensors[i].Parameter.grad = gradients[i].clone();
        _base.Steps = Steps - 1;
        _base.Step(learningRate, loss);

        double scale = Enumerable.Range(0, s_discounts.Length).Sum(k => At(Scale, k));
        double size = Norm(Tensors.Select(t => (Tensor)t.Parameter)), slope = Norm(gradients);
        var products = new Tensor[gradients.Length];
        for (int i = 0; i < gradients.Length; i++)
        {
            Tensor x = Tensors[i].Parameter;
            Tensor pull = gradients[i] + x * (_options.Decay * scale * slope / (size + Epsilon));
            products[i] = (_displacement[i] * pull).sum();
            _displacement[i].add_(x - before[i]);
        }
        scale = Tune(Sum(products));
        for (int i = 0; i < gradients.Length; i++) Tensors[i].Parameter.copy_(_start[i] + _displacement[i] * Math.Max(scale, 0));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _base.Dispose();
    }

    /// <summary>One round of the learners.</summary>
    /// <returns>The new scale.</returns>
    private double Tune(double product)
    {
        double sum = 0;
        for (int k = 0; k < s_discounts.Length; k++)
        {
            double discount = s_discounts[k];
            double most = Math.Max(discount * At(Most, k), Math.Abs(product));
            double squares = discount * discount * At(Squares, k) + product * product;
            double reward = Math.Max(0, discount * At(Reward, k) - At(Scale, k) * product);
            double scale = (most * _options.Initial / s_discounts.Length + reward) / (Math.Sqrt(squares) + Epsilon);
            (this[Index(Most, k)], this[Index(Squares, k)], this[Index(Reward, k)], this[Index(Scale, k)]) = (most, squares, reward, scale);
            sum += scale;
        }
        return sum;
    }

    private double At(int quantity, int learner) => this[Index(quantity, learner)];

    private static int Index(int quantity, int learner) => quantity * s_discounts.Length + learner;

    private static double Norm(IEnumerable<Tensor> tensors) => Math.Sqrt(Sum(tensors.Select(t => t.square().sum())));
}
