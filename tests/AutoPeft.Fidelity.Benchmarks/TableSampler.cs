using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Fidelity.Benchmarks;

/// <summary>
/// A sampler on a table: what it proposes becomes the nearest recorded configuration that the study does not have yet (mean distance of the
/// parameters on their unit scales; a name that differs is 1 away). Random search draws from the table itself.
/// </summary>
internal sealed class TableSampler(ISampler inner, IReadOnlyList<Configuration> table) : ISampler
{
    public string Name => inner.Name;

    public bool ReadsReports => inner.ReadsReports;

    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        HashSet<Configuration> taken = [.. study.Trials.Select(t => t.Configuration)];
        Configuration[] left = [.. table.Where(c => !taken.Contains(c))];
        if (inner is RandomSampler) return [new Proposal(left[random.NextInt(left.Length)])];
        Configuration wanted = inner.Propose(study, 1, random, cancellationToken)[0].Configuration;
        return [new Proposal(left.MinBy(c => Distance(c, wanted))!)];
    }

    private static double Distance(Configuration a, Configuration b)
    {
        double sum = 0;
        for (int i = 0; i < a.Codes.Length; i++)
        {
            Parameter p = a.Space.Parameters[i];
            double x = a.Codes[i], y = b.Codes[i];
            sum += x.Equals(y) ? 0 : double.IsNaN(x) || double.IsNaN(y) || !p.IsOrdered ? 1 : Math.Abs(p.ToUnit(x) - p.ToUnit(y));
        }
        return sum;
    }
}
