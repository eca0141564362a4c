using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Population;

/// <summary>A successor that the same ask proposed before.</summary>
/// <param name="Parent">Whose checkpoint it goes on from.</param>
/// <param name="Rung">The comparison at which that was left.</param>
/// <param name="Configuration">With what.</param>
internal sealed record Child(Trial Parent, long Rung, Configuration Configuration);
