namespace AutoPeft.MLNet.Tuners;

/// <summary>Options of a tuner for ML.NET that asks an AutoPeft sampler for its proposals.</summary>
public sealed record SamplerTunerOptions
{
    /// <summary>All randomness hangs on this; 0 unless stated.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Trials to come, for samplers that plan ahead ("auto", "grid"); null, the default, where it is not known, as in an experiment that
    /// runs for a time.
    /// </summary>
    public int? Budget { get; init; }

    /// <summary>
    /// Whether the first trial is the search space's default where it states one. True unless stated, as ML.NET's own tuners do: the
    /// defaults of its trainers are good, and cheap to train.
    /// </summary>
    public bool StartAtDefault { get; init; } = true;
}
