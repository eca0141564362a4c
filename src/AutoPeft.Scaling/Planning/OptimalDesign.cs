using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Planning;

/// <summary>
/// One search for the candidates that make a linear model's coefficients most certain within a budget: greedy construction by gain per
/// FLOP, then exchanges until none helps. Holds what is chosen and spent; for one search.
/// </summary>
internal sealed class OptimalDesign
{
    /// <summary>A vanishing ridge ranks designs that do not determine everything yet.</summary>
    private const double Ridge = 1e-8;

    /// <summary>
    /// Least gains of the criterion, relative and absolute, that are no rounding error: without them exchanges could cycle.
    /// </summary>
    private const double RelativeGain = 1e-9, AbsoluteGain = 1e-12;

    /// <summary>Least ratio of the extreme singular values of the information at which it counts as of full rank.</summary>
    private const double FullRank = 1e-12;

    private readonly record struct Candidate(double N, double D, double[] Row, double Cost);

    private readonly SweepPlannerOptions _options;
    private readonly string[] _names;
    private readonly List<Candidate> _candidates;

    /// <summary>The combination of coefficients to tighten; null where it is all jointly.</summary>
    private readonly double[]? _contrast;

    /// <summary>Information of the runs that exist already.</summary>
    private readonly double[,] _existing;

    private List<int> _chosen = [];
    private double _spent;

    private OptimalDesign(SweepPlannerOptions options, int runsPerPoint, string[] names, Func<double, double, double[]> row)
    {
        if (!(options.Budget > 0)) throw new ScalingDataException("the compute budget must be positive (FLOP).");
        (_options, _names) = (options, names);
        _candidates = (from n in options.Params
                       from d in options.Tokens
                       select new Candidate(n, d, row(n, d), options.FlopPerParameterToken * n * d * runsPerPoint)).ToList();
        if (_candidates.Count == 0 || _candidates.Min(c => c.Cost) > options.Budget)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"the budget of {options.Budget:G3} FLOP does not pay for the cheapest candidate "
                + $"({(_candidates.Count == 0 ? 0 : _candidates.Min(c => c.Cost)):G3} FLOP)."));
        _contrast = options.Criterion == DesignCriterion.COptimal ? Contrast(options, names, row) : null;
        _existing = new double[names.Length, names.Length];
        foreach (var (n, d) in options.Existing) Add(_existing, row(n, d));
    }

    /// <summary>Searches, and says what is chosen and how certain it makes the coefficients.</summary>
    /// <param name="options">Budget, candidates, criterion.</param>
    /// <param name="runsPerPoint">Runs that a candidate costs.</param>
    /// <param name="names">The model's coefficients.</param>
    /// <param name="row">The derivatives of the response by the coefficients at (N, D).</param>
    /// <exception cref="ScalingDataException">The budget pays for nothing, or the coefficient to tighten is unknown.</exception>
    public static SweepPlan Find(SweepPlannerOptions options, int runsPerPoint, string[] names, Func<double, double, double[]> row)
    {
        var design = new OptimalDesign(options, runsPerPoint, names, row);
        design.Greedy();
        design.Exchange();
        return design.Plan();
    }

    /// <summary>The most criterion for the money, each candidate at most once.</summary>
    private void Greedy()
    {
        while (true)
        {
            double now = Score(Information(_chosen));
            var best = Enumerable.Range(0, _candidates.Count).Where(IsAffordable)
                .Select(i => (i, gain: (Score(Information([.. _chosen, i])) - now) / _candidates[i].Cost)).DefaultIfEmpty((-1, 0))
                .MaxBy(q => q.Item2);
            if (best.Item1 < 0 || best.Item2 <= 0) break;
            Choose(best.Item1);
        }
    }

    /// <summary>Swaps a chosen candidate for any other that the budget allows, and fills up again, until neither helps.</summary>
    private void Exchange()
    {
        bool improved = true;
        while (improved)
        {
            improved = TrySwap();
            for (int i = 0; i < _candidates.Count; i++)
                if (IsAffordable(i))
                {
                    Choose(i);
                    improved = true;
                }
        }
    }

    /// <summary>Makes the first swap that improves the criterion.</summary>
    private bool TrySwap()
    {
        double now = Score(Information(_chosen));
        for (int k = 0; k < _chosen.Count; k++)
            for (int i = 0; i < _candidates.Count; i++)
            {
                double cost = _spent - _candidates[_chosen[k]].Cost + _candidates[i].Cost;
                if (_chosen.Contains(i) || cost > _options.Budget) continue;
                List<int> trial = [.. _chosen[..k], i, .. _chosen[(k + 1)..]];
                if (!(Score(Information(trial)) > now + RelativeGain * Math.Abs(now) + AbsoluteGain)) continue;
                (_chosen, _spent) = (trial, cost);
                return true;
            }
        return false;
    }

    private bool IsAffordable(int i) => !_chosen.Contains(i) && _spent + _candidates[i].Cost <= _options.Budget;

    private void Choose(int i)
    {
        _chosen.Add(i);
        _spent += _candidates[i].Cost;
    }

    private SweepPlan Plan() =>
        new(
            [.. _chosen.Select(i => _candidates[i]).OrderBy(q => q.N).ThenBy(q => q.D)
                .Select(q => new PlannedGrid(q.N, q.D, [], [], q.Cost))],
            _spent, _names, CoefficientSds(_existing), CoefficientSds(Information(_chosen)))
        {
            TargetSdBefore = _options.Target is null ? double.NaN : TargetSd(_existing),
            TargetSdAfter = _options.Target is null ? double.NaN : TargetSd(Information(_chosen)),
        };

    private double[,] Information(List<int> points)
    {
        var m = (double[,])_existing.Clone();
        foreach (int i in points) Add(m, _candidates[i].Row);
        return m;
    }

    private static void Add(double[,] information, double[] row)
    {
        for (int i = 0; i < row.Length; i++)
            for (int j = 0; j < row.Length; j++) information[i, j] += row[i] * row[j];
    }

    /// <summary>The criterion; larger is better.</summary>
    private double Score(double[,] information)
    {
        int p = _names.Length;
        var a = new double[p * p];
        for (int i = 0; i < p; i++)
            for (int j = 0; j < p; j++) a[i * p + j] = information[i, j] + (i == j ? Ridge : 0);
        var b = _contrast is null ? new double[p] : (double[])_contrast.Clone();
        if (!SmallMatrix.TrySolveCholesky(a, b)) return double.NegativeInfinity;
        if (_contrast is not null) return -Math.Log(_contrast.Select((v, i) => v * b[i]).Sum());
        double logDet = 0;
        for (int i = 0; i < p; i++) logDet += 2 * Math.Log(a[i * p + i]);
        return logDet;
    }

    /// <summary>The standard deviation of each coefficient; infinite where the information does not determine them.</summary>
    private double[] CoefficientSds(double[,] information)
    {
        int p = _names.Length;
        if (Inverse(information) is not { } inverse) return [.. Enumerable.Repeat(double.PositiveInfinity, p)];
        return [.. Enumerable.Range(0, p).Select(i => _options.ObservationSd * Math.Sqrt(inverse[i, i]))];
    }

    /// <summary>The standard deviation of the prediction at the target; infinite where the information does not determine it.</summary>
    private double TargetSd(double[,] information)
    {
        if (Inverse(information) is not { } inverse) return double.PositiveInfinity;
        var contrast = DenseVector.OfArray(_contrast!);
        return _options.ObservationSd * Math.Sqrt(contrast * (inverse * contrast));
    }

    private static Matrix<double>? Inverse(double[,] m)
    {
        var information = DenseMatrix.OfArray(m);
        var s = information.Svd(false).S;
        return s[^1] > FullRank * s[0] ? Matrices.PseudoInverse(information) : null;
    }

    private static double[] Contrast(SweepPlannerOptions o, string[] names, Func<double, double, double[]> row)
    {
        if (o.Target is { } t) return row(t.Params, t.Tokens);
        int at = Array.IndexOf(names, o.Coefficient);
        if (at < 0)
            throw new ScalingDataException(
                $"a c-optimal plan needs the coefficient to tighten: one of {string.Join(", ", names)}; '{o.Coefficient}' is none.");
        var c = new double[names.Length];
        c[at] = 1;
        return c;
    }
}
