using System.Collections.Immutable;
using System.Text.RegularExpressions;
using AutoPeft.Spaces;
using Microsoft.ML.SearchSpace.Option;
using NestedOption = Microsoft.ML.SearchSpace.Option.SearchSpace;
using ParameterType = Microsoft.ML.SearchSpace.ParameterType;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Spaces;

/// <summary>ML.NET's search space as ours.</summary>
internal static partial class MLNetSpaceReader
{
    // A pipeline's search space holds its estimators' spaces under these names, and here which of them a pipeline is made of: "e0 * e2".
    private const string PipelineSchema = "_SCHEMA_";

    /// <summary>One leaf for each option, nested ones too, in the order of the options.</summary>
    public static List<MLNetLeaf> Read(TheirSpace space)
    {
        var leaves = new List<MLNetLeaf>();
        Nested(space, [], null, leaves);
        return leaves;
    }

    private static void Nested(IDictionary<string, OptionBase> options, ImmutableArray<string> path, Condition? when,
        List<MLNetLeaf> leaves)
    {
        string[] pipelines = options.TryGetValue(PipelineSchema, out OptionBase? schema) && schema is ChoiceOption choice
            && choice.Choices.All(c => c.ParameterType == ParameterType.String)
            ? [.. choice.Choices.Select(c => c.AsType<string>())] : [];
        foreach ((string key, OptionBase option) in options)
        {
            ImmutableArray<string> at = path.Add(key);
            switch (option)
            {
                case TheirSpace nested:
                    Nested(nested, at, Used(key), leaves);
                    break;
                case NestedOption nested:
                    Nested(nested, at, Used(key), leaves);
                    break;
                default:
                    leaves.Add(Leaf(option, at, when));
                    break;
            }
        }

        // An estimator's parameters mean something only in the pipelines that it is a part of.
        Condition? Used(string key)
        {
            object[] within = [.. pipelines.Where(p => Names().Matches(p).Any(m => m.Value == key))];
            return within.Length > 0 && within.Length < pipelines.Length ? Condition.On(Name(path.Add(PipelineSchema)), within) : when;
        }
    }

    private static MLNetLeaf Leaf(OptionBase option, ImmutableArray<string> path, Condition? when)
    {
        string name = Name(path);
        switch (option)
        {
            case UniformIntOption o:
                return MLNetLeaf.Int(new IntParameter(name, (long)o.Min, (long)o.Max, o.LogBase) { When = when }, path);
            case UniformNumericOption o:
                return MLNetLeaf.Float(new FloatParameter(name, o.Min, o.Max, o.LogBase) { When = when }, path, o is UniformSingleOption);
            case ChoiceOption o:
                (Parameter parameter, TheirParameter[] choices) = Choice(name, o.Choices);
                return MLNetLeaf.Choice(parameter with { When = when }, path, choices);
            default:
                throw new InvalidInputException($"Parameter '{name}': an option of the type {option.GetType().Name} has no counterpart "
                    + $"here; use a range, a choice or a nested search space.");
        }
    }

    /// <summary>
    /// A switch for true and false, an ordinal for ascending or descending numbers, and else a categorical of the choices' texts.
    /// </summary>
    private static (Parameter, TheirParameter[]) Choice(string name, TheirParameter[] choices)
    {
        if (choices is [{ ParameterType: ParameterType.Bool }, { ParameterType: ParameterType.Bool }])
            return (new BoolParameter(name), [.. choices.OrderBy(c => c.AsType<bool>())]);
        if (choices.All(c => c.ParameterType is ParameterType.Integer or ParameterType.Number))
        {
            double[] numbers = [.. choices.Select(c => c.AsType<double>())];
            (double, double)[] steps = [.. numbers.Zip(numbers.Skip(1))];
            if (steps.All(s => s.Item1 < s.Item2) || steps.All(s => s.Item1 > s.Item2))
                return (new OrdinalParameter(name, numbers), choices);
        }
        return (
            new CategoricalParameter(name,
                choices.Select(c => c.ParameterType == ParameterType.String ? c.AsType<string>() : c.ToString() ?? "")), choices);
    }

    private static string Name(ImmutableArray<string> path) => string.Join('.', path);

    [GeneratedRegex(@"\w+")]
    private static partial Regex Names();
}
