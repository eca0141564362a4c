namespace AutoPeft.Pareto;

/// <summary>
/// A Pareto front and its hypervolume, kept up to date loss vector by loss vector: a vector costs a comparison with every member of the
/// front, and one that joins the volume that it alone adds, however many came before. Says what <see cref="Dominance.NonDominated"/>,
/// <see cref="ReferencePoint"/> and <see cref="Pareto.Hypervolume"/> say of all vectors together. Not thread-safe.
/// </summary>
/// <param name="objectives">m, the number of losses.</param>
/// <param name="reference">The stated reference point; null to infer it from the vectors.</param>
internal sealed class RunningFront(int objectives, double[]? reference = null)
{
    private readonly List<double[]> _members = [];
    private readonly double[] _low = [.. Enumerable.Repeat(double.PositiveInfinity, objectives)],
        _high = [.. Enumerable.Repeat(double.NegativeInfinity, objectives)];
    private readonly bool _isInferred = reference is null;
    private double[]? _reference = reference;
    private double _volume;
    private bool _isStale;

    /// <summary>The members of the front, in the order in which they joined; of equal vectors the first.</summary>
    public IReadOnlyList<double[]> Members => _members;

    /// <summary>The reference point, as stated or as inferred from the vectors so far; null while none is known.</summary>
    public IReadOnlyList<double>? Reference => _reference;

    /// <summary>The volume between the front and the reference point; 0 while there is none.</summary>
    public double Hypervolume
    {
        get
        {
            if (_isStale) _volume = Pareto.Hypervolume.Compute(_members, _reference!);
            _isStale = false;
            return _volume;
        }
    }

    /// <summary>Takes in a vector; vectors with a value that is not finite are left out.</summary>
    /// <returns>Whether the vector joined the front.</returns>
    /// <exception cref="ArgumentException">The vector has not m losses.</exception>
    public bool Add(ReadOnlySpan<double> losses)
    {
        if (losses.Length != objectives)
            throw new ArgumentException($"A vector has {losses.Length} losses, the front {objectives}.", nameof(losses));
        double[] vector = losses.ToArray();
        if (!Array.TrueForAll(vector, double.IsFinite)) return false;
        bool wider = false;
        for (int j = 0; j < objectives; j++)
        {
            wider |= vector[j] < _low[j] || vector[j] > _high[j];
            (_low[j], _high[j]) = (Math.Min(_low[j], vector[j]), Math.Max(_high[j], vector[j]));
        }
        bool joins = !_members.Exists(f => f.AsSpan().SequenceEqual(vector) || Dominance.Dominates(f, vector));
        if (joins && !_isStale && _reference is { } corner) _volume += Pareto.Hypervolume.Exclusive(vector, _members, corner);
        if (joins)
        {
            _members.RemoveAll(f => Dominance.Dominates(vector, f));
            _members.Add(vector);
        }
        if (_isInferred && (joins || wider)) Infer();
        return joins;
    }

    /// <summary>
    /// The inferred reference point moves with the ends of the front; the volume is then worked out anew when it is next asked for.
    /// </summary>
    private void Infer()
    {
        var next = new double[objectives];
        for (int j = 0; j < objectives; j++)
        {
            int objective = j;
            next[j] = ReferencePoint.Coordinate(_members.Min(f => f[objective]), _members.Max(f => f[objective]), _low[j], _high[j]);
        }
        if (_reference is { } before && before.AsSpan().SequenceEqual(next)) return;
        (_reference, _isStale) = (next, true);
    }
}
