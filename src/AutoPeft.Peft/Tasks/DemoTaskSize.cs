namespace AutoPeft.Peft.Tasks;

/// <summary>How many examples a synthetic task has where its specification does not say.</summary>
/// <param name="Train">Training examples.</param>
/// <param name="Dev">Examples for choosing.</param>
/// <param name="Test">Examples for the final score.</param>
internal sealed record DemoTaskSize(int Train, int Dev, int Test)
{
    /// <summary>The seed of the language in which the demo speaks.</summary>
    public const ulong LanguageSeed = 2024;

    /// <summary>The default sizes of a synthetic task.</summary>
    public static DemoTaskSize Of(string task) => task switch
    {
        "paraphrase" => new DemoTaskSize(1000, 400, 1000),
        _ => new DemoTaskSize(500, 400, 1000),
    };
}
