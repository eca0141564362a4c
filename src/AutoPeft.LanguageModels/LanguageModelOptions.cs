namespace AutoPeft.LanguageModels;

/// <summary>Options of <see cref="LanguageModelSampler"/>.</summary>
public sealed record LanguageModelOptions
{
    /// <summary>
    /// First trials that the model proposes from the space's description alone. Default 4: as many as a Gaussian process starts with.
    /// </summary>
    public int ZeroShotTrials { get; init; } = 4;

    /// <summary>Configurations asked for at once after that. Default 10, LLAMBO's.</summary>
    public int Candidates { get; init; } = 10;

    /// <summary>
    /// Whether the model is then asked what each candidate will score, and the most promising run. Default true; false takes the candidates
    /// in their order.
    /// </summary>
    public bool SurrogateHints { get; init; } = true;

    /// <summary>
    /// Every so many-th trial after the first ones comes from the inner sampler. Default 2: a language model's taste comes with no
    /// guarantee, and half the trials bound what it can cost. 0 for never.
    /// </summary>
    public int InnerEvery { get; init; } = 2;

    /// <summary>
    /// LLAMBO's α: how far beyond the best value the candidates are asked to reach, as a share of the range seen. Default 0.1.
    /// </summary>
    public double Reach { get; init; } = 0.1;

    /// <summary>Trials told to the model, the best and the latest. Default 30, which fits the smallest contexts.</summary>
    public int History { get; init; } = 30;

    /// <summary>Characters of an answer beyond which it is dropped unread. Default 65,536.</summary>
    public int MostCharacters { get; init; } = 65_536;

    /// <summary>Time for one answer; past it the answer counts as failed. Default 2 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>What the model should know of the task, in its own words: data, base model, what is known to work. Default none.</summary>
    public string? Task { get; init; }
}
