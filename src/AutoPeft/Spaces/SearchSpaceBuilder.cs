namespace AutoPeft.Spaces;

/// <summary>
/// The fluent way to declare a space. Each call adds one parameter; conditions name a parent and the values under which the parameter
/// exists.
/// </summary>
public sealed class SearchSpaceBuilder
{
    private readonly List<Parameter> _parameters = [];
    private readonly List<Constraint> _constraints = [];
    private readonly List<string> _expressions = [];

    /// <summary>
    /// A real number from low to high; with a step, which goes with no logarithmic scale, one of low, low + step, … up to high.
    /// </summary>
    public SearchSpaceBuilder Float(string name, double low, double high, bool log = false, Condition? when = null,
        ParameterPrior? prior = null, double? step = null)
    {
        if (step is null) return Add(new FloatParameter(name, low, high, log) { When = when, Prior = prior });
        if (log) throw new InvalidInputException($"Parameter '{name}': a float has either a logarithmic scale or a step.");
        return Add(OrdinalParameter.Steps(name, low, high, step.Value) with { When = when, Prior = prior });
    }

    /// <summary>A whole number from low to high.</summary>
    public SearchSpaceBuilder Int(string name, long low, long high, bool log = false, long step = 1, Condition? when = null,
        ParameterPrior? prior = null) =>
        Add(new IntParameter(name, low, high, log, step) { When = when, Prior = prior });

    /// <summary>One of an ordered list of numbers.</summary>
    public SearchSpaceBuilder Ordinal(string name, IEnumerable<double> values, Condition? when = null, ParameterPrior? prior = null) =>
        Add(new OrdinalParameter(name, values) { When = when, Prior = prior });

    /// <summary>Adds a categorical parameter: one of the listed names, which have no order.</summary>
    public SearchSpaceBuilder Categorical(string name, IEnumerable<string> choices, Condition? when = null, ParameterPrior? prior = null) =>
        Add(new CategoricalParameter(name, choices) { When = when, Prior = prior });

    /// <summary>Adds a parameter that is true or false.</summary>
    public SearchSpaceBuilder Bool(string name, Condition? when = null, ParameterPrior? prior = null) =>
        Add(new BoolParameter(name) { When = when, Prior = prior });

    /// <summary>Any subset of a list of items.</summary>
    public SearchSpaceBuilder Subset(string name, IEnumerable<string> items, int minSize = 0, int? maxSize = null,
        Condition? when = null) =>
        Add(new SubsetParameter(name, items, minSize, maxSize) { When = when });

    /// <summary>A hard constraint as an expression: comparisons, arithmetic, and/or/not over parameter names.</summary>
    public SearchSpaceBuilder Require(string expression)
    {
        _expressions.Add(expression);
        return this;
    }

    internal SearchSpaceBuilder Require(Constraint constraint)
    {
        _constraints.Add(constraint);
        return this;
    }

    /// <summary>A hard constraint as a predicate. It cannot be written in the JSON form.</summary>
    public SearchSpaceBuilder Require(string text, Func<Configuration, bool> holds)
    {
        _constraints.Add(new Constraint(text, holds));
        return this;
    }

    /// <summary>Adds a parameter that was made already.</summary>
    public SearchSpaceBuilder Add(Parameter parameter)
    {
        _parameters.Add(parameter);
        return this;
    }

    /// <summary>Builds the search space after checking names, conditions and constraints.</summary>
    /// <exception cref="InvalidInputException">The space is invalid.</exception>
    public SearchSpace Build(string? name = null)
    {
        if (_expressions.Count == 0) return new SearchSpace(_parameters, _constraints, name);
        var bare = new SearchSpace(_parameters, null, name);
        return new SearchSpace(_parameters, [.. _constraints, .. _expressions.Select(e => ConstraintExpression.Parse(e, bare))], name);
    }
}
