using System.Globalization;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>Compares an optimiser's groups with a plan, tensor by tensor.</summary>
internal static class OptimizerCheck
{
    // Schedulers multiply by cosines and powers: what is left of a ratio's twelve digits is enough to see any mistake of a rule.
    private const double Relative = 1e-6;

    /// <summary>Every tensor whose rate, decay or epsilon has not the ratio to the others that the plan asks for.</summary>
    public static IEnumerable<PlanFault> Faults(
        IReadOnlyList<PlannedTensor> tensors, ParametrizationPlan plan, optim.Optimizer optimizer, double? rate, double? decay)
    {
        var (_, groups) = OptimizerGroup.Of(optimizer);
        var found = new List<(TensorPlan Plan, OptimizerGroup Group)>();
        foreach (PlannedTensor tensor in tensors)
        {
            if (!tensor.Tensor.Parameter.requires_grad) continue;
            OptimizerGroup[] of = [.. groups[TensorIdentity.Of(tensor.Tensor.Parameter)]];
            if (of.Length == 0) yield return new PlanFault(tensor.Plan.Name, "is in no group of the optimiser and never moves");
            else if (of.Length > 1) yield return new PlanFault(tensor.Plan.Name, $"is in {of.Length} groups of the optimiser");
            else found.Add((tensor.Plan, of[0]));
        }
        var quantities = new (string Name, Func<OptimizerGroup, double?> Value, Func<TensorPlan, double> Factor, double? Tuned)[]
        {
            ("learning rate", g => g.Rate, t => t.LearningRate, rate),
            ("initial learning rate", g => g.InitialRate, t => t.LearningRate, null),
            ("weight decay", g => g.Decay, t => t.WeightDecay, decay),
            ("epsilon", g => g.Epsilon, t => t.Epsilon, null),
        };
        foreach (var (name, value, factor, tuned) in quantities)
        {
            (string Tensor, double Value, double Factor)[] all =
                [.. found.Where(f => value(f.Group) is not null).Select(f => (f.Plan.Name, value(f.Group)!.Value, factor(f.Plan)))];
            if (all.Length == 0) continue;
            double basis = tuned ?? Basis(all);
            foreach (var (tensor, given, times) in all)
            {
                double asked = basis * times;
                if (Math.Abs(given - asked) > Relative * Math.Max(Math.Abs(given), Math.Abs(asked)))
                    yield return new PlanFault(tensor, string.Create(CultureInfo.InvariantCulture,
                        $"{name} {given:0.####e+0}, the plan asks for {asked:0.####e+0} ({times:0.######} × {basis:0.####e+0})"));
            }
        }
    }

    /// <summary>
    /// The tuned value that most tensors agree upon: among those that have it unscaled where there are such, else among all. Ties go to the
    /// larger one.
    /// </summary>
    private static double Basis((string Tensor, double Value, double Factor)[] all)
    {
        var plain = all.Where(a => a.Factor == 1).ToArray();
        var voters = plain.Length > 0 ? plain : [.. all.Where(a => a.Factor != 0)];
        if (voters.Length == 0) return 0;
        return voters.GroupBy(a => double.Round(a.Value / a.Factor, 15))
            .OrderByDescending(g => g.Count()).ThenByDescending(g => g.Key).First().First() is var first ? first.Value / first.Factor : 0;
    }
}
