using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Formulas;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Uncertainty;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// A formula fitted by a robust trust-region method from many starts (<see cref="EndReason"/> says how the best descent ended), with
/// profile intervals that average over what the runs leave open about their noise. Immutable.
/// </summary>
public sealed class FormulaFit
{
    /// <summary>Beyond so many rows intervals are linearised: the profile and its linearisation then agree.</summary>
    private const int ProfileRows = 20_000;
    private const double NullDirection = 1e-8;

    private readonly ResidualProblem _problem;
    private readonly IReadOnlyList<FormulaParameter> _parameters;
    private readonly Lazy<NoiseMixture> _noise;
    private readonly Lazy<IReadOnlyList<Interval>> _intervals;

    private FormulaFit(ResidualProblem problem, IReadOnlyList<FormulaParameter> parameters, FormulaFitOptions options, SearchResult found)
    {
        (_problem, _parameters, Options) = (problem, parameters, options);
        (Names, Values, Objective, End) = ([.. parameters.Select(p => p.Name)], found.Best.At, found.Best.Value, found.Best.Reason);
        (Starts, StartsAtMinimum, PointsScored, Iterations) = (found.Starts, found.AtBest, found.Scored, found.Best.Iterations);
        Residuals = problem.Residuals(Values);
        (ConditionNumber, Unidentified) = Identify();
        _noise = new(MeasureNoise);
        _intervals = new(FindIntervals);
    }

    /// <summary>Options that the formula was fitted with.</summary>
    public FormulaFitOptions Options { get; }
    /// <summary>Names of the fitted parameters, in the formula's order.</summary>
    public IReadOnlyList<string> Names { get; }
    /// <summary>Fitted values of the parameters, in the order of <see cref="Names"/>.</summary>
    public double[] Values { get; }
    /// <summary>Sum of the residuals' Huber losses at the minimum.</summary>
    public double Objective { get; }
    /// <summary>How the best descent ended.</summary>
    public EndReason End { get; }
    /// <summary>Evaluations of the best descent.</summary>
    public int Iterations { get; }
    /// <summary>Condition number of the Jacobian with columns scaled to one.</summary>
    public double ConditionNumber { get; }
    /// <summary>Parameters that these rows leave undetermined.</summary>
    public IReadOnlyList<string> Unidentified { get; }
    /// <summary>Prediction minus target, in the space of the residuals.</summary>
    public double[] Residuals { get; }
    /// <summary>Number of starting points that the fit descended from.</summary>
    public int Starts { get; }
    /// <summary>Descents that ended at the minimum.</summary>
    public int StartsAtMinimum { get; }
    /// <summary>Random points that were scored to choose the starts.</summary>
    public int PointsScored { get; }
    /// <summary>95 % interval of each parameter; not a number where the rows leave a parameter undetermined.</summary>
    public IReadOnlyList<Interval> Intervals => _intervals.Value;
    /// <summary>Standard deviation of a row around the law, and of the effects that clusters share.</summary>
    public (double Run, double Shared) Noise => _noise.Value.Deviations;

    internal NoiseMixture Mixture => _noise.Value;
    internal ResidualProblem Problem => _problem;
    internal int FreeParameters => _parameters.Count(p => !p.IsFixed);

    /// <summary>A parameter's value by name.</summary>
    public double this[string name] =>
        Values[Names.ToList().IndexOf(name) is var i and >= 0 ? i : throw new ArgumentException($"no parameter '{name}'.")];

    /// <summary>Fits the parameters of a model that is given as a function of parameters and of a row of the table.</summary>
    /// <param name="formula">The law.</param>
    /// <param name="parameters">Parameters, with starts and bounds.</param>
    /// <param name="rows">Regressors, one array a run.</param>
    /// <param name="target">What the law predicts, one a run.</param>
    /// <param name="options">Options.</param>
    /// <exception cref="ScalingDataException">Fewer runs than parameters, or a non-positive target where logarithms are taken.</exception>
    /// <exception cref="FitDidNotConvergeException">No start has a finite objective, or the minimum lies on a bound.</exception>
    public static FormulaFit Fit(
        Formula formula, IReadOnlyList<FormulaParameter> parameters, IReadOnlyList<double[]> rows, double[] target,
        FormulaFitOptions? options = null)
    {
        var model = new DualModel(formula, rows, parameters.Count);
        double[] scales = rows.Count == 0 ? [] : [.. Enumerable.Range(0, rows[0].Length).Select(c => Math.Abs(rows[rows.Count / 2][c]))];
        // Lambdas are slower than formulas and usually come with starts of their own.
        options ??= new FormulaFitOptions();
        if (parameters.All(p => !double.IsNaN(p.Start)))
            options =
                options with { SearchPoints = Math.Min(options.SearchPoints, 200), SearchDescents = Math.Min(options.SearchDescents, 6) };
        return Fit(model, model.Take, new HashSet<int>(), scales, parameters, target, options);
    }

    /// <summary>Fits a formula written as text.</summary>
    /// <param name="formula">The law.</param>
    /// <param name="parameters">Parameters in the formula's order, with starts and bounds where stated.</param>
    /// <param name="columns">Regressors in the formula's order, one array a column.</param>
    /// <param name="target">What the law predicts, one a row.</param>
    /// <param name="options">Options.</param>
    /// <exception cref="ScalingDataException">Fewer runs than parameters, or a non-positive target where logarithms are taken.</exception>
    /// <exception cref="FitDidNotConvergeException">No start has a finite objective, or the minimum lies on a bound.</exception>
    public static FormulaFit Fit(
        FormulaText formula, IReadOnlyList<FormulaParameter> parameters, double[][] columns, double[] target,
        FormulaFitOptions? options = null)
    {
        var program = new FormulaProgram(formula, columns, target.Length);
        double[] scales = [.. columns.SelectMany(c => new[] { c.Min(), c.Max(), SampleStats.Median(c.Length > 2000 ? c[..2000] : c) })
            .Where(v => v != 0 && double.IsFinite(v))];
        return Fit(program, program.Take, formula.LinearParameters(), scales, parameters, target, options ?? new FormulaFitOptions());
    }

    private static FormulaFit Fit(
        ILawModel model, Func<int[], ILawModel> take, IReadOnlySet<int> linear, double[] scales, IReadOnlyList<FormulaParameter> parameters,
        double[] target, FormulaFitOptions options)
    {
        int n = target.Length, free = parameters.Count(p => !p.IsFixed);
        if (n <= free)
            throw new ScalingDataException($"{n} runs cannot determine {free} parameters "
                + $"({string.Join(", ", parameters.Where(q => !q.IsFixed).Select(q => q.Name))}) with anything to spare.");
        int bad =
            Array.FindIndex(target, v => options.Residuals == ResidualScale.Log ? !(v > 0) || double.IsInfinity(v) : !double.IsFinite(v));
        if (bad >= 0)
            throw new ScalingDataException(options.Residuals == ResidualScale.Log
                ? string.Create(CultureInfo.InvariantCulture,
                    $"row {bad + 1}: the target is {target[bad]:G4}; it must be positive, since its logarithm is taken. Linear residuals "
                        + $"allow any sign.")
                : $"row {bad + 1}: the target is not a finite number.");
        double[]? weights = options.Weights is { } w ? [.. w] : null;
        var problem = new ResidualProblem(model, target, options.Residuals, weights);
        double[] low = [.. parameters.Select(p => p.Low)], high = [.. parameters.Select(p => p.High)];
        var settings = new GlobalSearch.Settings(low, high, linear.Where(k => !parameters[k].IsFixed).ToHashSet(),
            [.. Combinations(parameters)], scales,
            options.Delta, options.SearchPoints, options.SearchDescents, options.MaxIterations);
        var found = GlobalSearch.Run(problem, settings, rows =>
            new ResidualProblem(take(rows), [.. rows.Select(i => target[i])], options.Residuals,
                weights is null ? null : [.. rows.Select(i => weights[i])]));
        if (!double.IsFinite(found.Best.Value))
            throw new FitDidNotConvergeException($"the formula has no finite value at any of {settings.Random} points and {found.Starts} "
                + "starts", "; no coefficients are given. Check its form and the columns' units.");
        for (int k = 0; k < parameters.Count; k++)
            if (!parameters[k].IsFixed && (found.Best.At[k] <= low[k] || found.Best.At[k] >= high[k]))
                throw new FitDidNotConvergeException(string.Create(CultureInfo.InvariantCulture,
                    $"the fit ends on a bound: {parameters[k].Name} = {found.Best.At[k]:G4}"), "; no coefficients are given.");
        return new FormulaFit(problem, parameters, options, found);
    }

    /// <summary>Interval of any function of the parameters.</summary>
    internal Interval IntervalOf(LawFunction of, double level = 0.95) =>
        _problem.Count > ProfileRows ? Linearised(of, level) : Mixture.Interval(of, level);

    // Parameters without a start of their own take 1 beside those that have one; where none has, the search alone chooses.
    private static IEnumerable<double[]> Combinations(IReadOnlyList<FormulaParameter> parameters)
    {
        if (parameters.All(p => double.IsNaN(p.Start) || p.IsFixed)) return [];
        IEnumerable<double[]> all = [[]];
        foreach (var p in parameters)
        {
            double[] values = p.IsFixed ? [p.Low] : [double.IsNaN(p.Start) ? Math.Clamp(1, p.Low, p.High) : p.Start, .. p.OtherStarts];
            all = all.SelectMany(head => values, (head, v) => (double[])[.. head, v]).ToList();
        }
        return all.Take(4096);
    }

    private (double Condition, IReadOnlyList<string> Unidentified) Identify()
    {
        int[] free = [.. Enumerable.Range(0, Names.Count).Where(k => !_parameters[k].IsFixed)];
        if (free.Length == 0) return (1, []);
        int n = Math.Min(_problem.Count, ProfileRows), p = Names.Count;
        double[] j = _problem.Linearise(Values).Jacobian;
        int every = _problem.Count / n;
        var scaled = DenseMatrix.Create(n, free.Length, (i, a) => j[i * every * p + free[a]]);
        var lost = new HashSet<int>();
        for (int a = 0; a < free.Length; a++)
        {
            double norm = scaled.Column(a).L2Norm();
            if (!(norm > 0)) lost.Add(a);
            else scaled.SetColumn(a, scaled.Column(a) / norm);
        }
        var svd = scaled.QR(MathNet.Numerics.LinearAlgebra.Factorization.QRMethod.Thin).R.Svd();
        for (int k = 0; k < free.Length; k++)
            if (svd.S[k] < NullDirection * svd.S[0])
                for (int a = 0; a < free.Length; a++)
                    if (Math.Abs(svd.VT[k, a]) > 0.02) lost.Add(a);
        double smallest = svd.S[free.Length - 1];
        return (smallest > 0 && lost.Count == 0 || smallest > 1e-300 ? svd.S[0] / smallest : double.PositiveInfinity,
            [.. lost.Order().Select(a => Names[free[a]])]);
    }

    private NoiseMixture MeasureNoise()
    {
        int[]? clusters = Options.Clusters is { } c ? [.. c] : null;
        return NoiseMixture.Fit(new WhitenedRows(_problem, _problem.Count > ProfileRows ? null : clusters), Values);
    }

    private Interval[] FindIntervals()
    {
        var none = new Interval(double.NaN, double.NaN);
        var result = new Interval[Names.Count];
        Parallel.For(0, Names.Count, k =>
        {
            var p = _parameters[k];
            var interval = Unidentified.Contains(p.Name) ? none : p.IsFixed ? new Interval(p.Low, p.Low)
                : IntervalOf(new LawFunction(p.Name, theta => theta[k]));
            result[k] =
                double.IsNaN(interval.Low) ? interval : new Interval(Math.Min(interval.Low, Values[k]), Math.Max(interval.High, Values[k]));
        });
        return result;
    }

    private Interval Linearised(LawFunction of, double level)
    {
        int p = Names.Count;
        double[] gradient = new double[p], gram = new double[p * p];
        double sum = _problem.Evaluate(Values, double.PositiveInfinity, gradient, gram);
        var inverse = Matrices.PseudoInverse(DenseMatrix.Create(p, p, (a, b) => gram[a * p + b]));
        var g = DenseVector.OfArray(of.Gradient(Values));
        double sd = Math.Sqrt(Math.Max(g * (inverse * g), 0) * 2 * sum / (_problem.Count - FreeParameters)), at = of.Value(Values);
        double z = MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, 0.5 + level / 2);
        return new Interval(at - z * sd, at + z * sd);
    }
}
