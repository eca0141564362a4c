using AutoPeft.Analysis.Importance;
using AutoPeft.Functions;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Analysis;

public class ImportanceTests
{
    private static ImportanceReport Analyse(TestFunction f, int trials, ImportanceMethod method, ulong seed = 0, double cutoff = 1) =>
        ImportanceAnalysis.Of(new FunctionStudy(f, seed, trials).Run(new RandomSampler()).Study, 0,
            new ImportanceOptions { Method = method, Cutoff = cutoff });

    private static void Within(SensitivityFunction known, ImportanceReport report, double main, double total, double pair)
    {
        foreach (ParameterImportance p in report.Parameters)
        {
            int i = known.Function.Space.IndexOf(p.Parameter);
            Assert.True(Math.Abs(p.Main.Value - known.Main[i]) <= main, $"{p.Parameter}: main {p.Main.Value} against {known.Main[i]}");
            Assert.True(Math.Abs(p.Total!.Value - known.Total[i]) <= total, $"{p.Parameter}: total {p.Total} against {known.Total[i]}");
            Assert.InRange(p.Main.Value, p.Main.Low, p.Main.High);
        }
        foreach (ParameterInteraction x in report.Interactions)
        {
            (int i, int j) = (known.Function.Space.IndexOf(x.First), known.Function.Space.IndexOf(x.Second));
            double share = known.Pairs.GetValueOrDefault((Math.Min(i, j), Math.Max(i, j)));
            Assert.True(Math.Abs(x.Share.Value - share) <= pair, $"{x.First} × {x.Second}: {x.Share.Value} against {share}");
        }
    }

    [Fact]
    public void Shares_of_the_Ishigami_function_are_within_5_points_of_the_closed_form_at_500_trials() =>
        Within(SensitivityFunction.Ishigami(), Analyse(SensitivityFunction.Ishigami().Function, 500, ImportanceMethod.Auto), 0.05, 0.05,
            0.05);

    [Fact]
    public void Shares_of_the_Sobol_g_function_are_within_5_points_of_the_closed_form_at_500_trials() =>
        Within(SensitivityFunction.SobolG(), Analyse(SensitivityFunction.SobolG().Function, 500, ImportanceMethod.Auto), 0.05, 0.05, 0.05);

    [Theory]
    [InlineData(ImportanceMethod.GaussianProcess, 0.03)]
    [InlineData(ImportanceMethod.Forest, 0.06)]
    public void A_parameter_that_exists_under_a_condition_explains_what_it_does_where_it_exists(ImportanceMethod method, double points) =>
        Within(SensitivityFunction.Conditional(), Analyse(SensitivityFunction.Conditional().Function, 200, method), points, points, points);

    [Fact]
    public void The_forest_and_PED_ANOVA_find_which_parameters_matter()
    {
        SensitivityFunction g = SensitivityFunction.SobolG();
        Assert.Equal(["x1", "x2"], Analyse(g.Function, 200, ImportanceMethod.Forest).Parameters.Take(2).Select(p => p.Parameter));
        Assert.Equal(["x1", "x2"], Analyse(g.Function, 400, ImportanceMethod.PedAnova).Parameters.Take(2).Select(p => p.Parameter));
    }

    [Fact]
    public void PED_ANOVA_of_an_indicator_is_the_functional_ANOVA_of_that_indicator()
    {
        // The best quarter is exactly {a and b}: a main effect of each, V = p(1−p)·1/3, and an interaction as large (p = ¼: V_a = V_b =
        // V_ab = 1/16).
        SearchSpace space = SearchSpace.Build(s => s.Bool("a").Bool("b").Bool("idle"));
        var f = new TestFunction("and", space, [Objective.Minimize("f")], c => ([c.GetBool("a") && c.GetBool("b") ? 0 : 1], []));
        var study = new FunctionStudy(f, 1, 800);
        study.Run(new SobolSampler());
        ImportanceReport report =
            ImportanceAnalysis.Of(study.Study, 0, new ImportanceOptions { Method = ImportanceMethod.PedAnova, BestShare = 0.2 });
        double Main(string name) => report.Parameters.Single(p => p.Parameter == name).Main.Value;
        Assert.Equal(0.5, Main("a"), 0.08);
        Assert.Equal(0.5, Main("b"), 0.08);
        Assert.Equal(0, Main("idle"), 0.02);
        Assert.Equal(("a", "b"), (report.Interactions[0].First, report.Interactions[0].Second));
        Assert.Equal(0.5, report.Interactions[0].Share.Value, 0.1);
    }

    private static Study Weighted(int parameters, Objective[] objectives, Func<Configuration, double[]> values, int trials = 40)
    {
        SearchSpace space = SearchSpace.Build(s => { for (int i = 0; i < parameters; i++) s.Float($"x{i}", 0, 1); });
        var f = new TestFunction("weighted", space, [.. objectives], c => (values(c), []));
        return new FunctionStudy(f, 1, trials).Run(new SobolSampler()).Study;
    }

    [Fact]
    public void An_objective_of_which_nothing_can_be_said_takes_nothing_from_the_others()
    {
        Study study = Weighted(3, [Objective.Minimize("loss"), Objective.Minimize("constant")], c => [c.GetDouble("x0"), 7]);
        IReadOnlyList<ImportanceResult> results = ImportanceAnalysis.OfEach(study);
        Assert.Equal("x0", results[0].Report!.Parameters[0].Parameter);
        Assert.Null(results[1].Report);
        Assert.Equal("Every trial has the same 'constant'; there is no variance to explain.", results[1].Reason);
    }

    [Fact]
    public void An_objective_with_a_formula_is_known_and_not_modelled()
    {
        // Var(3x) : Var(x) = 9 : 1, and nothing together.
        Study study = Weighted(3, [Objective.Minimize("size") with { Formula = "3 * x0 + x1 + 10" }],
            c => [3 * c.GetDouble("x0") + c.GetDouble("x1") + 10], 12);
        ImportanceReport report = ImportanceAnalysis.Of(study, 0);
        Assert.Equal((ImportanceMethod.Formula, null, false), (report.Method, report.Explained, report.IsLogarithmic));
        Assert.Equal(["x0", "x1", "x2"], report.Parameters.Select(p => p.Parameter));
        Assert.Equal(0.9, report.Parameters[0].Main.Value, 0.005);
        Assert.Equal(0.1, report.Parameters[1].Main.Value, 0.005);
        Assert.Equal(0, report.Parameters[2].Total!.Value, 1e-12);
        Assert.True(double.IsNaN(report.Parameters[0].Main.Low));
        DependencePoint end = report.Dependence.Single(d => d.Parameter == "x0").Points[^1];
        Assert.Equal(13.5, end.Objective.Value, 0.02);
    }

    [Theory]
    [InlineData(ImportanceMethod.GaussianProcess), InlineData(ImportanceMethod.Forest), InlineData(ImportanceMethod.PedAnova)]
    public void Work_on_a_wide_space_is_bounded_and_the_bound_is_said(ImportanceMethod method)
    {
        Study study = Weighted(9, [Objective.Minimize("loss")], c => [4 * c.GetDouble("x5") + c.GetDouble("x2")], 60);
        ImportanceReport report = ImportanceAnalysis.Of(study, 0,
            new ImportanceOptions { Method = method, MostParameters = 4, CurvesOfWideSpaces = 2, MostTrials = 50, Points = 256 });
        Assert.Equal("x5", report.Parameters[0].Parameter);
        Assert.Equal(2, report.Dependence.Length);
        Assert.Contains("It rests on 50 of 60 trials, evenly spread over the study.", report.Limits);
        // PED-ANOVA is cheap enough for all parameters: only its curves are bounded.
        bool all = method == ImportanceMethod.PedAnova;
        Assert.Equal(all ? 9 : 4, report.Parameters.Length);
        Assert.Equal(!all, report.Limits.Contains(
            "Only the 4 of 9 parameters to which the model is most sensitive were measured, and curves drawn of 2."));
    }

    [Fact]
    public void A_mark_for_bad_results_is_no_variance_to_explain()
    {
        Study study = Weighted(2, [Objective.Minimize("loss")],
            c => [c.GetDouble("x1") > 0.9 ? double.MaxValue : c.GetDouble("x0") + 0.01 * c.GetDouble("x1")]);
        ImportanceReport report = ImportanceAnalysis.Of(study, 0);
        Assert.All(report.Dependence.SelectMany(d => d.Points), p => Assert.InRange(p.Objective.Value, -1, 30));
    }

    [Fact]
    public void Switches_say_which_layers_matter_in_the_objectives_own_direction_and_units()
    {
        SearchSpace space = SearchSpace.Build(s => s.Bool("layer0").Bool("layer1").Subset("targets", ["q", "v"]));
        var f = new TestFunction("layers", space, [Objective.Maximize("score")],
            c => ([0.5 + (c.GetBool("layer1") ? 0.25 : 0) + (c.GetSubset("targets").Contains("v") ? 0.1 : 0)], []));
        ImportanceReport report = Analyse(f, 60, ImportanceMethod.GaussianProcess);
        IntervalEstimate Effect(string name) => report.Switches.Single(s => s.Parameter == name).Effect;
        Assert.Equal(0.25, Effect("layer1").Value, 0.01);
        Assert.True(Effect("layer1").Low > 0.2);
        Assert.Equal(0, Effect("layer0").Value, 0.01);
        Assert.Equal(0.1, Effect("targets: v").Value, 0.01);
        Assert.Equal(0, Effect("targets: q").Value, 0.01);
    }

    [Fact]
    public void A_partial_dependence_curve_follows_the_parameter_and_its_band_holds_the_truth()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("x", 0, 1).Float("y", 0, 1));
        var f = new TestFunction("bowl", space, [Objective.Minimize("f")], c => ([Math.Pow(c.Codes[0] - 0.3, 2) + c.Codes[1]], []));
        PartialDependence curve = Analyse(f, 60, ImportanceMethod.GaussianProcess).Dependence.Single(d => d.Parameter == "x");
        Assert.Equal(21, curve.Points.Length);
        for (int k = 0; k < 21; k++) Assert.Equal(Math.Pow(k / 20.0 - 0.3, 2) + 0.5, curve.Points[k].Objective.Value, 0.02);
    }

    [Fact]
    public void A_cutoff_asks_what_matters_among_the_better_trials()
    {
        // Half of the runs diverge by one parameter; among the others another matters.
        SearchSpace space = SearchSpace.Build(s => s.Float("crash", 0, 1).Float("quality", 0, 1));
        var f = new TestFunction("crash", space, [Objective.Minimize("f")], c => ([c.Codes[0] > 0.5 ? 1000 : c.Codes[1]], []));
        Assert.Equal("crash", Analyse(f, 120, ImportanceMethod.Forest).Parameters[0].Parameter);
        Assert.Equal("quality", Analyse(f, 120, ImportanceMethod.Forest, cutoff: 0.25).Parameters[0].Parameter);
    }

    [Fact]
    public void The_same_study_gives_the_same_report_bit_for_bit()
    {
        ImportanceReport a = Analyse(SensitivityFunction.Conditional().Function, 60, ImportanceMethod.Auto),
            b = Analyse(SensitivityFunction.Conditional().Function, 60, ImportanceMethod.Auto);
        Assert.Equal(a.Parameters.ToArray(), b.Parameters.ToArray());
        Assert.Equal(a.Interactions.ToArray(), b.Interactions.ToArray());
    }

    [Fact]
    public void Too_few_trials_or_no_variance_are_refused_with_what_there_is()
    {
        TestFunction f = SensitivityFunction.Ishigami().Function;
        Assert.Contains("at least 10", Assert.Throws<InvalidInputException>(() => Analyse(f, 9, ImportanceMethod.Auto)).Message);
        Assert.Contains("same 'f'",
            Assert.Throws<InvalidInputException>(() => Analyse(f with { Equation = _ => ([1], []) }, 20, ImportanceMethod.Auto)).Message);
    }
}
