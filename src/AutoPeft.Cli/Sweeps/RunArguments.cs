using System.Text.Json.Serialization;

namespace AutoPeft.Cli.Sweeps;

/// <summary>How a sweep runs on this machine: as typed, or as recorded by <see cref="RecordedRun"/>.</summary>
internal sealed record RunArguments
{
    public int Workers { get; init; } = 1;
    public string Device { get; init; } = "cpu";
    public int? Threads { get; init; }
    public int PerGpu { get; init; } = 1;
    public int GpusPerTrial { get; init; } = 1;
    public double? TrialTimeout { get; init; }
    public double HangTimeout { get; init; } = 600;
    public int Attempts { get; init; } = 3;

    [JsonIgnore]
    public bool Plain { get; init; }
}
