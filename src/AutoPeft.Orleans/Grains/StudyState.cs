using AutoPeft.Orleans.Contracts;
using Orleans;

namespace AutoPeft.Orleans.Grains;

/// <summary>What a study grain keeps beside the log. Some providers store the names of the type and its members: do not rename them.</summary>
[GenerateSerializer, Alias("AutoPeft.StudyState")]
public sealed class StudyState
{
    /// <summary>Whether it gives out trials.</summary>
    [Id(0)]
    public StudyPhase Phase { get; set; }

    /// <summary>How it runs.</summary>
    [Id(1)]
    public ClusterRunOptions Options { get; set; } = new();
}
