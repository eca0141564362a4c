using TorchSharp;

namespace AutoPeft.Peft.Training;

/// <summary>How many threads libtorch may use for one operation.</summary>
internal static class ThreadCount
{
    /// <summary>The most threads: more than any machine's cores, few enough to be started.</summary>
    public const int Max = 1024;

    /// <summary>Refuses a number of threads that cannot be started.</summary>
    /// <param name="threads">The number.</param>
    /// <param name="what">The option, for the message.</param>
    /// <returns>The number.</returns>
    /// <exception cref="InvalidInputException">It is below 1 or above <see cref="Max"/>.</exception>
    public static int Checked(int threads, string what) =>
        threads is >= 1 and <= Max ? threads : throw new InvalidInputException($"{what} is {threads}; it must be between 1 and {Max}");

    /// <summary>Sets the number of threads of this process.</summary>
    /// <param name="threads">The number.</param>
    /// <param name="what">The option, for the message.</param>
    /// <exception cref="InvalidInputException">It is below 1 or above <see cref="Max"/>.</exception>
    public static void Set(int threads, string what) => torch.set_num_threads(Checked(threads, what));
}
