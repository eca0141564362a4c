using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Optimizers;

/// <summary>
/// AdamW (Loshchilov and Hutter, ICLR 2019) by torch's fused kernel: one pass over parameters, gradients and moments an update, gradient
/// clipping included. Same arithmetic as torch.optim.AdamW. Biases and other vectors are not decayed. The moments of all tensors lie end
/// to end in two vectors, which is how a training state keeps them. Dispose to free the moments.
/// </summary>
internal sealed class FlatAdamW : IOptimizer
{
    // TorchSharp has no binding for the fused kernel; TorchScript reaches every operator of libtorch. The lists have to be arguments: what
    // is written to the elements of a list that the script makes itself, TorchScript takes for dead code. The kernel divides gradients by
    // grad_scale, so clipping costs no pass of its own.
    private const string Script = """
        def norm(g: List[Tensor]):
            return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(g)))

        def update(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], step: Tensor, scale: Tensor,
                   rate: float, beta1: float, beta2: float, decay: float, epsilon: float):
            torch._fused_adamw_(p, g, m, v, [], [step] * len(p), lr=rate, beta1=beta1, beta2=beta2, weight_decay=decay,
                                eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale, found_inf=None)
            return step


        """;

    private readonly UpdateOptions _options;
    private readonly jit.CompilationUnit _kernel;
    private readonly TensorGroup[] _groups;

    /// <param name="parameters">What is trained; all of one dtype and device.</param>
    /// <param name="options">Decay rates, weight decay and gradient norm.</param>
    /// <exception cref="ArgumentException">Nothing is trained, or a tensor is not contiguous.</exception>
    public FlatAdamW(IEnumerable<(string Name, Parameter Parameter)> parameters, UpdateOptions options)
        : this(TrainedTensor.Of(parameters, options, null), options)
    {
    }

    /// <param name="tensors">What is trained; all of one dtype and device.</param>
    /// <param name="options">Decay rates and gradient norm; weight decay is each tensor's own.</param>
    /// <exception cref="ArgumentException">Nothing is trained, or a tensor is not contiguous.</exception>
    public FlatAdamW(IReadOnlyList<TrainedTensor> tensors, UpdateOptions options)
    {
        Parameter[] given = [.. tensors.Select(t => t.Parameter)];
        if (given.Length == 0) throw new ArgumentException("nothing to train", nameof(tensors));
        if (given.Any(p => !p.is_contiguous())) throw new ArgumentException("a trained tensor is not contiguous", nameof(tensors));
        _options = options;
        _kernel = jit.compile(Script);
        FirstMoment = zeros(given.Sum(p => p.numel()), dtype: given[0].dtype, device: given[0].device).DetachFromDisposeScope();
        SecondMoment = zeros_like(FirstMoment).DetachFromDisposeScope();

        var parts = new List<(Parameter Parameter, Tensor First, Tensor Second, Factors Factors)>();
        long offset = 0;
        foreach (TrainedTensor t in tensors)
        {
            parts.Add((t.Parameter, Part(FirstMoment, t.Parameter, offset), Part(SecondMoment, t.Parameter, offset),
                new Factors(t.Rate, t.Decay, t.Epsilon)));
            offset += t.Parameter.numel();
        }
        _groups =
        [
            .. parts.GroupBy(p => p.Factors).Select(group => new TensorGroup(
                [.. group.Select(p => p.Parameter)], [.. group.Select(p => p.First)], [.. group.Select(p => p.Second)], group.Key)),
        ];
    }

    /// <summary>Mean gradient, [numbers trained].</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Mean squared gradient, [numbers trained].</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Updates made.</summary>
    public long Steps { get; set; }

    /// <summary>Whether weight decay acts on a tensor: on matrices, not on biases, LayerNorms and scales.</summary>
    public static bool Decays(Tensor parameter) => parameter.dim() > 1;

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Value)> State => [("first_moment", FirstMoment), ("second_moment", SecondMoment)];

    /// <inheritdoc cref="IOptimizer.Step"/>
    public double Step(double learningRate, double loss = 0)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        Tensor[][] gradients = Array.ConvertAll(_groups, group => Array.ConvertAll(group.Parameters, Gradient));
        foreach (TensorGroup group in _groups)
            foreach (Parameter parameter in group.Parameters) parameter.grad = null!;

        double norm = ((Tensor)_kernel.invoke("norm", [gradients.SelectMany(g => g).ToArray()])).ToDouble();
        if (!double.IsFinite(norm)) return norm;
        Steps++;
        Tensor step = tensor((float)Steps, device: FirstMoment.device);
        // The factor of torch's clip_grad_norm_.
        Tensor scale = tensor((float)Math.Max(1, (norm + 1e-6) / _options.MaxGradientNorm), device: FirstMoment.device);
        foreach (var (group, of) in _groups.Zip(gradients))
        {
            _kernel.invoke("update", group.Parameters.ToArray<Tensor>(), of, group.First, group.Second, step, scale,
                learningRate * group.Factors.Rate, _options.Beta1, _options.Beta2,
                group.Factors.Decay, _options.Epsilon * group.Factors.Epsilon);
        }
        return norm;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor view in _groups.SelectMany(g => g.First.Concat(g.Second))) view.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        _kernel.Dispose();
    }

    private static Tensor Part(Tensor moments, Parameter parameter, long offset)
    {
        using Tensor part = moments.narrow(0, offset, parameter.numel());
        return part.view(parameter.shape).DetachFromDisposeScope();
    }

    /// <summary>
    /// A tensor that took no part in the loss counts as having gradient zero. The kernel reads gradients in the order in which they lie.
    /// </summary>
    private static Tensor Gradient(Parameter parameter) => parameter.grad is { } gradient ? gradient.contiguous() : zeros_like(parameter);

    /// <summary>What the updates of tensors differ in: factor of the rate, weight decay, factor of epsilon.</summary>
    private readonly record struct Factors(double Rate, double Decay, double Epsilon);

    /// <summary>Tensors with one set of factors, with their parts of the moments.</summary>
    private sealed record TensorGroup(Parameter[] Parameters, Tensor[] First, Tensor[] Second, Factors Factors);
}
