namespace AutoPeft.Running;

/// <summary>Tells exhausted memory from other errors.</summary>
internal static class OutOfMemory
{
    // Python's and NumPy's, C++'s, and XLA's words for it.
    private static readonly string[] s_words = ["MemoryError", "Unable to allocate", "std::bad_alloc", "RESOURCE_EXHAUSTED"];

    /// <summary>
    /// Whether <paramref name="e"/>, or what caused it, says so: .NET's own exception, or torch's messages for its CUDA and CPU allocators.
    /// </summary>
    public static bool Is(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
            if (e is OutOfMemoryException || IsSaid(e.Message)) return true;
        return false;
    }

    /// <summary>Whether a line that another program wrote says so: torch's messages, or the words of Python, NumPy, C++ and XLA.</summary>
    public static bool IsText(string line) => IsSaid(line) || Array.Exists(s_words, w => line.Contains(w, StringComparison.Ordinal));

    private static bool IsSaid(string text) =>
        text.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || text.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)
            || text.Contains("cannot allocate memory", StringComparison.OrdinalIgnoreCase);
}
