using System.Text;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Tasks.Synthetic;

namespace AutoPeft.Cli.Decoders;

/// <summary>What laws and muP commands train on: a file's bytes, or a text of the synthetic language.</summary>
internal static class ByteText
{
    // About 700 kB: more than a short training reads.
    private const int Paragraphs = 10_000;

    /// <summary>The text as ids 0 to 255.</summary>
    /// <param name="file">The file; null: the synthetic language.</param>
    public static int[] Read(string? file) => file is not null
        ? CausalLanguageModeling.ReadBytes(file)
        : Array.ConvertAll(Encoding.UTF8.GetBytes(string.Join('\n', new SyntheticLanguage(0).Corpus(Paragraphs))), b => (int)b);
}
