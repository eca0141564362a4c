using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;

namespace AutoPeft.Scaling.Register;

/// <summary>Register of published forms of laws that can be fitted by key.</summary>
public static class LawRegister
{
    private static readonly LawVariable s_n = new("N", "model size, parameters");
    private static readonly LawVariable s_d = new("D", "training tokens");
    private static readonly LawVariable s_c = new("C", "training compute, FLOP");
    private static readonly LawVariable s_u = new("U", "unique tokens", "unique", "uniquetokens", "ntokensunique", "datasettokens");
    private static readonly LawVariable s_experts =
        new("X", "experts (expansion rate)", "experts", "nexperts", "numexperts", "expansion", "nume");
    private static readonly LawVariable s_taskLoss = new("L", "loss, nats per token", "loss", "taskloss", "valloss", "c4loss");

    private static FormulaParameter Positive(string name, double high = double.PositiveInfinity) => new(name, Low: 1e-9, High: high);

    /// <summary>The laws, loss laws first.</summary>
    public static IReadOnlyList<RegisteredLaw> All { get; } = [.. LossLaws(), .. MixtureLaws(), .. DataLaws(), .. ScheduleAndTaskLaws()];

    /// <summary>Finds the registered law of a key, such as on the command line.</summary>
    /// <exception cref="ScalingDataException">There is none of that key.</exception>
    public static RegisteredLaw Find(string key) => All.FirstOrDefault(l => l.Key == key)
        ?? throw new ScalingDataException($"no law "
            + $"'{key}'{(ShortList.Nearest(key, All.Select(l => l.Key)) is { } near ? $" (is '{near}' meant?)" : "")}; the laws are: "
            + $"{string.Join(", ", All.Select(l => l.Key))}.");

    private static IEnumerable<RegisteredLaw> LossLaws()
    {
        yield return new("chinchilla", "Chinchilla", "loss", "E + A*N^-alpha + B*D^-beta", [s_n, s_d],
            "Hoffmann et al., arXiv:2203.15556, eq. 2; refit by Besiroglu et al., arXiv:2404.10102",
            "A and α (B and β) are all but collinear: read predictions, not constants; D/N must vary")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5)], Optimum = "N = (αA/βB)^(1/(α+β))·(C/6)^(β/(α+β))" };
        yield return new("kaplan", "Kaplan et al.", "loss", "(exp(n)*N^(-a/b) + exp(d)/D)^b", [s_n, s_d],
            "Kaplan et al., arXiv:2001.08361, eq. 1.5: ((Nc/N)^(αN/αD) + Dc/D)^αD",
            "no irreducible loss, so that extrapolations fall without end; N without embeddings")
        { Bounds = [Positive("a", 3), Positive("b", 3)] };
        yield return new("over-training", "Gadre et al.", "loss", "E + A*N^-eta + B*D^-eta", [s_n, s_d],
            "Gadre et al., arXiv:2403.08540, eq. 4 in N and D",
            "one exponent for N and D: the compute-optimal D/N is then constant by assumption")
        { Bounds = [Positive("eta", 5)], Optimum = "D/N constant, N ∝ C^½" };
        yield return new("farseer", "Farseer", "loss", "exp(a3*N^g3 + b3) + exp(a2*N^g2 + b2)*D^-exp(a1*N^g1 + b1)", [s_n, s_d],
            "Li et al., Predictable Scale: Part II, Farseer, arXiv:2506.10972",
            "nine parameters: needs several hundred runs over two decades of N");
        yield return new("power", "Broken power law", "loss", "a + b*x^-c0*(1 + (x/d)^(1/f))^(-c1*f)",
            [s_c with { Symbol = "x", Meaning = "any scale: C, N or D" }],
            "Caballero et al., arXiv:2210.14891, one break", "the break is found only where runs lie on both sides of it")
        { Bounds = [Positive("d"), Positive("f", 10)] };
        yield return new("compute", "Power law of compute", "loss", "E + A*C^-gamma", [s_c],
            "Kaplan et al., arXiv:2001.08361; Henighan et al., arXiv:2010.14701",
            "along compute-optimal runs only: over- and under-trained runs lie above")
        { Bounds = [Positive("gamma", 3)] };
        yield return new("optimal-size", "Compute-optimal size", "optimal N", "k*C^a", [s_c],
            "Hoffmann et al., arXiv:2203.15556, approaches 1 and 2; corrections by Porian et al., arXiv:2406.19146",
            "Porian et al.: count the output layer's FLOP, scale warm-up and learning rate with size, or the exponent comes out too large");
        yield return new("precision", "Precision-aware", "loss", "E + A*(N*(1 - exp(-P/g)))^-alpha + B*D^-beta",
            [s_n, s_d, new("P", "bits of weights in training", "bits", "precision", "weightbits")],
            "Kumar et al., arXiv:2411.04330: effective parameters under low-precision training",
            "post-training quantisation adds a term that grows with D")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5), Positive("g")] };
        yield return new("vocabulary", "Vocabulary-aware", "unigram-normalised loss", "-E + A*N^-a1 + B*V^-a2 + C1*D^-beta",
            [s_n with { Meaning = "parameters without vocabulary" },
                new("V", "vocabulary parameters", "vocabparams", "vocabularyparameters", "nv"), s_d],
            "Tao et al., arXiv:2407.13623, eq. 6", "losses of different tokenizers compare only after normalisation by the unigram loss")
        { Bounds = [Positive("a1", 5), Positive("a2", 5), Positive("beta", 5)] };
    }

    private static IEnumerable<RegisteredLaw> MixtureLaws()
    {
        yield return new("moe-routed", "Routed models", "loss", "exp(a*log(N) + b*log(X) + c*log(N)*log(X) + d)",
            [s_n with { Meaning = "dense parameters" }, s_experts],
            "Clark et al., arXiv:2202.01169, eq. 6 without saturation", "all runs at one D: the form has no data term");
        yield return new("moe-granular", "Fine-grained experts", "loss", "c + (g*G^-gamma + a)*N^-alpha + b*D^-beta",
            [s_n, s_d, new("G", "granularity", "granularity", "gran")], "Krajewski et al., arXiv:2402.07871, eq. 9",
            "at one expansion rate")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5), Positive("gamma", 5)] };
        yield return new("moe-sparsity", "Sparsity", "loss", "E + A*N^-alpha + B*D^-beta + c*(1-S)^lambda + d*(1-S)^delta*N^-gamma",
            [s_n, s_d, new("S", "sparsity, share of inactive experts, below 1", "sparsity")], "Abnar et al., arXiv:2501.12370, eq. 4",
            "eleven parameters: nearly flat directions unless S varies at each N")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5)] };
        yield return new("moe-joint", "Joint dense and expert", "loss",
            "E + A*X^delta*N^(-alpha + gamma*log(X)) + B*X^omega*D^(-beta + zeta*log(X))",
            [s_n with { Meaning = "active parameters" }, s_d, s_experts], "Ludziejewski et al., arXiv:2502.05172, eq. 5",
            "X is the transformed expert count of the paper where few experts are used")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5)] };
    }

    private static IEnumerable<RegisteredLaw> DataLaws()
    {
        const string Size = "(alpha*A/(beta*B))^(1/alpha)*U^(beta/alpha)";
        yield return new("data-constrained", "Repeated data, R_D*", "loss",
            "E + A*N^-alpha + B*(U + U*RD*(1 - exp(-max(D/U - 1, 0)/RD)))^-beta", [s_n, s_d, s_u],
            "Muennighoff et al., arXiv:2305.16264, eq. 5 with excess parameters left out",
            "R_D* needs runs of more than four epochs; fit it jointly with the other constants")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5), Positive("RD", 1e6), Positive("A"), Positive("B")] };
        yield return new("data-constrained-full", "Repeated data, R_D* and R_N*", "loss",
            $"E + A*(min(N, {Size})*(1 + RN*(1 - exp(-max(N/({Size}) - 1, 0)/RN))))^-alpha + B*(U + U*RD*(1 - exp(-max(D/U - 1, "
                + $"0)/RD)))^-beta", [s_n, s_d, s_u],
            "Muennighoff et al., arXiv:2305.16264, eq. 5 and 6, all constants jointly",
            "R_N* needs models far larger than optimal for their unique data")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5), Positive("RD", 1e6), Positive("RN", 1e6), Positive("A"), Positive("B")] };
        yield return new("rectified", "Rectified fine-tuning", "loss", "E + B/(Dl + D^beta)",
            [s_d with { Meaning = "fine-tuning samples or tokens" }],
            "Lin et al., arXiv:2402.02314, eq. 3", "Dl, what pretraining has learnt, shows only where runs lie before the power phase")
        { Bounds = [Positive("beta", 5), new("Dl", Low: 0)] };
        yield return new("mixing", "Data mixing, exponential", "loss of one domain", "c + k*exp(t*R)",
            [new("R", "share of a domain in the mixture", "ratio", "share", "proportion", "weight")],
            "Ye et al., arXiv:2403.16952, eq. 7 for two domains; more domains add terms t2*R2 to the exponent",
            "shares sum to one: leave one out")
        { Bounds = [Positive("k")] };
        yield return new("mixing-linear", "Data mixing, log-linear", "loss of one domain", "exp(b + t*R)",
            [new("R", "share of a domain in the mixture", "ratio", "share", "proportion", "weight")],
            "the log-linear special case that Aioli (Chen et al., arXiv:2411.05735) compares mixing laws by", "no irreducible loss");
        yield return new("filtering", "Repetition and filtering", "error or loss", "a*U^-b*(1 + k*(1 - h^(D/U - 1)))^-b",
            [s_d with { Meaning = "samples seen" }, s_u with { Meaning = "samples of the filtered pool" }],
            "after Goyal et al., arXiv:2404.07177: utility of a pool that halves with repetition, as effective samples",
            "the paper's product over epochs is replaced by its geometric sum")
        { Bounds = [Positive("b", 5), Positive("h", 1), Positive("k")] };
    }

    private static IEnumerable<RegisteredLaw> ScheduleAndTaskLaws()
    {
        yield return new("annealing", "Learning-rate annealing", "loss at a step", "L0 + A*S1^-alpha - C*S2",
            [new("S1", "sum of learning rates so far (from columns of steps and learning rates where it is none itself)", "forwardarea"),
                new("S2", "annealing area: momentum sum of learning-rate drops (from steps and learning rates, too)", "annealingarea")],
            "Tissue et al., arXiv:2408.11029, eq. 1, momentum 0.999",
            "checkpoints of one curve are not independent: --cluster RUN; rows without a loss at a run's end are predicted")
        { Bounds = [Positive("alpha", 5)] };
        yield return new("multi-power", "Multi-power, one drop", "loss at a step", "L0 + A*S1^-alpha - B*H*(1 - (K*G + 1)^-beta)",
            [new("S1", "sum of learning rates so far"), new("H", "height of the drop of the learning rate", "drop"),
                new("G", "η^−γ·sum of learning rates since the drop", "since")],
            "Luo et al., arXiv:2503.12811, eq. 4 for one drop", "schedules of many drops add a term for each")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5), Positive("K")] };
        yield return new("downstream-error", "Downstream error", "top-1 error", "eps - k*exp(-gamma*L)", [s_taskLoss],
            "Gadre et al., arXiv:2403.08540, eq. 5", "average over many tasks; single tasks near chance do not follow it")
        { Bounds = [Positive("gamma", 50)] };
        yield return new("ladder-accuracy", "Task ladder, second step", "accuracy", "b + a*sigmoid(-k*(L - x0))", [s_taskLoss],
            "Bhagia et al., arXiv:2412.04403: task loss by the first step's law, accuracy by this sigmoid",
            "both ends of the sigmoid must be seen, or be bounded by chance and 1")
        { Bounds = [Positive("k", 1000)] };
        yield return new("observational", "Observational", "accuracy", "h*sigmoid(b + w*PC1)",
            [new("PC1", "first principal component of benchmark scores", "pc1")],
            "Ruan et al., arXiv:2405.10938", "families share biases: resample families, not models")
        { Bounds = [Positive("h", 1.5)] };
        yield return new("distillation", "Distillation", "student's loss",
            "T + T^-c0*(1 + (T/(S*d1))^(1/f1))^(-c1*f1)*(A*N^-alpha + B*D^-beta)^gamma",
            [s_n, s_d with { Meaning = "distillation tokens" }, new("T", "teacher's loss", "teacherloss"),
                new("S", "student's loss under supervised training", "studentloss", "supervisedloss")],
            "Busbridge et al., arXiv:2502.08606, eq. 8", "needs teachers on both sides of the student's capacity")
        { Bounds = [Positive("alpha", 5), Positive("beta", 5), Positive("d1"), Positive("f1", 10), Positive("A"), Positive("B")] };
    }
}
