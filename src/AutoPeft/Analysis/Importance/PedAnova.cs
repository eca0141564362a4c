using AutoPeft.Spaces;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023): the functional ANOVA of "is among the best γ' of all trials", in closed form. A
/// parameter's main effect is the Pearson divergence of its density among the best from its density among all; a pair's is that of the
/// joint densities less the two main effects. Densities are kernel estimates (Scott's rule; Aitchison–Aitken for choices). An inactive
/// parameter counts as one more value, so conditional spaces need nothing special.
/// </summary>
internal sealed class PedAnova
{
    /// <summary>Cells of a numeric parameter's range, as the authors' discretisation.</summary>
    private const int Cells = 50;

    private readonly SearchSpace _space;
    private readonly Configuration[] _trials;
    private readonly double[] _losses;
    private readonly double _bestShare;

    /// <param name="space">The space.</param>
    /// <param name="trials">n configurations.</param>
    /// <param name="losses">n losses.</param>
    /// <param name="bestShare">γ'.</param>
    public PedAnova(SearchSpace space, Configuration[] trials, double[] losses, double bestShare) =>
        (_space, _trials, _losses, _bestShare) = (space, trials, losses, bestShare);

    /// <summary>
    /// Main effects, and those of the wanted pairs, in units of the indicator's variance, from the rows drawn (all once, or a bootstrap
    /// sample).
    /// </summary>
    public (double[] Main, double[] Pairs) Effects(int[] rows, IReadOnlyList<(int, int)> pairs)
    {
        int best = Math.Max(2, (int)Math.Ceiling(_bestShare * rows.Length));
        int[] byLoss = [.. rows.OrderBy(r => _losses[r]).ThenBy(r => r)];
        int[] top = byLoss[..best];
        double share = best / (double)rows.Length, scale = share * share / (share * (1 - share));
        double[][] all = new double[_space.Count][];
        double[] main = new double[_space.Count];
        double[] Density(int p, int[] of) => Mean(Kernels(p, of), of.Length);
        for (int p = 0; p < _space.Count; p++)
        {
            all[p] = Density(p, byLoss);
            main[p] = scale * Divergence(Density(p, top), all[p]);
        }
        double[] joint = new double[pairs.Count];
        for (int k = 0; k < joint.Length; k++)
        {
            (int p, int q) = pairs[k];
            joint[k] = scale * Divergence(Joint(p, q, top), Joint(p, q, byLoss)) - main[p] - main[q];
        }
        return (main, joint);
    }

    /// <summary>E over the density of all of (best/all − 1)².</summary>
    private static double Divergence(double[] best, double[] all)
    {
        double sum = 0;
        for (int c = 0; c < all.Length; c++)
            if (all[c] > 0) sum += all[c] * Math.Pow(best[c] / all[c] - 1, 2);
        return sum;
    }

    private double[] Joint(int p, int q, int[] rows)
    {
        double[][] a = Kernels(p, rows), b = Kernels(q, rows);
        var joint = new double[a[0].Length * b[0].Length];
        for (int r = 0; r < rows.Length; r++)
            for (int i = 0; i < a[r].Length; i++)
            {
                double weight = a[r][i] / rows.Length;
                for (int j = 0; j < b[r].Length; j++) joint[i * b[r].Length + j] += weight * b[r][j];
            }
        return joint;
    }

    /// <summary>Each row's kernel as probabilities of the cells; the last cell is "inactive".</summary>
    private double[][] Kernels(int p, int[] rows)
    {
        Parameter parameter = _space.Parameters[p];
        double[] codes = [.. rows.Select(r => _trials[r].Codes[p])];
        int active = codes.Count(c => !double.IsNaN(c));
        bool choices = !parameter.IsOrdered || parameter is BoolParameter;
        int cells = choices ? (int)Math.Min(parameter.Cardinality!.Value, 1024) : (int)Math.Min(parameter.Cardinality ?? Cells, Cells);
        double[] units = [.. codes.Where(c => !double.IsNaN(c)).Select(parameter.ToUnit)];
        double mean = active > 0 ? units.Average() : 0,
            sd = active > 1 ? Math.Sqrt(units.Sum(u => (u - mean) * (u - mean)) / (active - 1)) : 0;
        double[] ordered = [.. units.Order()];
        double quartiles = active > 3 ? (ordered[active * 3 / 4] - ordered[active / 4]) / 1.34 : sd;
        double spread = quartiles > 0 ? Math.Min(sd, quartiles) : sd;
        // Scott's rule, and not below half a cell, where the grid would no longer see the kernel.
        double width = Math.Max(1.059 * spread * Math.Pow(Math.Max(active, 1), -0.2), 0.5 / cells);
        // Aitchison–Aitken: one observation's weight is spread evenly over the choices.
        double even = 1.0 / (active + 1) / cells, own = active / (active + 1.0);
        var known = new Dictionary<double, double[]>();
        return [.. codes.Select(c =>
        {
            if (known.TryGetValue(c, out double[]? kernel)) return kernel;
            kernel = new double[cells + 1];
            if (double.IsNaN(c)) kernel[cells] = 1;
            else if (choices)
            {
                Array.Fill(kernel, even, 0, cells);
                kernel[(int)(parameter.IndexOf(c) % cells)] += own;
            }
            else
            {
                double u = parameter.ToUnit(c), sum = 0;
                for (int i = 0; i < cells; i++)
                {
                    double at = parameter.Cardinality is null or > Cells ? (i + 0.5) / cells : parameter.ToUnit(parameter.CodeAt(i)),
                        z = (at - u) / width;
                    sum += kernel[i] = Math.Exp(-0.5 * z * z);
                }
                for (int i = 0; i < cells; i++) kernel[i] /= sum;
            }
            return known[c] = kernel;
        })];
    }

    private static double[] Mean(double[][] kernels, int count)
    {
        var mean = new double[kernels[0].Length];
        foreach (double[] k in kernels)
            for (int c = 0; c < mean.Length; c++) mean[c] += k[c] / count;
        return mean;
    }
}
