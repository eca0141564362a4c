using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>What one model of a coordinate check showed.</summary>
/// <param name="Size">Its width or depth.</param>
/// <param name="Means">For every forward pass, mean |x| by module; names as <see cref="CoordinateAxis"/> has them.</param>
/// <param name="Order">Modules in the order in which they finish.</param>
/// <param name="Tensors">For each module the tensors of its own.</param>
/// <param name="Readouts">Modules that hold a readout's weight; without a plan, the last module that finishes.</param>
/// <param name="Faults">What differs from the plan, and tensors that never moved.</param>
internal sealed record CoordinateRun(
    int Size, IReadOnlyList<IReadOnlyDictionary<string, double>> Means, IReadOnlyList<string> Order,
    IReadOnlyDictionary<string, string[]> Tensors, IReadOnlySet<string> Readouts, IReadOnlyList<PlanFault> Faults)
{
    /// <summary>Trains a subject and disposes of it.</summary>
    public static CoordinateRun Of(int size, CoordinateSubject subject, CoordinateCheckOptions options, CancellationToken cancellationToken)
    {
        using nn.Module model = subject.Model;
        using optim.Optimizer optimizer = subject.Optimizer;
        Parametrization? rules = subject.Parametrization;
        var faults = new List<PlanFault>();
        if (rules is not null)
        {
            faults.AddRange(rules.VerifyInitialScale(model));
            faults.AddRange(rules.Verify(model, optimizer, subject.LearningRate, subject.WeightDecay));
        }
        IReadOnlyDictionary<string, double> scales = rules?.OutputScales(model) ?? new Dictionary<string, double>();
        var recorder = new OutputRecorder(model);
        IReadOnlyList<ModelTensor> tensors = ModelTensor.Of(model);
        Tensor[] before = [.. tensors.Select(t => t.Parameter.detach().clone())];
        var means = new List<IReadOnlyDictionary<string, double>>();
        for (int step = 0; step <= options.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            Tensor loss = subject.Loss();
            means.Add(Merged(Planned(recorder.Take(), scales), options.Axis));
            if (step == options.Steps) break;
            loss.backward();
            optimizer.step();
            subject.AfterStep?.Invoke();
        }
        foreach (var (tensor, old) in tensors.Zip(before))
        {
            using (old)
            using (Tensor same = tensor.Parameter.detach().eq(old).all())
                if (tensor.Parameter.requires_grad && same.ToBoolean()) faults.Add(new PlanFault(tensor.Name, "did not move in any step"));
        }
        HashSet<string> readouts = [.. recorder.Order.Where(n => n.Length > 0).TakeLast(1)];
        if (rules is not null)
        {
            ParametrizationPlan plan = rules.PlanFor(model);
            readouts = [.. tensors.Where(t => plan[t.Name].Role is TensorRole.Readout or TensorRole.Tied)
                .SelectMany(t => t.Owners).Select(o => Shown(o.ModuleName, options.Axis))];
            // Whatever ran after the updates may have changed rates; what was found before is not said twice.
            faults.AddRange(rules.Verify(model, optimizer, null, subject.WeightDecay).Where(f => faults.All(g => g.Tensor != f.Tensor)));
            faults.AddRange(plan.Multipliers.Where(m => m.OnInput && !recorder.Order.Contains(m.Module))
                .Select(m => new PlanFault(m.Module, "its forward multiplier was never used; run the module by call, not by forward")));
        }
        return new CoordinateRun(size, means, [.. recorder.Order.Select(n => Shown(n, options.Axis)).Distinct()],
            Owned(tensors, options.Axis), readouts, faults);
    }

    /// <summary>
    /// Outputs that the plan multiplies (branches, queries), as they would be without; so too those of modules that hand them on.
    /// </summary>
    private static Dictionary<string, double> Planned(Dictionary<string, double> means, IReadOnlyDictionary<string, double> scales)
    {
        Dictionary<double, double> by = [];
        foreach (var (module, scale) in scales)
            if (means.TryGetValue(module, out double mean)) by[mean] = scale;
        return means.ToDictionary(p => p.Key, p => by.TryGetValue(p.Value, out double scale) ? p.Value / scale : p.Value);
    }

    private static Dictionary<string, string[]> Owned(IReadOnlyList<ModelTensor> tensors, CoordinateAxis axis) => tensors
        .SelectMany(t => t.Owners.Select(o => (Module: Shown(o.ModuleName, axis), Tensor: axis == CoordinateAxis.Depth ? Starred(t.Name)
            : t.Name)))
        .GroupBy(o => o.Module).ToDictionary(g => g.Key, g => g.Select(o => o.Tensor).Distinct().ToArray());

    private static Dictionary<string, double> Merged(Dictionary<string, double> means, CoordinateAxis axis) =>
        means.GroupBy(p => Shown(p.Key, axis)).ToDictionary(g => g.Key, g => g.Average(p => p.Value));

    private static string Shown(string name, CoordinateAxis axis) =>
        name.Length == 0 ? CoordinateReport.Model : axis == CoordinateAxis.Depth ? Starred(name) : name;

    private static string Starred(string name) =>
        string.Join('.', name.Split('.').Select(part => part.Length > 0 && part.All(char.IsAsciiDigit) ? "*" : part));
}
