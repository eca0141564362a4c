using System.Collections.Immutable;
using System.Numerics;
using AutoPeft.Randomness;

namespace AutoPeft.Spaces;

/// <summary>
/// The set of configurations that a study searches: parameters in a tree of conditions, and hard constraints between them.
/// Immutable and checked when built: an invalid space is refused with the parameter's name and what is wrong. Thread-safe.
/// </summary>
public sealed class SearchSpace : IEquatable<SearchSpace>
{
    private readonly Dictionary<string, int> _index;
    private readonly int[] _order;
    private readonly int[] _parent;
    private readonly HashSet<double>?[] _activeFor;

    /// <exception cref="InvalidInputException">
    /// A name stands twice, a condition names an unknown or continuous parent, a value that the parent has not, or a cycle, or a prior does
    /// not fit its parameter.
    /// </exception>
    public SearchSpace(IEnumerable<Parameter> parameters, IEnumerable<Constraint>? constraints = null, string? name = null)
    {
        Parameters = [.. parameters];
        Constraints = constraints is null ? [] : [.. constraints];
        Name = name;
        if (Parameters.Length == 0) throw new InvalidInputException("The search space has no parameters.");
        _index = new(Parameters.Length, StringComparer.Ordinal);
        for (int i = 0; i < Parameters.Length; i++)
            if (!_index.TryAdd(Parameters[i].Name, i))
                throw new InvalidInputException($"Parameter '{Parameters[i].Name}' stands twice in the space.");
        (_parent, _activeFor) = ResolveConditions();
        _order = TopologicalOrder();
        foreach (Parameter p in Parameters) PriorDensity.Check(p);
    }

    /// <summary>A short name for messages and tables, or null.</summary>
    public string? Name { get; }

    /// <summary>The parameters as declared.</summary>
    public ImmutableArray<Parameter> Parameters { get; }

    /// <summary>The hard constraints as declared.</summary>
    public ImmutableArray<Constraint> Constraints { get; }

    /// <summary>Number of parameters in the search space.</summary>
    public int Count => Parameters.Length;

    /// <summary>Whether any parameter exists only under a condition.</summary>
    public bool IsConditional => _parent.Any(p => p >= 0);

    /// <summary>Positions of the parameters with parents before children.</summary>
    public ReadOnlySpan<int> ParentsFirst => _order;

    /// <summary>A space from a fluent declaration.</summary>
    public static SearchSpace Build(Action<SearchSpaceBuilder> declare, string? name = null)
    {
        var builder = new SearchSpaceBuilder();
        declare(builder);
        return builder.Build(name);
    }

    /// <summary>The position of a parameter.</summary>
    /// <exception cref="InvalidInputException">There is none of this name; the message lists those there are.</exception>
    public int IndexOf(string name) => _index.TryGetValue(name, out int i) ? i
        : throw new InvalidInputException(
            $"The search space has no parameter '{name}'; it has {string.Join(", ", Parameters.Take(30).Select(p => p.Name))}.");

    /// <summary>Whether a parameter of this name exists.</summary>
    public bool Contains(string name) => _index.ContainsKey(name);

    /// <summary>Position of a parameter's parent, −1 for none.</summary>
    public int ParentOf(int index) => _parent[index];

    /// <summary>Whether the parameter at <paramref name="index"/> is active, given the codes of its ancestors.</summary>
    public bool IsActive(int index, ReadOnlySpan<double> codes) =>
        _parent[index] < 0 || !double.IsNaN(codes[_parent[index]]) && _activeFor[index]!.Contains(codes[_parent[index]]);

    /// <summary>Codes of the parent under which the parameter is active; empty for a parameter without a condition.</summary>
    public IReadOnlyCollection<double> ActiveFor(int index) => _activeFor[index] is { } set ? set : [];

    /// <summary>
    /// A configuration from one code per parameter. Codes of parameters that the conditions make inactive are ignored; an active one given
    /// as NaN gets its middle value; a code that is no value is moved to the nearest. Constraints are not checked: see
    /// <see cref="IsFeasible"/>.
    /// </summary>
    public Configuration FromCodes(ReadOnlySpan<double> codes)
    {
        if (codes.Length != Count) throw new ArgumentException($"{codes.Length} codes for {Count} parameters.", nameof(codes));
        var result = new double[Count];
        foreach (int i in _order)
        {
            Parameter p = Parameters[i];
            if (!IsActive(i, result)) result[i] = double.NaN;
            else if (double.IsNaN(codes[i])) result[i] = p.FromUnit(0.5);
            else result[i] = p.IsValid(codes[i]) ? codes[i] : p.FromUnit(p.ToUnit(codes[i]));
        }
        return new Configuration(this, result);
    }

    /// <summary>A configuration from named values. Every active parameter must be there, and no other.</summary>
    /// <exception cref="InvalidInputException">An unknown, missing or inactive name, or a value outside its parameter's domain.</exception>
    public Configuration FromValues(IEnumerable<KeyValuePair<string, object?>> values)
    {
        var codes = new double[Count];
        Array.Fill(codes, double.NaN);
        foreach ((string name, object? value) in values)
        {
            int i = IndexOf(name);
            if (value is not null) codes[i] = Parameters[i].FromValue(value);
        }
        return FromGivenCodes(codes);
    }

    /// <summary>
    /// A configuration of valid codes, NaN where none was given: exactly the active parameters must be. Takes the array over.
    /// </summary>
    /// <exception cref="InvalidInputException">An active parameter is missing, or an inactive one was given.</exception>
    internal Configuration FromGivenCodes(double[] codes)
    {
        foreach (int i in _order)
        {
            bool active = IsActive(i, codes), given = !double.IsNaN(codes[i]);
            if (active && !given)
                throw new InvalidInputException($"Parameter '{Parameters[i].Name}' is missing; it takes {Parameters[i].Domain}.");
            if (!active && given)
                throw new InvalidInputException(
                    $"Parameter '{Parameters[i].Name}' is not active here: it exists only where {Describe(Parameters[i].When!)}.");
        }
        return new Configuration(this, codes);
    }

    /// <summary>The first constraint that the configuration breaks, or null.</summary>
    public Constraint? BrokenBy(Configuration configuration)
    {
        foreach (Constraint c in Constraints)
            if (!c.Holds(configuration)) return c;
        return null;
    }

    /// <summary>Whether the configuration keeps every hard constraint.</summary>
    public bool IsFeasible(Configuration configuration) => BrokenBy(configuration) is null;

    /// <summary>
    /// A configuration drawn uniformly over the parameters (top down through the conditions) among those that keep the constraints: by
    /// rejection; where almost nothing keeps them, from the list of all configurations if the space is small, and else by a random walk
    /// that repairs what it breaks, which finds members but not uniformly.
    /// </summary>
    /// <exception cref="InvalidInputException">Nothing was found; the message names the constraint that was broken most often.</exception>
    public Configuration Sample(Philox random) => SpaceSampling.Sample(this, random);

    /// <summary>
    /// Number of configurations before constraints, counting conditions; null where a parameter is continuous.
    /// </summary>
    public BigInteger? Cardinality => SpaceEnumeration.Cardinality(this);

    /// <summary>Every configuration of a finite space that keeps the constraints, in a fixed order; lazy.</summary>
    /// <exception cref="InvalidOperationException">The space is continuous.</exception>
    public IEnumerable<Configuration> Enumerate() =>
        Cardinality is null
            ? throw new InvalidOperationException("A continuous space cannot be enumerated.")
            : SpaceEnumeration.Enumerate(this);

    /// <summary>
    /// This space with the C# predicates of <paramref name="declared"/> in the place of those of which only the text was written down.
    /// </summary>
    /// <exception cref="InvalidInputException"><paramref name="declared"/> is another space.</exception>
    public SearchSpace WithPredicatesOf(SearchSpace declared) => Equals(declared) ? declared
        : throw new InvalidInputException(
            "The study was created with another search space than the one declared now; keep the declaration, or start a new study.");

    /// <summary>
    /// Whether both spaces declare the same parameters in the same order and the same constraints; predicates count as equal if their
    /// texts are.
    /// </summary>
    public bool Equals(SearchSpace? other) =>
        ReferenceEquals(this, other) || other is not null && Parameters.SequenceEqual(other.Parameters)
            && Constraints.Select(c => c.Text).Order(StringComparer.Ordinal)
                .SequenceEqual(other.Constraints.Select(c => c.Text).Order(StringComparer.Ordinal));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SearchSpace);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (Parameter p in Parameters) hash.Add(p);
        return hash.ToHashCode();
    }

    internal static string Describe(Condition when) => $"'{when.Parent}' is {string.Join(" or ", when.Values.Select(ValueText.Of))}";

    private (int[], HashSet<double>?[]) ResolveConditions()
    {
        var parent = new int[Count];
        var active = new HashSet<double>?[Count];
        for (int i = 0; i < Count; i++)
        {
            parent[i] = -1;
            if (Parameters[i].When is not { } when) continue;
            string where = $"Parameter '{Parameters[i].Name}': its condition";
            if (!_index.TryGetValue(when.Parent, out int p))
                throw new InvalidInputException($"{where} names '{when.Parent}', which the space does not have.");
            if (Parameters[p].Cardinality is null)
                throw new InvalidInputException(
                    $"{where} depends on '{when.Parent}', which is continuous; conditions need a parameter with listed values.");
            if (when.Values.IsEmpty) throw new InvalidInputException($"{where} lists no value of '{when.Parent}'.");
            parent[i] = p;
            active[i] = [];
            foreach (object v in when.Values)
            {
                try { active[i]!.Add(Parameters[p].FromValue(v)); }
                catch (InvalidInputException)
                {
                    throw new InvalidInputException($"{where} asks for {ValueText.Of(v)}, but '{when.Parent}' is {Parameters[p].Domain}.");
                }
            }
        }
        return (parent, active);
    }

    private int[] TopologicalOrder()
    {
        var order = new List<int>(Count);
        var placed = new bool[Count];
        var chain = new Stack<int>();
        for (int i = 0; i < Count; i++)
        {
            for (int k = i; k >= 0 && !placed[k]; k = _parent[k])
            {
                if (chain.Count > Count)
                    throw new InvalidInputException($"Parameter '{Parameters[i].Name}': its conditions form a circle.");
                chain.Push(k);
            }
            while (chain.TryPop(out int k))
            {
                placed[k] = true;
                order.Add(k);
            }
        }
        return [.. order];
    }
}
