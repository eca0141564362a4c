using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>
/// What optimisers have in common: gradients are gathered, cut to a norm over all tensors, and cleared; what is remembered is kept by name.
/// </summary>
internal abstract class TensorOptimizer : IOptimizer
{
    private readonly List<(string Name, Tensor Value)> _state = [];
    private readonly double _maxNorm;

    // In double precision and on the CPU, whatever is trained.
    private readonly Tensor? _numbers;

    /// <param name="tensors">What is trained.</param>
    /// <param name="maxNorm">Longest gradient; longer ones are scaled down.</param>
    /// <param name="numbers">Numbers remembered beside tensors.</param>
    /// <exception cref="ArgumentException">Nothing is trained.</exception>
    protected TensorOptimizer(IReadOnlyList<TrainedTensor> tensors, double maxNorm, params double[] numbers)
    {
        if (tensors.Count == 0) throw new ArgumentException("nothing to train", nameof(tensors));
        (Tensors, _maxNorm) = (tensors, maxNorm);
        _numbers = numbers.Length == 0 ? null : Remember("numbers", tensor(numbers));
    }

    /// <inheritdoc/>
    public long Steps { get; set; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Value)> State => _state;

    /// <summary>What is trained.</summary>
    protected IReadOnlyList<TrainedTensor> Tensors { get; }

    /// <inheritdoc/>
    public double Step(double learningRate, double loss)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        Tensor[] gradients = [.. Tensors.Select(t => Gradient(t.Parameter))];
        foreach (TrainedTensor t in Tensors) t.Parameter.grad = null!;
        double norm = stack([.. gradients.Select(g => g.norm())]).norm().ToDouble();
        if (!double.IsFinite(norm)) return norm;
        // The factor of torch's clip_grad_norm_.
        double scale = Math.Max(1, (norm + 1e-6) / _maxNorm);
        if (scale > 1) gradients = Array.ConvertAll(gradients, g => g / scale);
        Steps++;
        Update(gradients, learningRate, loss);
        return norm;
    }

    /// <summary>Changes the tensors.</summary>
    /// <param name="gradients">One a tensor, cut to the norm; scratch from here on.</param>
    /// <param name="learningRate">Of this update.</param>
    /// <param name="loss">The loss.</param>
    protected abstract void Update(Tensor[] gradients, double learningRate, double loss);

    /// <inheritdoc/>
    public virtual void ForEvaluation() { }

    /// <inheritdoc/>
    public virtual void ForTraining() { }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        foreach (var (_, value) in _state) value.Dispose();
        _state.Clear();
    }

    /// <summary>Zeros of each tensor's shape that are remembered.</summary>
    protected Tensor[] Remembered(string name) => [.. Tensors.Select(t => Remember($"{name}.{t.Name}", zeros_like(t.Parameter)))];

    /// <summary>Copies of the tensors as they are that are remembered.</summary>
    protected Tensor[] RememberedCopies(string name)
    {
        using var scope = NewDisposeScope();
        return [.. Tensors.Select(t => Remember($"{name}.{t.Name}", t.Parameter.detach().clone()))];
    }

    /// <summary>A tensor that is remembered; the optimiser frees it.</summary>
    protected Tensor Remember(string name, Tensor value)
    {
        _state.Add((name, value.DetachFromDisposeScope()));
        return value;
    }

    /// <summary>A remembered number.</summary>
    protected double this[int index]
    {
        get
        {
            using Tensor one = _numbers![index];
            return one.ToDouble();
        }
        set
        {
            using Tensor one = _numbers![index];
            one.fill_(value);
        }
    }

    /// <summary>What tensors of one number each hold, in their order: one wait for the device, however many they are.</summary>
    protected static double[] Numbers(IEnumerable<Tensor> scalars) =>
        [.. stack([.. scalars]).cpu().to(ScalarType.Float64).data<double>()];

    /// <summary>The sum of tensors of one number each, in double precision.</summary>
    protected static double Sum(IEnumerable<Tensor> scalars) => Numbers(scalars).Sum();

    /// <summary>
    /// Refuses a parametrisation's rates where a method finds one rate for all tensors.
    /// </summary>
    /// <exception cref="InvalidInputException">A tensor has a factor of its own.</exception>
    protected static IReadOnlyList<TrainedTensor> OneRate(IReadOnlyList<TrainedTensor> tensors, string method) =>
        tensors.FirstOrDefault(t => t.Rate != 1) is not { } other
            ? tensors
            : throw new InvalidInputException($"{method} finds one rate for all tensors, and the parametrisation gives {other.Name} "
                + $"{other.Rate:G3} times the rate; take an optimiser with a learning rate");

    // A tensor that took no part in the loss counts as having gradient zero.
    private static Tensor Gradient(Parameter parameter) => parameter.grad is { } gradient ? gradient.detach() : zeros_like(parameter);
}
