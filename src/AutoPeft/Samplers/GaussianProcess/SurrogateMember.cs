namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>One of the models that are averaged over: its hyperparameters, in units of the targets, and its mean before data.</summary>
/// <param name="H">Hyperparameters.</param>
/// <param name="Trend">Null for a mean of zero.</param>
internal sealed record SurrogateMember(Hyperparameters H, Trend? Trend = null);
