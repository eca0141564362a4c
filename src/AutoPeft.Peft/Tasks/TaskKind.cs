namespace AutoPeft.Peft.Tasks;

/// <summary>What a task's labels are.</summary>
public enum TaskKind
{
    /// <summary>Classes; the model answers with one of them.</summary>
    Classification,

    /// <summary>Numbers; the model answers with a number.</summary>
    Regression,
}
