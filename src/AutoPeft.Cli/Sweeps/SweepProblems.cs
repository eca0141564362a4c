using AutoPeft.Cli.Programs;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Finds the problem that a space's name, or a study's definition, means.</summary>
internal static class SweepProblems
{
    public const string SpaceSetting = "space";

    public static ISweepProblem Resolve(string space) =>
        space.StartsWith(FunctionProblem.Prefix, StringComparison.Ordinal) ? new FunctionProblem()
        : space.StartsWith(PlanProblem.Prefix, StringComparison.Ordinal) ? new PlanProblem()
        : space is FinalProblem.Space or FinalProblem.RateSpace ? new FinalProblem()
        : CommandProblem.Is(space) ? new CommandProblem()
        : FileProblem.Is(space) ? new FileProblem()
        : new PeftProblem();

    public static ISweepProblem Of(StudyDefinition definition) =>
        definition.Settings.TryGetValue(SpaceSetting, out string? space) ? Resolve(space)
        : throw new InvalidInputException(
            "This study was not made by `autopeft sweep`: its log does not say what to run. Drive it from the program that made it.");
}
