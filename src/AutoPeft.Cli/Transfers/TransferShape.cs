namespace AutoPeft.Cli.Transfers;

/// <summary>One size of a transfer sweep: a model and how long it is trained.</summary>
/// <param name="Width">Width.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Batch">Sequences of an update.</param>
/// <param name="Steps">Updates.</param>
internal sealed record TransferShape(int Width, int Layers, int Batch, int Steps);
