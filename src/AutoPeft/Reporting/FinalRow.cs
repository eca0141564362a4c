namespace AutoPeft.Reporting;

/// <summary>
/// One row of the final evaluation: a configuration of the front, or a baseline, retrained under seeds that the search did not use and
/// scored on the untouched test set.
/// </summary>
/// <param name="Name">How people call it: "trial 17", "full fine-tuning", "LoRA r8 on q, v".</param>
/// <param name="TrainableParameters">Number of trainable parameters, counted exactly.</param>
/// <param name="Share">Trainable parameters divided by the model's; 0.0081 is 0.81 %.</param>
/// <param name="TestMean">Mean of the test score over the seeds, in the metric's own units.</param>
/// <param name="TestSd">Sample standard deviation over the seeds (n − 1); NaN for one seed.</param>
/// <param name="Seeds">Number of seeds that the configuration was retrained with.</param>
public sealed record FinalRow(string Name, long TrainableParameters, double Share, double TestMean, double TestSd, int Seeds)
{
    /// <summary>Peak learning rate; null where the study's own for the kind of method was used.</summary>
    public double? LearningRate { get; init; }

    /// <summary>
    /// What is to be known of the rate: "searched" (part of the configuration), "lowest tried" or "highest tried" (a rate beyond the
    /// ones tried may be better); null where it was the best between others.
    /// </summary>
    public string? RateNote { get; init; }

    /// <summary>The dev score by which the row's learning rate was chosen, or that the search saw; null where there is none.</summary>
    public double? DevScore { get; init; }

    /// <summary>True for a method that was not searched for.</summary>
    public bool IsBaseline { get; init; }

    /// <summary>The trial whose configuration this is; selecting the row selects it in every chart. Null for a baseline.</summary>
    public int? TrialNumber { get; init; }
}
