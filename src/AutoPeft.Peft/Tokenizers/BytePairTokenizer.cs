using System.Globalization;
using System.Text;

namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// Byte-pair encoding as decoders use it: SentencePiece's kind (LLaMA 2, Mistral: spaces visible as ▁, unknown letters as bytes) and the
/// byte-level kind (GPT-2, LLaMA 3, Qwen). Gives the ids that Hugging Face's tokenizers give for the same <c>tokenizer.json</c>.
/// </summary>
/// <remarks>
/// Immutable and thread-safe. A byte-level one loses nothing: <see cref="Decode"/> gives back every text. Patterns see a text in UTF-16:
/// letters beyond U+FFFF count as signs, not as letters, when words are cut.
/// </remarks>
public sealed class BytePairTokenizer
{
    private readonly BytePairFile _file;
    private readonly string[] _pieces;
    private readonly Dictionary<string, int> _ids;
    private readonly BytePairMerges _merges;
    private readonly AddedTokens _added;
    private readonly HashSet<int> _special;

    internal BytePairTokenizer(BytePairFile file)
    {
        _file = file;
        _pieces = file.Pieces;
        _ids = new Dictionary<string, int>(_pieces.Length, StringComparer.Ordinal);
        for (int id = 0; id < _pieces.Length; id++) if (_pieces[id] is { } piece) _ids.TryAdd(piece, id);
        _merges = new BytePairMerges(file.Merges.Select(m => (_ids[m.Left], _ids[m.Right], _ids[m.Left + m.Right])));
        _added = new AddedTokens(file.Added);
        _special = [.. file.Special];
    }

    /// <summary>Number of pieces in the vocabulary; ids run from 0 to one less.</summary>
    public int Count => _pieces.Length;

    /// <summary>Reads <c>tokenizer.json</c> of a checkpoint folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="InvalidInputException">The file is absent or malformed, or describes another kind of tokenizer.</exception>
    public static BytePairTokenizer Load(string folder) => new(BytePairFile.Read(Path.Combine(folder, TokenizerFile.FileName)));

    /// <summary>Learns a byte-level vocabulary from a text, as GPT-2's was learned.</summary>
    /// <param name="text">The text.</param>
    /// <param name="size">Pieces in all at most: the end-of-text token, 256 bytes, and merges.</param>
    /// <param name="cancellationToken">Honoured within a merge.</param>
    /// <exception cref="InvalidInputException">The size is below 257.</exception>
    public static BytePairTokenizer Learn(string text, int size, CancellationToken cancellationToken = default) =>
        new(BytePairLearner.Learn(text, size, cancellationToken));

    /// <summary>Writes <c>tokenizer.json</c>, which Hugging Face's tokenizers read. For learned tokenizers.</summary>
    /// <param name="folder">The folder; created where absent.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The tokenizer was not learned here; copy its own file.</exception>
    public void Save(string folder) => BytePairFile.Write(_file, folder);

    /// <summary>Turns a text into the ids of its tokens.</summary>
    /// <param name="text">The text. Special tokens written out in the text are found.</param>
    /// <param name="addSpecial">
    /// Whether the tokens that the model expects around a text, such as &lt;s&gt;, are put there. Default true.
    /// </param>
    public int[] Encode(string text, bool addSpecial = true)
    {
        var ids = new List<int>();
        // Words recur; a text's own dictionary keeps the tokenizer free of state.
        var known = new Dictionary<string, int[]>(StringComparer.Ordinal);
        if (addSpecial) ids.AddRange(_file.Before);
        int done = 0;
        while (_added.TryFind(text, done, out int start, out AddedToken token))
        {
            AddWords(text[done..start], done == 0, known, ids);
            ids.Add(token.Id);
            done = start + token.Content.Length;
        }
        AddWords(text[done..], done == 0, known, ids);
        if (addSpecial) ids.AddRange(_file.After);
        return [.. ids];
    }

    /// <summary>The text of ids. Special tokens are left out; bytes that make no character become U+FFFD.</summary>
    /// <param name="ids">The ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new List<byte>();
        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)_pieces.Length, nameof(ids));
            if (_special.Contains(id) || _pieces[id] is not { } piece) continue;
            if (_file.Added.Any(a => a.Id == id)) bytes.AddRange(Encoding.UTF8.GetBytes(piece));
            else if (_file.Splitting.ByteLevel) bytes.AddRange(ByteLetters.Decode(piece));
            else if (_file.ByteFallback && ByteOf(piece) is { } value) bytes.Add(value);
            else bytes.AddRange(Encoding.UTF8.GetBytes(piece.Replace(TextSplitting.Space, " ", StringComparison.Ordinal)));
        }
        string text = Encoding.UTF8.GetString([.. bytes]);
        return _file.Splitting is { VisibleSpaces: true, Leading: not LeadingSpace.Nowhere } && text.StartsWith(' ') ? text[1..] : text;
    }

    private void AddWords(string text, bool isFirst, Dictionary<string, int[]> known, List<int> ids)
    {
        foreach (string word in _file.Splitting.Words(text, isFirst))
        {
            if (!known.TryGetValue(word, out int[]? pieces)) known[word] = pieces = OfWord(word);
            ids.AddRange(pieces);
        }
    }

    private int[] OfWord(string word)
    {
        if (_file.IgnoreMerges && _ids.TryGetValue(word, out int whole)) return [whole];
        var letters = new List<int>(word.Length);
        bool unknownBefore = false;
        foreach (Rune rune in word.EnumerateRunes())
        {
            string letter = rune.ToString();
            if (_ids.TryGetValue(letter, out int id)) letters.Add(id);
            else if (Bytes(letter) is { } bytes) letters.AddRange(bytes);
            else if (_file.Unknown is { } unknown)
            {
                if (!(unknownBefore && _file.FuseUnknown)) letters.Add(unknown);
                unknownBefore = true;
                continue;
            }
            unknownBefore = false;
        }
        return _merges.Apply(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(letters));
    }

    private int[]? Bytes(string letter)
    {
        if (!_file.ByteFallback) return null;
        int[] ids = [.. Encoding.UTF8.GetBytes(letter).Select(b => _ids.GetValueOrDefault($"<0x{b:X2}>", -1))];
        return ids.Contains(-1) ? null : ids;
    }

    private static byte? ByteOf(string piece) =>
        piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
            && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
                ? value : null;
}
