using System.Text;

namespace AutoPeft.Peft.Models;

/// <summary>Seeds of random streams that are told apart by a name.</summary>
internal static class NamedSeed
{
    /// <summary>
    /// The seed of a name's stream: FNV-1a of the name, mixed with the seed by SplitMix64's finaliser. Stable across runs and machines,
    /// unlike GetHashCode. Below 2⁶³, as torch wants seeds.
    /// </summary>
    public static ulong Of(ulong seed, string name)
    {
        ulong hash = 14695981039346656037UL;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) hash = (hash ^ b) * 1099511628211UL;
        ulong z = hash + seed * 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return (z ^ (z >> 31)) >> 1;
    }
}
