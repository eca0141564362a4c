namespace AutoPeft.Peft.Tests.Training;

/// <summary>
/// Tests that need torch's generator, thread count or count of tensors to themselves: all of these belong to the process, so nothing may
/// run beside them.
/// </summary>
[CollectionDefinition("torch's process-wide generator", DisableParallelization = true)]
public sealed class ProcessWideGenerator;
