namespace AutoPeft.Parametrization;

/// <summary>One training of a transfer study.</summary>
/// <param name="Parametrization">What it was parametrised by, such as "muP"; studies are compared by it.</param>
/// <param name="Size">What grew: the width, or a depth, a batch size, a number of tokens. Positive.</param>
/// <param name="LearningRate">The base's rate, before a tensor's factor. Positive.</param>
/// <param name="Seed">The seed; runs of one seed share it over rates.</param>
/// <param name="Loss">The loss at the end; infinite or NaN where the run diverged.</param>
public sealed record TransferRun(string Parametrization, double Size, double LearningRate, int Seed, double Loss);
