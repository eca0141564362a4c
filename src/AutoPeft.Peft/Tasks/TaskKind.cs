namespace AutoPeft.Peft.Tasks;

/// <summary>Whether a task's labels are classes or numbers.</summary>
public enum TaskKind
{
    /// <summary>Classes; the model answers with one of them.</summary>
    Classification,

    /// <summary>Numbers; the model answers with a number.</summary>
    Regression,
}
