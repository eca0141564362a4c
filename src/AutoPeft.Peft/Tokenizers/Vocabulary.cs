using System.Collections.Frozen;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// The pieces a model knows, each with its id: the line number in <c>vocab.txt</c>, counted from 0. Immutable and thread-safe.
/// Holds [PAD], [UNK], [CLS], [SEP] and [MASK], or is refused.
/// </summary>
public sealed class Vocabulary
{
    /// <summary>The file's name in the Hugging Face layout.</summary>
    public const string FileName = "vocab.txt";

    /// <summary>The tokens that BERT needs, in the order in which a learned vocabulary begins.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>The most bytes of a vocabulary: the largest in use has 2 MB.</summary>
    private const long MaxBytes = 64L << 20;

    private readonly string[] _tokens;
    private readonly FrozenDictionary<string, int> _ids;

    /// <param name="tokens">The pieces in the order of their ids.</param>
    /// <exception cref="InvalidInputException">A piece occurs twice, is empty, or a special token is missing.</exception>
    public Vocabulary(IEnumerable<string> tokens) : this(tokens, "the vocabulary") { }

    private Vocabulary(IEnumerable<string> tokens, string source)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _tokens = [.. tokens];
        var ids = new Dictionary<string, int>(_tokens.Length, StringComparer.Ordinal);
        for (int i = 0; i < _tokens.Length; i++)
        {
            if (_tokens[i].Length == 0)
                throw new InvalidInputException($"{source}, line {i + 1}: an empty token; remove the line or name the token");
            if (!ids.TryAdd(_tokens[i], i))
                throw new InvalidInputException($"{source}, line {i + 1}: the token '{_tokens[i]}' is already on line "
                    + $"{ids[_tokens[i]] + 1}; a token may stand only once");
        }
        foreach (string special in SpecialTokens)
        {
            if (!ids.ContainsKey(special))
                throw new InvalidInputException($"{source} lacks {special}; a BERT vocabulary needs {string.Join(", ", SpecialTokens)}");
        }
        _ids = ids.ToFrozenDictionary(StringComparer.Ordinal);
        PadId = _ids["[PAD]"];
        UnknownId = _ids["[UNK]"];
        ClassifyId = _ids["[CLS]"];
        SeparatorId = _ids["[SEP]"];
        MaskId = _ids["[MASK]"];
    }

    /// <summary>Number of pieces in the vocabulary.</summary>
    public int Count => _tokens.Length;

    /// <summary>The piece with this id.</summary>
    public string this[int id] => _tokens[id];

    /// <summary>Id of the padding token [PAD].</summary>
    public int PadId { get; }

    /// <summary>Id of the token [UNK], which stands for unknown pieces.</summary>
    public int UnknownId { get; }

    /// <summary>Id of the token [CLS], which starts every input.</summary>
    public int ClassifyId { get; }

    /// <summary>Id of the token [SEP], which ends every sentence.</summary>
    public int SeparatorId { get; }

    /// <summary>Id of the token [MASK], which hides a token in pretraining.</summary>
    public int MaskId { get; }

    /// <summary>Whether <paramref name="id"/> is one of <see cref="SpecialTokens"/>.</summary>
    public bool IsSpecial(int id) => id == PadId || id == UnknownId || id == ClassifyId || id == SeparatorId || id == MaskId;

    /// <summary>The id of <paramref name="token"/>, if the vocabulary has it.</summary>
    public bool TryGetId(string token, out int id) => _ids.TryGetValue(token, out id);

    internal FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> SpanLookup => _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Reads <c>vocab.txt</c> from a checkpoint folder, or the file itself.</summary>
    /// <exception cref="InvalidInputException">The file is missing or not a BERT vocabulary.</exception>
    public static Vocabulary Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        InputFile.Check(file, MaxBytes, $"a model's folder needs {FileName}, one token a line");
        var lines = new List<string>(Lines(file));
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        return new Vocabulary(lines, file);
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes <c>vocab.txt</c> into the folder, UTF-8, a line feed after each token.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, FileName), string.Concat(_tokens.Select(t => t + "\n")));
    }
}
