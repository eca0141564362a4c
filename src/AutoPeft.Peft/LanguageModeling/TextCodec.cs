using System.Text;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tokenizers;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>
/// Text to the ids of a language model and back: by the tokenizer in its folder, or byte by byte. Immutable and thread-safe.
/// </summary>
/// <param name="Tokenizer">The tokenizer; null: ids are bytes.</param>
internal sealed record TextCodec(BytePairTokenizer? Tokenizer)
{
    /// <summary>Ids of a model that reads bytes.</summary>
    public const int Bytes = 256;

    /// <summary>The codec of a model's folder: its <c>tokenizer.json</c>; without one, bytes.</summary>
    /// <exception cref="InvalidInputException">
    /// There is no tokenizer and the vocabulary is not that of bytes, or the file cannot be used.
    /// </exception>
    public static TextCodec Load(string folder, DecoderConfig config)
    {
        if (File.Exists(Path.Combine(folder, TokenizerFile.FileName))) return new TextCodec(BytePairTokenizer.Load(folder));
        if (config.VocabSize == Bytes) return new TextCodec((BytePairTokenizer?)null);
        throw new InvalidInputException(
            $"{folder}: holds no {TokenizerFile.FileName}; "
                + $"without one a vocabulary has the {Bytes} bytes, but this model has {config.VocabSize} pieces");
    }

    /// <summary>The ids of a text, with what the model expects in front of it.</summary>
    public int[] Encode(string text) =>
        Tokenizer?.Encode(text) ?? Array.ConvertAll(Encoding.UTF8.GetBytes(text), b => (int)b);

    /// <summary>The text of ids; bytes that make no character become U+FFFD.</summary>
    public string Decode(IEnumerable<int> ids) =>
        Tokenizer?.Decode(ids) ?? Encoding.UTF8.GetString([.. ids.Select(id => (byte)id)]);
}
