namespace AutoPeft.Peft.Tests.Oracles;

/// <summary>Public data that is not part of the repository: <c>AUTOPEFT_DATA</c> names its folder.</summary>
internal static class PublicData
{
    /// <summary>The path of a file or folder; the test is skipped, visibly, where it is not there.</summary>
    public static string Require(string relative)
    {
        string path = Path.Combine(Environment.GetEnvironmentVariable("AUTOPEFT_DATA") ?? "", relative);
        Skip.IfNot(Path.Exists(path), $"AUTOPEFT_DATA names no folder with {relative}");
        return path;
    }
}
