using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.HuggingFace;

/// <summary>One tensor of an adapter's file and where it belongs.</summary>
/// <param name="Block">The block that it fills.</param>
/// <param name="Name">The tensor's name in the block.</param>
/// <param name="Key">The tensor's key in the file; its shape and element type have been checked.</param>
/// <param name="Form">Turns the stored form into the block's; null: they are equal.</param>
internal sealed record HfTensor(AdapterBlock Block, string Name, string Key, Func<Tensor, Tensor>? Form = null);

/// <summary>What an adapter's file holds, checked against configuration and base model before anything is attached.</summary>
/// <param name="Plan">What has to be attached.</param>
/// <param name="Tensors">What fills the plan's blocks: every tensor of every block once.</param>
/// <param name="Notes">What the person should know: settings that name nothing here.</param>
internal sealed record HfContent(PeftPlan Plan, IReadOnlyList<HfTensor> Tensors, IReadOnlyList<string> Notes);

/// <summary>The keys of peft's files.</summary>
internal static class HfKeys
{
    /// <summary>Takes peft's prefixes off a key: <c>base_model.model.</c>, or <c>base_model.</c> for prompts and prefixes.</summary>
    public static string Unprefixed(string key)
    {
        const string Outer = "base_model.", Inner = "model.";
        if (key.StartsWith(Outer, StringComparison.Ordinal)) key = key[Outer.Length..];
        return key.StartsWith(Inner, StringComparison.Ordinal) ? key[Inner.Length..] : key;
    }

    /// <summary>The file's tensors by their names without prefixes.</summary>
    /// <exception cref="InvalidInputException">Two tensors differ by their prefixes alone.</exception>
    public static Dictionary<string, string> ByName(SafetensorsReader reader, Func<string, string> nameOf)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in reader.Entries.Keys.Order(StringComparer.Ordinal))
            if (!keys.TryAdd(nameOf(key), key))
                throw new InvalidInputException(
                    $"{reader.Path}: tensors '{keys[nameOf(key)]}' and '{key}' are one tensor of the model; leave one");
        return keys;
    }
}
