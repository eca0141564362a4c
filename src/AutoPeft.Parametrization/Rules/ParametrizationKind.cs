namespace AutoPeft.Parametrization;

/// <summary>The tables that the rules come from.</summary>
internal enum ParametrizationKind
{
    Standard,
    NeuralTangent,
    MuP,
    CompleteP,
    CompletedP,
    UnitMuP,
}
