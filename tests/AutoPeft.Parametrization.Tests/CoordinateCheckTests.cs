using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Right models pass, the standard parametrisation fails, and every seeded mistake is found with the tensor's name.</summary>
public class CoordinateCheckTests
{
    private static readonly CoordinateCheckOptions s_quick = new() { Seeds = 2 };
    private static readonly int[] s_widths = [64, 128, 256];
    private static readonly int[] s_wider = [64, 128, 256, 512];

    [Fact]
    public void Under_muP_no_module_depends_on_the_width_and_under_the_standard_parametrisation_most_do()
    {
        BaseShapes shapes = Subjects.DecoderShapes();
        Parametrization mup = Parametrization.MuP(shapes), standard = Parametrization.Standard(shapes);
        CoordinateReport right = CoordinateCheck.Run([64, 128, 256, 512], (width, _) => Subjects.Make(mup, width), s_quick);
        Assert.True(right.Passed, right.ToString());
        Assert.All(right.Modules.Where(m => !m.StartsSmall), m => Assert.InRange(m.Judged.Value, -0.15, 0.15));
        CoordinateReport wrong = CoordinateCheck.Run([64, 128, 256, 512], (width, _) => Subjects.Make(standard, width), s_quick);
        Assert.False(wrong.Passed);
        Assert.Equal("layers.0.attention.query.weight", wrong.Faults[0].Tensor);
        Assert.Contains(wrong.Faults, f => f.Tensor == "head.weight" && f.Problem.Contains("grows"));
        Assert.True(wrong.Modules.Single(m => m.Module == "layers.0.mlp.down").Judged.Low > 0.5);
    }

    [Fact]
    public void A_right_model_passes_with_fifty_seeds()
    {
        BaseShapes shapes = Subjects.DecoderShapes();
        Parametrization mup = Parametrization.MuP(shapes);
        var failed = new List<string>();
        for (int run = 0; run < 50; run++)
        {
            CoordinateReport report = CoordinateCheck.Run(s_widths, (width, seed) =>
            {
                manual_seed(1000 * run + seed);
                return Subjects.Make(mup, width);
            }, s_quick);
            if (!report.Passed) failed.Add($"run {run}: {string.Join("; ", report.Faults)}");
        }
        Assert.True(failed.Count == 0, string.Join('\n', failed));
    }

    [Theory]
    [InlineData("tied")]
    [InlineData("hooked")]
    [InlineData("Sgd")]
    [InlineData("perceptron")]
    public void Right_models_of_other_kinds_pass(string kind)
    {
        CoordinateReport report;
        if (kind == "perceptron")
        {
            manual_seed(9);
            using var small = new Mlp(64);
            BaseShapes shapes = BaseShapes.From(small);
            Parametrization mup = Parametrization.MuP(shapes);
            report = CoordinateCheck.Run([64, 128, 256, 512], (width, _) => Perceptron(mup, width), s_quick);
        }
        else
        {
            BaseShapes shapes = Subjects.DecoderShapes(kind == "tied");
            Parametrization mup = Parametrization.MuP(shapes, new ParametrizationOptions
            {
                Form = kind == "hooked" ? MultiplierForm.Hooked : MultiplierForm.Folded,
            });
            report = CoordinateCheck.Run(s_widths, (width, _) =>
            {
                CoordinateSubject subject = Subjects.Make(mup, width, kind == "tied");
                return kind == "Sgd" ? subject with { Optimizer = mup.SGD(subject.Model, 0.05), LearningRate = null, WeightDecay = null }
                    : subject;
            }, s_quick);
        }
        Assert.True(report.Passed, report.ToString());
    }

    [Fact]
    public void CompleteP_keeps_activations_over_depth_and_muP_alone_does_not()
    {
        manual_seed(9);
        using var small = new Decoder(64, depth: 2);
        using var delta = new Decoder(128, depth: 4);
        BaseShapes shapes = BaseShapes.From(small, delta);
        var options = new ParametrizationOptions { Branches = ["layers.*.attention.output", "layers.*.mlp.down"] };
        var check = s_quick with { Axis = CoordinateAxis.Depth };
        Parametrization deep = Parametrization.CompleteP(shapes, options), mup = Parametrization.MuP(shapes);
        CoordinateReport right = CoordinateCheck.Run([2, 4, 8, 16], (depth, _) => Subjects.Make(deep, 64, depth: depth), check);
        Assert.True(right.Passed, right.ToString());
        CoordinateReport wrong = CoordinateCheck.Run([2, 4, 8, 16], (depth, _) => Subjects.Make(mup, 64, depth: depth), check);
        Assert.False(wrong.Modules.Single(m => m.Module == "layers.*").Passed, wrong.ToString());
    }

    private static CoordinateSubject Perceptron(Parametrization rules, int width)
    {
        var model = new Mlp(width);
        rules.Apply(model);
        return new CoordinateSubject(model, rules.AdamW(model, Subjects.Rate, epsilon: 1e-12), () =>
        {
            using Generator generator = new(3);
            return nn.functional.cross_entropy(model.call(randn([4, 16], generator: generator)), arange(4));
        })
        { Parametrization = rules };
    }

    /// <summary>Twenty mistakes, each with the tensor or module that a report must name.</summary>
    public static TheoryData<string, string> Mistakes => new()
    {
        { "readout without a multiplier", "head.weight" },
        { "readout's multiplier twice", "head.weight" },
        { "readout's rate unscaled", "head.weight" },
        { "attention by root of d", "layers.0.attention.query.weight" },
        { "weight decay unscaled", "layers.0.attention.query.weight" },
        { "weight decay divided", "layers.1.mlp.up.weight" },
        { "embedding's rate divided", "tokens.weight" },
        { "gains treated as matrices", "layers.0.before.weight" },
        { "a forgotten tensor", "layers.1.mlp.down.bias" },
        { "a scheduler that sets rates", "layers.0.attention.query.weight" },
        { "hidden matrices at the base's scale", "layers.0.mlp.up.weight" },
        { "hidden rates unscaled", "layers.0.mlp.up.weight" },
        { "hidden rates by the root", "layers.1.attention.value.weight" },
        { "one plain optimiser", "layers.0.attention.query.weight" },
        { "multiplier passed by", "head" },
        { "tied head without a multiplier", "head" },
        { "the model as its own base", "layers.0.attention.query.weight" },
        { "embedding started by the root of the width", "tokens.weight" },
        { "a tensor in two groups", "positions.weight" },
        { "Adam's factors for SGD", "tokens.weight" },
        { "a tensor cut off from the loss", "layers.1.mlp.down.weight" },
        { "one head's rate of another layer", "layers.1.attention.output.weight" },
        { "epsilon unscaled under CompleteP", "tokens.weight" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_seeded_mistake_is_found_with_the_tensors_name(string mistake, string tensor)
    {
        BaseShapes shapes = Subjects.DecoderShapes(tied: mistake.StartsWith("tied"));
        int[] widths = mistake == "attention by root of d" ? s_wider : s_widths;
        CoordinateReport report = CoordinateCheck.Run(widths, (width, seed) => Wrong(mistake, shapes, width), s_quick);
        Assert.False(report.Passed);
        Assert.True(report.Faults.Any(f => f.Tensor == tensor), $"{tensor} is not named:\n{report}");
    }

    [Theory]
    [InlineData("readout without a multiplier", "head.weight")]
    [InlineData("attention by root of d", "layers.0.attention.query.weight")]
    [InlineData("hidden rates unscaled", "layers.0.attention.query.weight")]
    [InlineData("hidden matrices at the base's scale", "layers.0.attention.query.weight")]
    [InlineData("one plain optimiser", "layers.0.attention.query.weight")]
    [InlineData("the model as its own base", "layers.0.attention.query.weight")]
    [InlineData("a tensor cut off from the loss", "layers.1.mlp.down.weight")]
    public void Activations_alone_show_it_without_a_plan(string mistake, string tensor)
    {
        BaseShapes shapes = Subjects.DecoderShapes();
        CoordinateReport report = CoordinateCheck.Run(s_wider, (width, _) => Wrong(mistake, shapes, width) with
        { Parametrization = null }, s_quick);
        Assert.True(report.Faults.Any(f => f.Tensor == tensor), $"{tensor} is not named:\n{report}");
    }

    private static CoordinateSubject Wrong(string mistake, BaseShapes shapes, int width)
    {
        double m = width / 64.0;
        bool tied = mistake.StartsWith("tied");
        var hooked = new ParametrizationOptions { Form = MultiplierForm.Hooked };
        Parametrization rules = mistake switch
        {
            "multiplier passed by" => Parametrization.MuP(shapes, hooked),
            "epsilon unscaled under CompleteP" => Parametrization.CompleteP(shapes),
            _ => Parametrization.MuP(shapes),
        };
        var model = new Decoder(width, 2, tied, flaws: new DecoderFlaws
        {
            RootAttention = mistake == "attention by root of d",
            HooksPassedBy = mistake is "multiplier passed by" or "tied head without a multiplier",
        });
        if (mistake == "the model as its own base")
        {
            using var self = new Decoder(width);
            rules = Parametrization.MuP(self);
        }
        rules.Apply(model);
        AdamW right = rules.AdamW(model, Subjects.Rate, weightDecay: Subjects.Decay, epsilon: 1e-12);
        var names = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        bool Hidden(string name) => name.StartsWith("layers.") && names[name].dim() > 1;
        optim.Optimizer optimizer = mistake switch
        {
            "readout's rate unscaled" => With(right, names, n => n == "head.weight", o => o.LearningRate *= m),
            "weight decay unscaled" => With(right, names, Hidden, o => o.weight_decay /= m),
            "weight decay divided" => With(right, names, Hidden, o => o.weight_decay /= m * m),
            "embedding's rate divided" => With(right, names, n => n == "tokens.weight", o => o.LearningRate /= m),
            "gains treated as matrices" => With(right, names, n => n.Contains("before.") || n.Contains("between."), o =>
                o.LearningRate /= m),
            "hidden rates unscaled" => With(right, names, Hidden, o => o.LearningRate *= m),
            "hidden rates by the root" => With(right, names, Hidden, o => o.LearningRate *= Math.Sqrt(m)),
            "one head's rate of another layer" => With(right, names, n => n == "layers.1.attention.output.weight", o =>
                o.LearningRate *= m),
            "epsilon unscaled under CompleteP" => With(right, names, n => n == "tokens.weight", o => o.eps = 1e-12),
            "a forgotten tensor" => With(right, names.Where(p => p.Key != "layers.1.mlp.down.bias").ToDictionary(), _ => false, _ => { }),
            "one plain optimiser" => optim.AdamW(model.parameters(), Subjects.Rate, weight_decay: Subjects.Decay, eps: 1e-12),
            "Adam's factors for SGD" => optim.SGD(right.ParamGroups.Cast<AdamW.ParamGroup>().Select(g =>
                new SGD.ParamGroup(g.Parameters, new SGD.Options { LearningRate = g.LearningRate, weight_decay = 0 })), Subjects.Rate),
            "a tensor in two groups" => Twice(right, names["positions.weight"]),
            _ => right,
        };
        using (no_grad())
        {
            switch (mistake)
            {
                case "readout without a multiplier": model.head.weight.mul_(m); break;
                case "readout's multiplier twice": model.head.weight.div_(m); break;
                case "hidden matrices at the base's scale":
                    foreach (var (name, parameter) in names.Where(p => Hidden(p.Key))) parameter.mul_(Math.Sqrt(m));
                    break;
                case "embedding started by the root of the width": model.tokens.weight!.div_(Math.Sqrt(m)); break;
            }
        }
        Func<Tensor> loss = Subjects.Loss(model);
        if (mistake == "a tensor cut off from the loss")
        {
            Func<Tensor> inner = loss;
            model.layers[1].mlp.down.register_forward_hook((_, _, output) => output.detach());
            loss = inner;
        }
        return new CoordinateSubject(model, optimizer, loss)
        {
            Parametrization = mistake == "the model as its own base" ? Parametrization.MuP(shapes) : rules,
            WeightDecay = mistake == "Adam's factors for SGD" ? 0 : Subjects.Decay,
            LearningRate = Subjects.Rate,
            AfterStep = mistake != "a scheduler that sets rates" ? null : () =>
            {
                foreach (var group in right.ParamGroups) group.LearningRate = Subjects.Rate / 2;
            },
        };
    }

    /// <summary>The optimiser with every tensor in a group of its own, some of them altered.</summary>
    private static AdamW With(AdamW right, Dictionary<string, Parameter> names, Func<string, bool> which, Action<AdamW.Options> alter)
    {
        var groups = new List<AdamW.ParamGroup>();
        foreach (var (name, parameter) in names)
        {
            AdamW.Options from = right.ParamGroups.Cast<AdamW.ParamGroup>()
                .Single(g => g.Parameters.Any(p => p.Handle == parameter.Handle)).Options;
            var options = new AdamW.Options { LearningRate = from.LearningRate, weight_decay = from.weight_decay, eps = from.eps };
            if (which(name)) alter(options);
            groups.Add(new AdamW.ParamGroup([parameter], options));
        }
        return optim.AdamW(groups, Subjects.Rate);
    }

    private static AdamW Twice(AdamW right, Parameter again)
    {
        right.add_param_group(new AdamW.ParamGroup([again], new AdamW.Options
        { LearningRate = Subjects.Rate, weight_decay = Subjects.Decay, eps = 1e-12 }));
        return right;
    }

    [Fact]
    public void The_report_is_a_table_and_a_picture()
    {
        BaseShapes shapes = Subjects.DecoderShapes();
        Parametrization standard = Parametrization.Standard(shapes);
        CoordinateReport report = CoordinateCheck.Run(s_widths, (width, _) => Subjects.Make(standard, width), new CoordinateCheckOptions
        { Seeds = 1 });
        string table = report.ToString();
        Assert.Contains("layers.0.mlp.down", table);
        Assert.Contains("FAIL", table);
        System.Xml.Linq.XDocument picture = System.Xml.Linq.XDocument.Parse(report.ToSvg());
        // A curve for each module and step; none has fewer than two points.
        Assert.Equal(report.Modules.Count * 5, picture.Descendants().Count(e => e.Name.LocalName == "path"));
    }

    [Fact]
    public void A_model_that_blew_up_is_said_to_be_not_finite_and_has_no_slope_of_nothing()
    {
        CoordinateReport report = CoordinateCheck.Run(s_widths, (width, _) =>
        {
            var model = new Mlp(width);
            using (no_grad()) model.hidden.weight!.mul_(width == 128 ? double.NaN : 1);
            return new CoordinateSubject(model, optim.SGD(model.parameters(), 0.1), () => model.call(ones(4, 16)).square().mean());
        });
        Assert.Contains(report.Faults, f => f.ToString().Contains("output of input is not finite at width 128; the first that"));
        Assert.DoesNotContain("NaN", report.ToString());
    }

    [Fact]
    public void Options_out_of_range_and_too_few_sizes_are_refused()
    {
        Assert.Contains("three", Assert.Throws<InvalidInputException>(() => CoordinateCheck.Run([64, 128], (_, _) => null!)).Message);
        Assert.Contains("Steps", Assert.Throws<InvalidInputException>(() =>
            CoordinateCheck.Run([1, 2, 3], (_, _) => null!, new() { Steps = 1 })).Message);
        Assert.Contains("Seeds", Assert.Throws<InvalidInputException>(() =>
            CoordinateCheck.Run([1, 2, 3], (_, _) => null!, new() { Seeds = 0 })).Message);
    }

    [Fact]
    public void A_slope_and_its_interval_are_those_of_textbook_regression()
    {
        // x = 0, 1, 2, 3; y = 1, 3, 2, 5: slope 1.1; residual sum of squares 2.7; t(0.975, 2) = 4.302653.
        Estimate slope = Estimate.Of([(0, 1), (1, 3), (2, 2), (3, 5)], 0.95);
        Assert.Equal(1.1, slope.Value, 12);
        Assert.Equal(4.302652729911275 * Math.Sqrt(2.7 / 2 / 5), slope.High - slope.Value, 8);
        Assert.Equal(slope.Value - slope.Low, slope.High - slope.Value, 12);
    }
}
