namespace AutoPeft.Cli.Tests;

/// <summary>
/// A sweep over a program whose trials end at once up to a number, and from there on wait until the test lets them go: what a test does in
/// between has no deadline, and nothing waits for longer than it must. The loss is the one parameter, x.
/// </summary>
internal sealed class HeldTrials
{
    private const string Program = """
        echo "$AUTOPEFT_TRIAL" >>held.started
        # The folder goes when its test has failed.
        if [ "$AUTOPEFT_TRIAL" -ge "$2" ]; then while [ -e held.sh ] && [ ! -e held.go ]; do sleep 0.1; done; fi
        echo "{\"loss\": $1}"
        """;

    private readonly string _directory;
    private readonly int _free;

    /// <param name="directory">A folder, in which the commands are started.</param>
    /// <param name="free">The number of the first trial that waits.</param>
    public HeldTrials(string directory, int free)
    {
        (_directory, _free) = (directory, free);
        File.WriteAllText(Path.Combine(directory, "held.json"), """[{"name":"x","type":"float","low":0,"high":1}]""");
        File.WriteAllText(Path.Combine(directory, "held.sh"), Program);
    }

    /// <summary>What a command that sweeps these trials is given, without its budget and its place.</summary>
    public string[] Arguments =>
        ["held.json", "--command", $"sh held.sh {{x}} {_free}", "--metric", "loss:min", "--sampler", "random"];

    /// <summary>How often a trial's program has started.</summary>
    public int Started => File.Exists(Path.Combine(_directory, "held.started"))
        ? File.ReadAllLines(Path.Combine(_directory, "held.started")).Length : 0;

    /// <summary>Lets the trials that wait, and all that come, end.</summary>
    public void Release() => File.WriteAllText(Path.Combine(_directory, "held.go"), "");
}
