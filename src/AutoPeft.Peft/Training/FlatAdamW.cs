using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, ICLR 2019) by torch's fused kernel: one pass over parameters, gradients and moments an update, gradient
/// clipping included. Same arithmetic as torch.optim.AdamW. Biases and other vectors are not decayed. The moments of all tensors lie end
/// to end in two vectors, which is how a training state keeps them. Dispose to free the moments.
/// </summary>
internal sealed class FlatAdamW : IDisposable
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

    private readonly TrainingOptions _options;
    private readonly jit.CompilationUnit _kernel;
    private readonly Group[] _groups;

    /// <param name="parameters">What is trained; all of one dtype and device.</param>
    /// <param name="options">Decay rates, weight decay and gradient norm.</param>
    /// <param name="factors">What a tensor's updates differ in, by its name; null: in nothing.</param>
    /// <exception cref="ArgumentException">Nothing is trained, or a tensor is not contiguous.</exception>
    public FlatAdamW(
        IEnumerable<(string Name, Parameter Parameter)> parameters, TrainingOptions options, Func<string, UpdateFactors>? factors = null)
    {
        (string Name, Parameter Parameter)[] named = [.. parameters];
        Parameter[] given = [.. named.Select(p => p.Parameter)];
        if (given.Length == 0) throw new ArgumentException("nothing to train", nameof(parameters));
        if (given.Any(p => !p.is_contiguous())) throw new ArgumentException("a trained tensor is not contiguous", nameof(parameters));
        _options = options;
        _kernel = jit.compile(Script);
        FirstMoment = zeros(given.Sum(p => p.numel()), dtype: given[0].dtype, device: given[0].device).DetachFromDisposeScope();
        SecondMoment = zeros_like(FirstMoment).DetachFromDisposeScope();

        var parts = new List<(Parameter Parameter, Tensor First, Tensor Second, UpdateFactors Factors)>();
        long offset = 0;
        foreach (var (name, parameter) in named)
        {
            UpdateFactors own = factors?.Invoke(name) ?? UpdateFactors.One;
            if (!Decays(parameter)) own = own with { WeightDecay = 0 };
            parts.Add((parameter, Part(FirstMoment, parameter, offset), Part(SecondMoment, parameter, offset), own));
            offset += parameter.numel();
        }
        _groups =
        [
            .. parts.GroupBy(p => p.Factors).Select(group => new Group(
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

    /// <summary>One update from the gradients at hand, which are then cleared.</summary>
    /// <returns>The gradient's norm before clipping; where it is not finite, nothing was changed.</returns>
    public double Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        Tensor[][] gradients = Array.ConvertAll(_groups, group => Array.ConvertAll(group.Parameters, Gradient));
        foreach (Group group in _groups)
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
                learningRate * group.Factors.LearningRate, _options.Beta1, _options.Beta2,
                _options.WeightDecay * group.Factors.WeightDecay, _options.Epsilon * group.Factors.Epsilon);
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

    /// <summary>Tensors with one set of factors, with their parts of the moments.</summary>
    private sealed record Group(Parameter[] Parameters, Tensor[] First, Tensor[] Second, UpdateFactors Factors);
}
