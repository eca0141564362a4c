using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// What a file keeps of a block, read key by key. A value that is absent, of another type or out of range is refused in one line that names
/// file and key, and so is a key that nobody asked for. Not thread-safe.
/// </summary>
public sealed class BlockSettings
{
    private readonly JsonFields core;
    private readonly JsonFields block;

    internal BlockSettings(JsonFields block, JsonFields core) => (this.block, this.core) = (block, core);

    /// <summary>The file and the place in it, for messages.</summary>
    public string Where => core.Where;

    /// <summary>The factor of what the block adds. Default 1.</summary>
    internal double Scale => block.Number("scale") ?? 1;

    /// <summary>The dropout of what the block reads. Default 0.</summary>
    internal double Dropout => block.Number("dropout") is not { } dropout ? 0
        : dropout >= 0 && dropout < 1 ? dropout
        : throw block.Bad("dropout", dropout, "a number in [0, 1)");

    /// <summary>The key of shared tensors; null: the block's own.</summary>
    internal string? ShareKey => PlanJson.ModuleName(block, "share_key");

    /// <summary>Which of the layers that share the tensors is the block's. Default 0.</summary>
    internal int ShareIndex => block.Integer("share_index", 0, PlanJson.MostLayers) ?? 0;

    /// <summary>Reads a whole number that must be there.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="least">The smallest that is allowed. Default 1.</param>
    /// <exception cref="InvalidInputException">The number is absent or out of range.</exception>
    public int Integer(string key, int least = 1) => core.Integer(key, least) ?? throw core.Bad(key, null, "an integer");

    /// <summary>Reads a finite number that must be there.</summary>
    /// <param name="key">Its key.</param>
    /// <exception cref="InvalidInputException">The number is absent or not finite.</exception>
    public double Number(string key) => core.Number(key) ?? throw core.Bad(key, null, "a number");

    /// <summary>Reads a text that must be there.</summary>
    /// <param name="key">Its key.</param>
    /// <exception cref="InvalidInputException">The text is absent.</exception>
    public string Text(string key) => core.Text(key) ?? throw core.Bad(key, null, "a string");

    /// <summary>A member of an enumeration that stands beside the settings.</summary>
    internal T BlockWord<T>(string key) where T : struct, Enum => JsonWords.Read<T>(block, key);

    /// <summary>A refusal of one key's value.</summary>
    internal InvalidInputException Bad(string key, string value, string expected) => core.Bad(key, value, expected);
}
