#if !ORLEANS
namespace AutoPeft.Cli.Cluster;

/// <summary>What a command of clusters says in a build without Orleans.</summary>
internal static class OrleansMissing
{
    public static InvalidInputException Error(string what) => new(
        $"{what} needs Microsoft Orleans, which was not on the package feed when this was built; add a feed that has it and run `autopeft setup`, or run the study with `sweep` and `resume` on one machine.");
}
#endif
