using System.Globalization;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>Compares a model with its base and asks the rule table what each tensor needs.</summary>
internal sealed class Planner(BaseShapes shapes, RuleSet rules, ParametrizationOptions options)
{
    /// <summary>The plan for a model, and with it every tensor beside its base.</summary>
    /// <exception cref="InvalidInputException">The model does not answer to the base, or a tensor's role cannot be found; its name is
    /// given.</exception>
    public (ParametrizationPlan Plan, IReadOnlyList<PlannedTensor> Tensors) Plan(nn.Module model, OptimizerFamily family)
    {
        if (family == OptimizerFamily.Sgd && rules.ScalesBranches)
            throw new InvalidInputException($"{rules.Name} has rules for Adam and AdamW, not for SGD");
        IReadOnlyList<ModelTensor> tensors = ModelTensor.Of(model);
        var lists = new BlockLists(tensors.Select(t => (t.Name, (IReadOnlyList<long>)t.Parameter.shape)));
        RefuseAbsent(tensors);
        PlannedTensor[] planned = [.. tensors.Select(t => Planned(t, lists, family))];
        var multipliers = new List<ModuleMultiplier>();
        planned = Readouts(model, planned, family, multipliers);
        planned = Outputs(model, planned, family, multipliers);
        if (rules.Kind != ParametrizationKind.Standard) planned = [.. planned.Select(Zeroed)];
        return (new ParametrizationPlan
        {
            Parametrization = rules.Name,
            Optimizer = family,
            Tensors = [.. planned.Select(p => p.Plan)],
            Multipliers = multipliers,
            AveragingRate = rules.Training.AveragingRate,
            Notes = [.. Notes(planned)],
        }, planned);
    }

    private void RefuseAbsent(IReadOnlyList<ModelTensor> tensors)
    {
        HashSet<string> found = [.. tensors.Select(t => shapes.Find(t.Name)?.Name ?? "")];
        if (shapes.Tensors.FirstOrDefault(t => !found.Contains(t.Name)) is { } absent)
            throw new InvalidInputException($"{absent.Name}: the base has this tensor and the model has not; base and model must be "
                + $"built alike");
        foreach (TensorDeclaration declaration in options.Tensors)
            if (!tensors.Any(t => new NamePattern(declaration.Name).Fits(t.Name)))
                throw new InvalidInputException($"'{declaration.Name}' is declared, and the model has no such tensor");
        foreach (string pattern in options.StartAtZero)
            if (!tensors.Any(t => new NamePattern(pattern).Fits(t.Name)))
                throw new InvalidInputException($"'{pattern}' is to start at zero, and the model has no such tensor");
    }

    private PlannedTensor Planned(ModelTensor tensor, BlockLists lists, OptimizerFamily family)
    {
        BaseTensor known = shapes.Find(tensor.Name) is { } found && (found.Name == tensor.Name || InList(tensor.Name, lists))
            ? found
            : throw new InvalidInputException(
                $"{tensor.Name}: the base has no such tensor, so no rule covers it; build base and model alike, or add it to both");
        bool[] grows = Grows(tensor, known);
        TensorDeclaration? declaration = options.Tensors.LastOrDefault(d => new NamePattern(d.Name).Fits(tensor.Name));
        TensorAxes axes = tensor.Parameter.dim() < 2 ? default : TensorAxes.Of(tensor.Owners[0], declaration?.FanInAxis);
        TensorRole role = Role(tensor, grows, axes, declaration);
        double depth = Depth(tensor.Name, known.Name, lists, out bool inBlock);
        TensorGrowth growth = tensor.Parameter.dim() switch
        {
            0 => new(1, 1, depth),
            1 => new(1, Ratio(tensor, known, 0), depth),
            _ => new(Ratio(tensor, known, axes.In), Ratio(tensor, known, axes.Out), depth),
        };
        // A tied weight is [vocabulary, width] as an embedding and as a head: its one growing axis is the readout's fan-in.
        TensorGrowth seen = role == TensorRole.Tied ? growth with { In = growth.In * growth.Out, Out = 1 } : growth;
        if (rules.Kind == ParametrizationKind.UnitMuP && role == TensorRole.Tied)
            throw new InvalidInputException($"{tensor.Name}: is embedding and head in one, for which u-muP has no rule; untie them");
        Rule rule = RuleTable.Of(rules, family, role, inBlock);
        var plan = new TensorPlan(tensor.Name, role, rule.Init.Of(seen), rule.Rate.Of(seen), rule.Decay.Of(seen), rule.Epsilon.Of(seen),
            rule.Source);
        return new PlannedTensor(tensor, known, seen, declaration?.Initializer ?? InitializerLaw.Detect, FanInGrowth(tensor, growth),
            XavierRatio(tensor, known, axes), rule.Multiplier.Of(seen), plan);
    }

    private PlannedTensor Zeroed(PlannedTensor tensor) => options.StartAtZero.Any(pattern => new NamePattern(pattern)
        .Fits(tensor.Plan.Name))
        ? tensor with { Plan = tensor.Plan with { InitialScale = 0, Source = tensor.Plan.Source + "; starts at zero" } }
        : tensor;

    /// <summary>Whether the name is in a list of equal blocks that base and model both have.</summary>
    private bool InList(string name, BlockLists lists) =>
        BlockLists.Positions(name).Any(p => lists.Counts.ContainsKey(p.Prefix) && shapes.Find($"{p.Prefix}0{p.Tail}") is not null);

    private static bool[] Grows(ModelTensor tensor, BaseTensor known)
    {
        long[] shape = tensor.Parameter.shape;
        if (shape.Length != known.Shape.Count)
            throw new InvalidInputException($"{tensor.Name}: {shape.Length} dimensions here, {known.Shape.Count} in the base");
        bool[] grows = new bool[shape.Length];
        for (int i = 0; i < shape.Length; i++)
        {
            grows[i] = known.Grows?[i] ?? shape[i] != known.Shape[i];
            if (!grows[i] && shape[i] != known.Shape[i])
                throw new InvalidInputException($"{tensor.Name}: dimension {i} is {shape[i]} here and {known.Shape[i]} in the base, "
                    + $"and the "
                    + "delta model says that it does not grow; let the delta model differ from the base in it");
        }
        return grows;
    }

    private static TensorRole Role(ModelTensor tensor, bool[] grows, TensorAxes axes, TensorDeclaration? declaration)
    {
        if (declaration?.Role is { } declared) return declared;
        int count = grows.Count(g => g);
        if (count == 0) return TensorRole.Fixed;
        if (grows.Length == 1) return TensorRole.Vector;
        bool inGrows = grows[axes.In], outGrows = grows[axes.Out];
        if (count > (inGrows ? 1 : 0) + (outGrows ? 1 : 0))
            throw new InvalidInputException($"{tensor.Name}: dimensions [{string.Join(", ", tensor.Parameter.shape)}] grow in other "
                + $"axes than "
                + "fan-in and fan-out, and no rule covers that; declare its role (ParametrizationOptions.Tensors)");
        if (!axes.Known)
            throw new InvalidInputException($"{tensor.Name}: a bare tensor [{string.Join(", ", tensor.Parameter.shape)}] of "
                + $"{tensor.Owners[0].Module.GetType().Name}, so its fan-in is unknown; declare its role and its fan-in "
                + "(ParametrizationOptions.Tensors)");
        if (axes.IsEmbedding && inGrows)
            throw new InvalidInputException($"{tensor.Name}: the number of its rows grows; keep the vocabulary of base, delta and "
                + $"model alike");
        bool tied = tensor.Owners.Count > 1 && axes.IsEmbedding && tensor.Owners.Any(o => !TensorAxes.Of(o, null).IsEmbedding)
            || tensor.Owners.Count > 1 && !axes.IsEmbedding && tensor.Owners.Any(o => TensorAxes.Of(o, null).IsEmbedding);
        if (tied) return TensorRole.Tied;
        return (inGrows, outGrows) switch
        {
            (true, true) => TensorRole.Hidden,
            (true, false) => TensorRole.Readout,
            _ => TensorRole.Input,
        };
    }

    private static double Ratio(ModelTensor tensor, BaseTensor known, int axis) =>
        (double)tensor.Parameter.shape[axis] / known.Shape[axis];

    /// <summary>Blocks of the model over those of the base, over every list that the name is in.</summary>
    private double Depth(string name, string baseName, BlockLists lists, out bool inBlock)
    {
        (double ratio, inBlock) = (1, false);
        foreach (var (here, there) in BlockLists.Positions(name).Zip(BlockLists.Positions(baseName)))
        {
            if (!lists.Counts.TryGetValue(here.Prefix, out int count)) continue;
            if (!shapes.Lists.Counts.TryGetValue(there.Prefix, out int before)) continue;
            (ratio, inBlock) = (ratio * count / before, true);
        }
        return ratio;
    }

    private double FanInGrowth(ModelTensor tensor, TensorGrowth growth)
    {
        if (tensor.Parameter.dim() != 1) return growth.In;
        TensorOwner owner = tensor.Owners[0];
        string beside = owner.ModuleName.Length == 0 ? "weight" : owner.ModuleName + ".weight";
        if (owner.LocalName != "bias" || shapes.Find(beside) is not { Shape.Count: > 1 } known) return 1;
        var weight = new ModelTensor(beside, owner.Module.get_parameter("weight")!, [owner with { LocalName = "weight" }]);
        return Ratio(weight, known, TensorAxes.Of(weight.Owners[0], null).In);
    }

    private static double XavierRatio(ModelTensor tensor, BaseTensor known, TensorAxes axes)
    {
        if (tensor.Parameter.dim() < 2) return 1;
        double here = tensor.Parameter.shape[axes.In] + tensor.Parameter.shape[axes.Out];
        return Math.Sqrt((known.Shape[axes.In] + known.Shape[axes.Out]) / here);
    }

    /// <summary>Multipliers that belong to a weight: readouts, tied readouts, and every matrix of the neural tangent table.</summary>
    private PlannedTensor[] Readouts(
        nn.Module model, PlannedTensor[] planned, OptimizerFamily family, List<ModuleMultiplier> multipliers)
    {
        var result = new PlannedTensor[planned.Length];
        for (int i = 0; i < planned.Length; i++)
        {
            PlannedTensor tensor = result[i] = planned[i];
            double value = tensor.Multiplier;
            if (value == 1) continue;
            if (tensor.Plan.Role != TensorRole.Tied && options.Form == MultiplierForm.Folded) result[i] = Folded(tensor, value, family);
            else multipliers.Add(Hooked(model, tensor, value));
        }
        return result;
    }

    private ModuleMultiplier Hooked(nn.Module model, PlannedTensor tensor, double value)
    {
        if (tensor.Plan.Role == TensorRole.Tied && options.TiedReadoutAfter is { } after)
        {
            string[] modules = Matching(model, after);
            return modules.Length == 1 ? new(modules[0], value, OnInput: false, tensor.Plan.Source)
                : throw new InvalidInputException($"TiedReadoutAfter is '{after}', which fits {modules.Length} modules; it must fit one");
        }
        TensorOwner? owner = tensor.Tensor.Owners.FirstOrDefault(o => !TensorAxes.Of(o, null).IsEmbedding && o.LocalName == "weight");
        return owner is not null ? new(owner.ModuleName, value, OnInput: true, tensor.Plan.Source)
            : throw new InvalidInputException($"{tensor.Plan.Name}: needs a forward multiplier of {value:0.####}, and no module of its own "
                + "takes it; name the module before the product (ParametrizationOptions.TiedReadoutAfter)");
    }

    /// <summary>Multipliers of what a module puts out: residual branches and query projections.</summary>
    private PlannedTensor[] Outputs(
        nn.Module model, PlannedTensor[] planned, OptimizerFamily family, List<ModuleMultiplier> multipliers)
    {
        PlannedTensor[] result = planned;
        bool deeper = planned.Any(p => p.Growth.Depth != 1);
        if (rules.ScalesBranches && deeper && options.Branches.Count == 0)
            throw new InvalidInputException($"{rules.Name}: the model is deeper than the base, and nothing says which "
                + $"modules end the "
                + "residual branches; name them (ParametrizationOptions.Branches), such as \"layers.*.attention.output\"");
        foreach (var (name, value, source) in OutputMultipliers(model, planned)) Put(name, value, source);
        return result;

        void Put(string module, double value, string source)
        {
            int[] own = [.. Enumerable.Range(0, result.Length).Where(i => result[i].Tensor.Owners[0].ModuleName == module)];
            if (options.Form == MultiplierForm.Hooked) multipliers.Add(new ModuleMultiplier(module, value, OnInput: false, source));
            else if (own.Length == 0)
                throw new InvalidInputException($"{module}: has no weight of its own to fold a multiplier into; name the linear layer "
                    + $"that ends "
                    + "the branch, or use MultiplierForm.Hooked");
            else
            {
                result = [.. result];
                foreach (int i in own)
                {
                    if (result[i].Plan.Role == TensorRole.Tied) throw new InvalidInputException($"{result[i].Plan.Name}: tied, so "
                        + $"nothing can be folded into it");
                    result[i] = Folded(result[i], value, family);
                }
            }
        }
    }

    private IEnumerable<(string Module, double Value, string Source)> OutputMultipliers(nn.Module model, PlannedTensor[] planned)
    {
        IEnumerable<(string, double, string)> Of(IReadOnlyList<string> patterns, Func<TensorGrowth, double> value, string source) =>
            patterns.SelectMany(pattern => Matching(model, pattern)).Distinct()
                .Select(name => (name, value(GrowthAt(name, planned)), source)).Where(m => m.Item2 != 1);
        if (rules.ScalesBranches)
            foreach (var branch in Of(options.Branches, growth => Math.Pow(growth.Depth, -rules.Alpha), RuleTable.BranchSource(rules.Kind)))
                yield return branch;
        if (rules.DividesLogits)
            foreach (var query in Of(options.Queries, growth => Math.Pow(growth.Out, -0.5),
                "attention logits ÷ d: microsoft/mup, README (8/d instead of 1/√d)")) yield return query;
    }

    /// <summary>Growth at a module: that of its own first tensor, without any that of the first below it.</summary>
    private static TensorGrowth GrowthAt(string module, PlannedTensor[] planned) =>
        (planned.FirstOrDefault(p => p.Tensor.Owners[0].ModuleName == module)
            ?? planned.FirstOrDefault(p => p.Tensor.Name.StartsWith(module + ".", StringComparison.Ordinal)))?.Growth
        ?? throw new InvalidInputException($"{module}: holds no tensor, so its growth is unknown; name the layer that ends the branch");

    /// <summary>For each module whose output is multiplied, the multiplier, folded or not.</summary>
    public IReadOnlyDictionary<string, double> OutputScales(nn.Module model)
    {
        var (_, planned) = Plan(model, OptimizerFamily.AdamW);
        return OutputMultipliers(model, [.. planned]).ToDictionary(m => m.Module, m => m.Value);
    }

    private static string[] Matching(nn.Module model, string pattern)
    {
        string[] names = [.. ModelTensor.Modules(model).Select(m => m.Name).Where(new NamePattern(pattern).Fits)];
        return names.Length > 0 ? names : throw new InvalidInputException($"'{pattern}': the model has no such module");
    }

    /// <summary>
    /// A multiplier θ moved into the weight W' = θ·W, whose gradient is 1/θ of W's. Adam's step does not depend on the gradient's size,
    /// so the rate is multiplied by θ and epsilon divided by it; a gradient step is multiplied by θ². AdamW's decay keeps rate × decay;
    /// a decay that is added to the gradient, as Adam's and SGD's, is divided by θ².
    /// </summary>
    private static PlannedTensor Folded(PlannedTensor tensor, double theta, OptimizerFamily family)
    {
        double rate = family == OptimizerFamily.Sgd ? theta * theta : theta;
        double decay = family == OptimizerFamily.AdamW ? theta : theta * theta;
        return tensor with
        {
            Plan = tensor.Plan with
            {
                InitialScale = tensor.Plan.InitialScale * theta,
                LearningRate = tensor.Plan.LearningRate * rate,
                WeightDecay = tensor.Plan.WeightDecay / decay,
                Epsilon = family == OptimizerFamily.Sgd ? tensor.Plan.Epsilon : tensor.Plan.Epsilon / theta,
                Source = string.Create(CultureInfo.InvariantCulture, $"{tensor.Plan.Source}; multiplier {theta:0.######} folded in"),
            },
        };
    }

    private IEnumerable<string> Notes(PlannedTensor[] planned)
    {
        bool grown = planned.Any(p => p.Growth.In != 1 || p.Growth.Out != 1);
        bool deeper = planned.Any(p => p.Growth.Depth != 1);
        bool longer = rules.Training != new TrainingGrowth();
        if (!grown && !deeper && !longer)
            yield return "The model has the base's own shapes: every factor is 1, so it trains as in the standard parametrisation.";
        if (deeper && rules.Kind == ParametrizationKind.MuP)
            yield return "The model is deeper than the base, and muP has no rule for depth; CompleteP has.";
        if (grown && rules.DividesLogits
            && !planned.Any(p => p.Plan.Role is TensorRole.Readout or TensorRole.Tied))
            yield return "No tensor leads from a growing dimension to a fixed one: if an embedding's weight is also the head, declare it "
                + "as tied (ParametrizationOptions.Tensors and TiedReadoutAfter).";
    }
}
