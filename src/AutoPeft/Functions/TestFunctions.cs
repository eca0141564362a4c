namespace AutoPeft.Functions;

/// <summary>The closed-form problems that ship, by name.</summary>
public static class TestFunctions
{
    private static readonly (string Name, Func<TestFunction> Make)[] Known =
    [
        ("branin-currin", MultiObjectiveFunctions.BraninCurrin),
        ("dtlz2", () => MultiObjectiveFunctions.Dtlz2(6, 2)),
        ("dtlz2-6-3", () => MultiObjectiveFunctions.Dtlz2(6, 3)),
        ("dtlz2-7-4", () => MultiObjectiveFunctions.Dtlz2(7, 4)),
        ("dtlz2-shifted-6-2", () => MultiObjectiveFunctions.Dtlz2Shifted(6, 2)),
        ("dtlz2-shifted-6-3", () => MultiObjectiveFunctions.Dtlz2Shifted(6, 3)),
        ("dtlz2-shifted-7-4", () => MultiObjectiveFunctions.Dtlz2Shifted(7, 4)),
        ("zdt1", () => MultiObjectiveFunctions.Zdt(1, 10)),
        ("zdt1-30", () => MultiObjectiveFunctions.Zdt(1, 30)),
        ("zdt2", () => MultiObjectiveFunctions.Zdt(2, 8)),
        ("zdt3", () => MultiObjectiveFunctions.Zdt(3, 8)),
        ("dtlz2-noisy", () => MultiObjectiveFunctions.Dtlz2(6, 2) with { Name = "dtlz2-noisy", Noise = 0.03 }),
        ("dtlz7-6-3", () => MultiObjectiveFunctions.Dtlz7(6, 3)),
        ("four-bar-truss", MultiObjectiveFunctions.Truss),
        ("vehicle-safety", MultiObjectiveFunctions.VehicleSafety),
        ("dtlz7-7-4", () => MultiObjectiveFunctions.Dtlz7(7, 4)),
        ("car-side-impact", MultiObjectiveFunctions.CarSideImpact),
        ("branin", () => SingleObjectiveFunctions.Branin()),
        ("hartmann6", () => SingleObjectiveFunctions.Hartmann6()),
        ("hartmann6-noisy", () => SingleObjectiveFunctions.Hartmann6("hartmann6-noisy", 0.15)),
        ("branin-noisy", () => SingleObjectiveFunctions.Branin("branin-noisy", 2)),
        ("hartmann6-in-30", () => SingleObjectiveFunctions.HartmannWide(30)),
        ("ackley8", () => SingleObjectiveFunctions.Ackley(8)),
        ("ackley20", () => SingleObjectiveFunctions.Ackley(20, 100)),
        ("rosenbrock4", () => SingleObjectiveFunctions.Rosenbrock(4)),
        ("levy6", () => SingleObjectiveFunctions.Levy(6)),
        ("levy20", () => SingleObjectiveFunctions.Levy(20, 100)),
        ("levy6-noisy", () => SingleObjectiveFunctions.Levy(6) with { Name = "levy6-noisy", Noise = 1 }),
        ("shekel", SingleObjectiveFunctions.Shekel),
        ("styblinski8", () => SingleObjectiveFunctions.Styblinski(8)),
        ("michalewicz5", SingleObjectiveFunctions.Michalewicz),
        ("recipe", SingleObjectiveFunctions.Recipe),
        ("peft-like", MixedFunctions.PeftLike),
        ("peft-counted", MixedFunctions.PeftCounted),
        ("ackley-mixed", MixedFunctions.AckleyMixed),
        ("divergence", MixedFunctions.Divergence),
        ("methods", MixedFunctions.Methods),
        ("methods-size", MixedFunctions.MethodsAndSize),
        ("deep-network", MixedFunctions.DeepNetwork),
        ("small-network", MixedFunctions.SmallNetwork),
        ("c2-dtlz2", ConstrainedFunctions.C2Dtlz2),
        ("bnh", ConstrainedFunctions.Bnh),
        ("srn", ConstrainedFunctions.Srn),
        ("osy", ConstrainedFunctions.Osy),
        ("gramacy", ConstrainedFunctions.Gramacy),
        ("townsend", ConstrainedFunctions.Townsend),
        ("disc-brake", ConstrainedFunctions.DiscBrake),
        ("welded-beam", ConstrainedFunctions.WeldedBeam),
        ("tension-spring", ConstrainedFunctions.Spring),
        ("pressure-vessel", ConstrainedFunctions.PressureVessel),
        ("budgeted", ConstrainedFunctions.Knapsack),
    ];

    /// <summary>Names of the test functions that ship with the library.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Name)];

    /// <summary>The problem of a name; "_" and "-" are the same.</summary>
    /// <exception cref="InvalidInputException">There is none of this name; the message lists those there are.</exception>
    public static TestFunction Resolve(string name)
    {
        string wanted = name.Replace('_', '-').ToLowerInvariant();
        foreach ((string known, Func<TestFunction> make) in Known)
            if (known == wanted) return make();
        throw new InvalidInputException($"There is no test function '{name}'; there are {string.Join(", ", Names)}.");
    }
}
