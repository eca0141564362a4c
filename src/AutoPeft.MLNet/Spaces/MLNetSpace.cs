using System.Collections.Immutable;
using AutoPeft.Spaces;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Spaces;

/// <summary>
/// A search space in both forms, ours and ML.NET's (Microsoft.ML.SearchSpace), with configurations and parameters turned into each other.
/// Immutable as long as ML.NET's space is not changed; thread-safe.
/// <list type="table">
/// <listheader><term>ML.NET</term><description>ours</description></listheader>
/// <item><term>UniformDoubleOption, UniformSingleOption</term><description>float, log where LogBase</description></item>
/// <item><term>UniformIntOption</term><description>int, both ends included (ML.NET's own tuners all but never reach the upper
/// one)</description></item>
/// <item><term>ChoiceOption</term><description>bool for {true, false}, ordinal for ascending or descending numbers, else categorical of the
/// choices' texts</description></item>
/// <item><term>nested search space</term><description>names with dots; in a pipeline's space the parameters of an estimator exist only
/// where <c>_SCHEMA_</c> names it</description></item>
/// <item><term>choice of false and true for each item, nested</term><description>subset without bounds on its size (comes back as
/// switches)</description></item>
/// <item><term>default value</term><description><see cref="Default"/>: where a search begins, which is no belief about the optimum; a prior
/// of ours gives its mode to the default, and no more</description></item>
/// </list>
/// What ML.NET has no word for: a condition is left out, and the value of an inactive parameter is not read; an int with a step is a
/// choice; a range of one value is a choice of one; hard constraints and bounded subsets are refused.
/// </summary>
public sealed class MLNetSpace
{
    // One for each of our parameters, in their order.
    private readonly ImmutableArray<MLNetLeaf> _leaves;

    private MLNetSpace(SearchSpace ours, TheirSpace theirs, IEnumerable<MLNetLeaf> leaves) =>
        (Ours, Theirs, _leaves) = (ours, theirs, [.. leaves]);

    /// <summary>Our form.</summary>
    public SearchSpace Ours { get; }

    /// <summary>ML.NET's form.</summary>
    public TheirSpace Theirs { get; }

    /// <summary>
    /// Where a search begins: ML.NET's default values; without one an option's default is the lower end of its range, and the first of its
    /// choices.
    /// </summary>
    public Configuration Default { get => field ??= ToConfiguration(Theirs.SampleFromFeatureSpace(Theirs.Default)); private init; }

    /// <summary>Whether any option of ML.NET's states a default other than the lower end or the first choice.</summary>
    public bool StatesDefault => Theirs.Default.Any(d => d != 0);

    /// <summary>ML.NET's space and what it is here.</summary>
    /// <exception cref="InvalidInputException">An option has no counterpart, two names are the same once they are joined with dots, or the
    /// space is empty; the message names the parameter.</exception>
    public static MLNetSpace Of(TheirSpace space)
    {
        List<MLNetLeaf> leaves = MLNetSpaceReader.Read(space);
        return new MLNetSpace(new SearchSpace(leaves.Select(l => l.Parameter)), space, leaves);
    }

    /// <summary>Our space and what it is in ML.NET.</summary>
    /// <exception cref="InvalidInputException">It has a hard constraint, a subset of bounded size, an int beyond 32 bits or a list of more
    /// than 1,073 values; the message names it.</exception>
    public static MLNetSpace Of(SearchSpace space)
    {
        (TheirSpace theirs, List<MLNetLeaf> leaves, Configuration start) = MLNetSpaceWriter.Write(space);
        return new MLNetSpace(space, theirs, leaves) { Default = start };
    }

    /// <summary>
    /// A configuration as a trial of ML.NET's reads it. Inactive parameters, and settings of an option type that are not searched, have
    /// their defaults. A new object each time.
    /// </summary>
    /// <exception cref="ArgumentException">The configuration is of another space.</exception>
    public TheirParameter ToParameter(Configuration configuration)
    {
        if (!configuration.Space.Equals(Ours))
            throw new ArgumentException($"The configuration ({configuration}) is of another space.", nameof(configuration));
        TheirParameter parameter = Theirs.SampleFromFeatureSpace(Theirs.Default);
        for (int i = 0; i < _leaves.Length; i++)
            if (!double.IsNaN(configuration.Codes[i])) _leaves[i].WriteTo(parameter, configuration.Codes[i]);
        return parameter;
    }

    /// <summary>ML.NET's parameter as a configuration; what is inactive there, or not in the space, is not looked at.</summary>
    /// <exception cref="InvalidInputException">A value is missing or outside its domain; the message names the parameter.</exception>
    public Configuration ToConfiguration(TheirParameter parameter)
    {
        var codes = new double[Ours.Count];
        Array.Fill(codes, double.NaN);
        foreach (int i in Ours.ParentsFirst)
            if (Ours.IsActive(i, codes)) codes[i] = _leaves[i].ReadFrom(parameter);
        return Ours.FromCodes(codes);
    }
}
