namespace AutoPeft.GaussianProcess;

/// <summary>One of the models that are averaged over: its hyperparameters, in units of the targets, and its mean before data.</summary>
/// <param name="H">Hyperparameters.</param>
/// <param name="PriorMean">Null for a mean of zero.</param>
internal sealed record SurrogateMember(Hyperparameters H, PriorMean? PriorMean = null);
