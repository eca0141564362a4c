namespace AutoPeft.GaussianProcess;

/// <summary>Options of the Gaussian-process sampler.</summary>
public sealed record GaussianProcessOptions
{
    /// <summary>
    /// Trials before the first model: the centre of the space and scrambled Sobol' points. Null (default): 4 to 8, growing slowly with the
    /// number of parameters; the priors make fits from so few useful.
    /// </summary>
    public int? StartupTrials { get; init; }

    /// <summary>
    /// Joint draws of the function at known points that noisy improvement and pending trials are averaged over. Default 8: quasi-exact
    /// integration inside each makes more unnecessary.
    /// </summary>
    public int Paths { get; init; } = 8;

    /// <summary>
    /// Draws of the hyperparameters from their posterior that improvement is averaged over beside the fitted ones, up to 150 trials and two
    /// objectives. Null (default): for one objective 8 with the sparse prior or earlier studies, for two objectives 3 with choices or
    /// earlier studies, none elsewhere: there the prior, which takes parameters to matter alike until the data speak against it, keeps the
    /// search from being sure that what was hardly varied does not matter, and does it better.
    /// </summary>
    public int? Draws { get; init; }

    /// <summary>
    /// Length-scale prior for wide spaces, where most parameters are believed not to matter (SAASBO). Default false: dimension-scaled
    /// log-normal priors.
    /// </summary>
    public bool SparsePrior { get; init; }

    /// <summary>
    /// πBO's β: how many trials a stated prior outweighs. Default 10, as its authors recommend a tenth of a usual budget.
    /// </summary>
    public double PriorStrength { get; init; } = 10;

    /// <summary>Share of noise in a loss's variance above which observed values are not taken at their word. Default 1e-4.</summary>
    public double NoiseThreshold { get; init; } = 1e-4;

    /// <summary>
    /// One objective: how much better than the best known a point has to be to count as an improvement, in standard deviations of the loss,
    /// for every fourth trial until the last sixth of the budget. Default 0.12: plain expected improvement polishes the basin it is in for
    /// as long as it lasts; asking for more sends some trials to where more may be.
    /// </summary>
    public double Margin { get; init; } = 0.12;

    /// <summary>
    /// One objective, the other trials: factor on the model's standard deviation. Default 0.7: where its mean promises something. With 1
    /// there was less to show on eleven of fifteen problems, with 0.5 noise misled it.
    /// </summary>
    public double UncertaintyScale { get; init; } = 0.7;

    /// <summary>
    /// One objective, the last sixth of the budget: the same. Default 0.15: what is learnt now serves no later trial, so that nothing but
    /// what it gives counts.
    /// </summary>
    public double LastUncertaintyScale { get; init; } = 0.15;

    /// <summary>
    /// Several objectives of numbers alone: what <see cref="Margin"/> is, in every objective against the front, for one trial in four with
    /// two objectives and one in eight with more. Default 0.02: a front can be filled in for ever, a hair at a time, and a search that is
    /// sure of its model would never see that half of it is elsewhere.
    /// </summary>
    public double FrontMargin { get; init; } = 0.02;

    /// <summary>
    /// Several objectives of numbers alone, the other trials: factor on the models' standard deviations. Default 0.5: over a trade-off
    /// there is always a corner of which little is known and which promises much; these go where the models' means promise something. With
    /// one bold trial in two, fronts of four objectives take half as long again.
    /// </summary>
    public double FrontUncertaintyScale { get; init; } = 0.5;

    /// <summary>Most objectives for the hypervolume acquisition; more are scalarised (ParEGO). Default 4: boxes grow as n^(m/2).</summary>
    public int HypervolumeObjectives { get; init; } = 4;
}
