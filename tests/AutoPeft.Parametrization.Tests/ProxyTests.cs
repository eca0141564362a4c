using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>
/// Sharpness against an explicit Hessian's eigenvalues, gradient noise against a closed form, attention logits against sums by hand.
/// </summary>
public class ProxyTests
{
    private static readonly float[] s_saddle = [1, 5, 2, 40, -90, 0.1f], s_bowl = [1, 5, 25];
    private static readonly float[] s_query = [0, 0, 0, 1], s_key = [0, 0, 1, 0], s_tokens = [1, 2, -4, 0.5f];

    private sealed class Point : nn.Module
    {
        public readonly Parameter at;

        public Point(Tensor start) : base(nameof(Point))
        {
            at = new Parameter(start);
            RegisterComponents();
        }
    }

    /// <summary>One head of two dimensions: queries (0, x₁), keys (0, x₀), scale 1/√2.</summary>
    private sealed class TinyAttention : nn.Module<Tensor, Tensor>
    {
        private readonly bool _causal;
        public readonly Parameter query, key;
        public readonly Identity logits;

        public TinyAttention(bool causal) : base(nameof(TinyAttention))
        {
            _causal = causal;
            query = new Parameter(tensor(s_query).view(2, 2));
            key = new Parameter(tensor(s_key).view(2, 2));
            logits = nn.Identity();
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            Tensor scores = x.matmul(query.t()).matmul(x.matmul(key.t()).t()) / Math.Sqrt(2);
            if (_causal) scores = scores.masked_fill(ones_like(scores).triu(1).to(ScalarType.Bool), double.NegativeInfinity);
            return logits.call(scores).softmax(-1).matmul(x);
        }
    }

    private static (Sequential Model, Func<Tensor> Loss) Network()
    {
        manual_seed(3);
        Sequential model = nn.Sequential(("a", nn.Linear(5, 6)), ("tanh", nn.Tanh()), ("b", nn.Linear(6, 4))).to(ScalarType.Float64);
        Tensor x = randn(32, 5, ScalarType.Float64), y = randint(0, 4, [32]);
        return (model, () => nn.functional.cross_entropy(model.call(x), y));
    }

    /// <summary>The Hessian by differentiating every number of the gradient once more.</summary>
    private static Matrix<double> Explicit(nn.Module model, Func<Tensor> loss)
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [.. model.parameters()];
        Tensor[] first = [.. autograd.grad([loss()], parameters, retain_graph: true, create_graph: true)];
        Tensor gradient = cat([.. first.Select(g => g.reshape(-1))]);
        var rows = new List<double[]>();
        for (long i = 0; i < gradient.numel(); i++)
        {
            IList<Tensor> row = autograd.grad([gradient[i]], parameters, retain_graph: true);
            rows.Add(cat([.. row.Select(g => g.reshape(-1))]).data<double>().ToArray());
        }
        return DenseMatrix.OfRowArrays(rows);
    }

    [Fact]
    public void Sharpness_is_the_largest_eigenvalue_of_the_explicit_Hessian()
    {
        var (model, loss) = Network();
        using (model)
        {
            Matrix<double> hessian = Explicit(model, loss);
            double[] eigenvalues = [.. hessian.Evd(Symmetricity.Symmetric).EigenValues.Select(e => e.Real)];
            double before = loss().ToDouble();
            Sharpness sharpness = Sharpness.Of(model, loss, tolerance: 1e-7);
            Assert.Equal(eigenvalues.Max(), sharpness.Value, 6);
            Assert.InRange(sharpness.Products, 2, 49);
            // An early end says how wrong it can be.
            Sharpness early = Sharpness.Of(model, loss, products: 3, tolerance: 1e-9);
            Assert.Equal(3, early.Products);
            Assert.Contains(eigenvalues, e => Math.Abs(e - early.Value) <= early.Error);
            // Weights are put back to the last bit.
            Assert.Equal(before, loss().ToDouble());
        }
    }

    [Fact]
    public void The_sharpness_of_a_quadratic_in_single_precision_is_its_largest_coefficient()
    {
        using Tensor coefficients = tensor(s_saddle);
        using var model = new Point(randn(6));
        Sharpness sharpness = Sharpness.Of(model, () => (coefficients * model.at.square()).sum() / 2);
        Assert.InRange(sharpness.Value, 39.96, 40.04);
        Assert.InRange(sharpness.Products, 1, 6);
    }

    [Fact]
    public void Gradient_descent_diverges_beyond_two_over_the_sharpness_and_not_before()
    {
        using Tensor coefficients = tensor(s_bowl);
        double End(double factor)
        {
            using var model = new Point(ones(3));
            Tensor Loss() => (coefficients * model.at.square()).sum() / 2;
            double rate = factor * 2 / Sharpness.Of(model, Loss).Value;
            using SGD optimizer = optim.SGD(model.parameters(), rate);
            for (int i = 0; i < 200; i++)
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                Loss().backward();
                optimizer.step();
            }
            return Loss().ToDouble();
        }
        Assert.True(End(0.95) < 1e-3);
        Assert.True(End(1.05) > 1e3);
    }

    [Fact]
    public void The_noise_scale_is_the_closed_form_of_a_quadratic_with_random_centres()
    {
        // Loss of an example: half the squared distance to N(centre, 4).
        // Gradient: at − centre, of length 3·√50; covariance 4 · identity.
        const int Dimensions = 50, Batch = 8;
        using var model = new Point(full([Dimensions], 3.0));
        manual_seed(5);
        Tensor Loss(int _) => (model.at.unsqueeze(0) - 2 * randn(Batch, Dimensions)).square().sum(1).mean() / 2;
        GradientNoise noise = GradientNoise.Of(model, Loss, Batch, batches: 64);
        Assert.InRange(noise.SquaredGradient, 0.9 * 9 * Dimensions, 1.1 * 9 * Dimensions);
        Assert.InRange(noise.Variance, 0.85 * 4 * Dimensions, 1.15 * 4 * Dimensions);
        Assert.InRange(noise.NoiseScale.Value, 0.8 * 4 / 9, 1.2 * 4 / 9);
        Assert.InRange(4.0 / 9, noise.NoiseScale.Low, noise.NoiseScale.High);
    }

    [Fact]
    public void Where_there_is_noise_alone_the_scale_has_no_upper_end()
    {
        using var model = new Point(zeros(20));
        manual_seed(6);
        GradientNoise noise = GradientNoise.Of(model, _ => (model.at.unsqueeze(0) - randn(4, 20)).square().sum(1).mean() / 2, 4);
        Assert.Equal(double.PositiveInfinity, noise.NoiseScale.High);
    }

    [Theory]
    // Queries (0, 2), (0, ½), keys (0, 1), (0, −4): q·k = 2, −8, ½, −2, of which a decoder's first token does not see −8.
    [InlineData(false, 8)]
    [InlineData(true, 2)]
    public void The_largest_attention_logit_is_that_of_the_pairs_that_are_seen(bool causal, double product)
    {
        using Sequential model = nn.Sequential(("first", new TinyAttention(causal)), ("linear", nn.Linear(2, 2)));
        using Tensor tokens = tensor(s_tokens).view(2, 2);
        AttentionLogits logits = Assert.Single(AttentionLogits.Of(model, () => model.call(tokens)));
        Assert.Equal("first.logits", logits.Module);
        Assert.Equal(product / Math.Sqrt(2), logits.Largest, 6);
        // Of several forward passes the largest counts; the hooks are gone afterwards.
        AttentionLogits twice = AttentionLogits.Of(model, () =>
        {
            model.call(tokens * 3);
            model.call(tokens);
        }, "first.log*")[0];
        Assert.Equal(9 * product / Math.Sqrt(2), twice.Largest, 5);
        Assert.Equal(double.NaN, AttentionLogits.Of(model, () => model.call(tokens * double.NaN))[0].Largest);
    }

    [Fact]
    public void Logits_that_cannot_be_seen_are_refused()
    {
        using Sequential model = nn.Sequential(("first", new TinyAttention(true)), ("second", nn.Linear(2, 2)));
        string Refused(string modules, Action run) =>
            Assert.Throws<InvalidInputException>(() => AttentionLogits.Of(model, run, modules)).Message;
        Assert.Contains("'*.scores': the model has no such module", Refused("*.scores", () => { }));
        Assert.Contains("first.logits: was not run", Refused("*.logits", () => { }));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Equal_gradients_have_no_noise_and_gradients_of_nothing_show_no_gradient(int batches)
    {
        using var model = new Point(ones(3));
        GradientNoise equal = GradientNoise.Of(model, _ => 0.1 * model.at.sum(), 8, batches);
        Assert.Equal(0.03, equal.SquaredGradient, 8);
        Assert.Equal(0, equal.Variance, 8);
        Assert.All(new[] { equal.NoiseScale.Value, equal.NoiseScale.Low, equal.NoiseScale.High }, v => Assert.Equal(0, v, 8));
        GradientNoise none = GradientNoise.Of(model, _ => 0 * model.at.sum(), 8, batches);
        Assert.Equal(new GradientNoise(0, 0, new(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity)), none);
        Assert.Null(model.at.grad);
    }

    [Fact]
    public void What_is_not_finite_is_refused_and_becomes_no_NaN()
    {
        using var model = new Point(zeros(2));
        string Refused(Func<Tensor> loss)
        {
            string noise = Assert.Throws<InvalidInputException>(() => GradientNoise.Of(model, _ => loss(), 1)).Message;
            Assert.Equal(noise, Assert.Throws<InvalidInputException>(() => Sharpness.Of(model, loss)).Message);
            return noise;
        }
        Assert.Equal("the loss is NaN; it must be finite", Refused(() => model.at.sum() * double.NaN));
        // √|x − x|: 0, with an infinite slope times 0.
        Assert.Equal("the loss is 0, and its gradient is not finite", Refused(() => (model.at - model.at).abs().sqrt().sum()));
        Assert.Equal("the loss depends on no weight that is trained", Refused(() => ones(1).sum()));
        Assert.Null(model.at.grad);
    }

    [Fact]
    public void What_cannot_be_measured_is_refused_in_one_line()
    {
        using var model = new Point(ones(2));
        string Refused(Action measure) => Assert.Throws<InvalidInputException>(measure).Message;
        Tensor Loss() => model.at.sum();
        Assert.Contains("products", Refused(() => Sharpness.Of(model, Loss, products: 0)));
        Assert.Contains("tolerance", Refused(() => Sharpness.Of(model, Loss, tolerance: 0)));
        Assert.Contains("finite", Refused(() => Sharpness.Of(model, () => model.at.sum() / 0)));
        Assert.Contains("batches", Refused(() => GradientNoise.Of(model, _ => Loss(), 1, 3)));
        Assert.Contains("batchSize", Refused(() => GradientNoise.Of(model, _ => Loss(), 0)));
        model.at.requires_grad = false;
        Assert.Contains("nothing of the model is trained", Refused(() => Sharpness.Of(model, Loss)));
        Assert.Contains("nothing of the model is trained", Refused(() => GradientNoise.Of(model, _ => Loss(), 1)));
    }
}
