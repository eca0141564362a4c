using System.Collections.Immutable;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>A trial of an earlier study as a point of the new space.</summary>
/// <param name="Configuration">The point.</param>
/// <param name="Losses">One per objective of the new study; NaN where the earlier one did not measure it.</param>
internal sealed record EarlierTrial(Configuration Configuration, ImmutableArray<double> Losses)
{
    /// <summary>By value.</summary>
    public bool Equals(EarlierTrial? other) =>
        other is not null && Configuration.Equals(other.Configuration) && Losses.SequenceEqual(other.Losses);

    /// <inheritdoc/>
    public override int GetHashCode() => Configuration.GetHashCode();
}

/// <summary>
/// What an earlier study has to say to a new one, in the new study's definition, so that its log alone replays every proposal.
/// </summary>
/// <param name="Name">The earlier study's name.</param>
/// <param name="Trials">Its completed trials, best first by its own objectives.</param>
internal sealed record EarlierStudy(string Name, ImmutableArray<EarlierTrial> Trials)
{
    /// <summary>By value.</summary>
    public bool Equals(EarlierStudy? other) => other is not null && Name == other.Name && Trials.SequenceEqual(other.Trials);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Trials.Length);
}
