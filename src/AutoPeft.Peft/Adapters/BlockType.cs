using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// A type of block that can be read from a file: a method of one's own hands its types to <see cref="AdapterFolder.Load"/>.
/// </summary>
/// <param name="Name">Name of the type in files, as <see cref="AdapterBlock.Type"/> says it.</param>
/// <param name="Read">
/// Makes the block at a place from what <see cref="AdapterBlock.Settings"/> kept. The block's name, dropout and, at a residual, scale are
/// set afterwards.
/// </param>
public sealed record BlockType(string Name, Func<Site, BlockSettings, AdapterBlock> Read)
{
    /// <summary>How the block joins the model, where that tells types of one name apart; null: there is one such type.</summary>
    internal string? Compose { get; init; }
}
