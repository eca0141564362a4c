namespace AutoPeft.Running;

/// <summary>Tells exhausted memory from other errors.</summary>
internal static class OutOfMemory
{
    /// <summary>Whether <paramref name="e"/>, or what caused it, says so: .NET's own exception, or torch's messages for its CUDA and CPU allocators.</summary>
    public static bool Is(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
            if (e is OutOfMemoryException || e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
