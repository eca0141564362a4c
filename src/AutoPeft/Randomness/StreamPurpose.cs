namespace AutoPeft.Randomness;

/// <summary>What a random stream is for. Values are part of a study's reproducibility: append, never renumber.</summary>
internal enum StreamPurpose : ulong
{
    /// <summary>Anything without a purpose of its own.</summary>
    General = 0,

    /// <summary>A sampler's proposals to one ask; the stream's number is the first trial that was asked for.</summary>
    Ask = 1,

    /// <summary>The seed that a trial trains with.</summary>
    Training = 2,

    /// <summary>Seeds of the final evaluation, apart from those of the search.</summary>
    Evaluation = 3,

    /// <summary>Generated data.</summary>
    Data = 4,

    /// <summary>Scrambling of a quasi-random sequence.</summary>
    Scramble = 5,

    /// <summary>Resampling: bootstrap and permutation.</summary>
    Bootstrap = 6,
}
