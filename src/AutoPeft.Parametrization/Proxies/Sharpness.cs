using MathNet.Numerics.LinearAlgebra.Double;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// The largest eigenvalue of the Hessian of a loss over all weights that are trained, without building the Hessian. Gradient descent
/// becomes unstable where the eigenvalue exceeds 2 / rate (Cohen et al., ICLR 2021), so that sharpness forecasts which rates diverge.
/// </summary>
/// <param name="Value">The eigenvalue; negative where the loss bends downwards in every direction that was met.</param>
/// <param name="Error">By how much the eigenvalue nearest to <paramref name="Value"/> can differ from it: the residual's length.</param>
/// <param name="Products">Hessian-vector products that were computed.</param>
public sealed record Sharpness(double Value, double Error, int Products)
{
    /// <summary>
    /// Measures by Lanczos's iteration with full reorthogonalisation on differences of gradients, two a product. Memory: a vector in
    /// double precision for every product, so 8 bytes × products × trained weights, in the host's memory. In single precision a
    /// thousandth is what can be had.
    /// </summary>
    /// <param name="model">The model; its weights are the same afterwards, its gradients are cleared.</param>
    /// <param name="loss">Runs the model on one batch, always the same one and without dropout, and gives the mean loss.</param>
    /// <param name="products">Hessian-vector products at most, from 1. Default: 50.</param>
    /// <param name="tolerance">Error over the eigenvalue at which the iteration ends before. Default: 0.001.</param>
    /// <param name="seed">Of the random direction at the start. Default: 0.</param>
    /// <param name="cancellationToken">Ends the iteration between two products.</param>
    /// <exception cref="InvalidInputException">
    /// An option is out of range, nothing is trained, or the loss or its gradient is not finite.
    /// </exception>
    public static Sharpness Of(nn.Module model, Func<Tensor> loss, int products = 50, double tolerance = 1e-3, long seed = 0,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        if (products < 1) throw new InvalidInputException($"products is {products}; it must be 1 or more");
        if (!(tolerance > 0)) throw new InvalidInputException($"tolerance is {tolerance}; it must be positive");
        using var scope = NewDisposeScope();
        var hessian = new Hessian(new FlatGradient(model), loss);
        using var generator = new Generator((ulong)seed);
        Tensor first = randn(hessian.Size, ScalarType.Float64, generator: generator);
        var basis = new List<Tensor> { first / first.norm() };
        // Lanczos's names: the tridiagonal matrix's diagonal and what is beside it.
        var alpha = new List<double>();
        var beta = new List<double>();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tensor product = hessian.Times(basis[^1]);
            alpha.Add(product.dot(basis[^1]).ToDouble());
            Tensor next = Orthogonal(product, basis);
            double length = next.norm().ToDouble();
            var (value, error) = Largest(alpha, beta, length);
            if (alpha.Count == products || alpha.Count == hessian.Size || error <= tolerance * Math.Abs(value))
                return new Sharpness(value, error, alpha.Count);
            beta.Add(length);
            basis.Add(next / length);
        }
    }

    private static Tensor Orthogonal(Tensor vector, List<Tensor> basis)
    {
        using var scope = NewDisposeScope();
        // Twice is enough (Parlett, The Symmetric Eigenvalue Problem, section 6.9).
        for (int pass = 0; pass < 2; pass++)
            foreach (Tensor known in basis) vector = vector - known * vector.dot(known);
        return vector.MoveToOuterDisposeScope();
    }

    /// <summary>The largest eigenvalue of the tridiagonal matrix, and the length of its vector's residual in the whole space.</summary>
    private static (double Value, double Error) Largest(List<double> alpha, List<double> beta, double next)
    {
        int n = alpha.Count;
        var evd = DenseMatrix.Create(n, n, (i, j) => i == j ? alpha[i] : Math.Abs(i - j) == 1 ? beta[Math.Min(i, j)] : 0)
            .Evd(MathNet.Numerics.LinearAlgebra.Symmetricity.Symmetric);
        int largest = Enumerable.Range(0, n).MaxBy(i => evd.EigenValues[i].Real);
        return (evd.EigenValues[largest].Real, Math.Abs(next * evd.EigenVectors[n - 1, largest]));
    }

    /// <summary>
    /// Products with the Hessian, as central differences of gradients: fused operations, attention among them, cannot be differentiated
    /// twice.
    /// </summary>
    private sealed class Hessian
    {
        private readonly FlatGradient _gradient;
        private readonly Tensor[] _start;
        private readonly Func<Tensor> _loss;
        private readonly double _step;

        public Hessian(FlatGradient gradient, Func<Tensor> loss)
        {
            (_gradient, _loss) = (gradient, loss);
            _start = [.. gradient.Parameters.Select(p => p.detach().clone())];
            double length = Math.Sqrt(_start.Sum(t => t.to(ScalarType.Float64).square().sum().ToDouble()));
            // Rounding costs epsilon / step, what is left out of the series step²: even at the cube root.
            double rounding = _start.All(t => t.dtype == ScalarType.Float64) ? double.BitIncrement(1) - 1 : MathF.BitIncrement(1) - 1;
            _step = Math.Cbrt(rounding) * Math.Max(1, length);
        }

        public long Size => _gradient.Size;

        /// <summary>The product with a vector of length 1.</summary>
        public Tensor Times(Tensor vector)
        {
            using var scope = NewDisposeScope();
            try
            {
                Tensor above = Gradient(vector, _step), below = Gradient(vector, -_step);
                return ((above - below) / (2 * _step)).MoveToOuterDisposeScope();
            }
            finally
            {
                using (no_grad())
                {
                    foreach (var (parameter, start) in _gradient.Parameters.Zip(_start)) parameter.copy_(start);
                }
            }
        }

        /// <summary>The gradient beside the start.</summary>
        private Tensor Gradient(Tensor vector, double step)
        {
            using var scope = NewDisposeScope();
            long at = 0;
            foreach (var (parameter, start) in _gradient.Parameters.Zip(_start))
            {
                Tensor part = vector.narrow(0, at, parameter.numel()).view(parameter.shape).to(parameter.dtype, parameter.device);
                using (no_grad()) parameter.copy_(start + part * step);
                at += parameter.numel();
            }
            return _gradient.Of(_loss).MoveToOuterDisposeScope();
        }
    }
}
