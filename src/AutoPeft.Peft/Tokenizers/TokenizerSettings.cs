namespace AutoPeft.Peft.Tokenizers;

/// <summary>How a WordPiece tokenizer treats text before it looks pieces up. Immutable.</summary>
internal sealed record TokenizerSettings
{
    /// <summary>Whether the case is lowered. Default true (bert-base-uncased).</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>Whether accents are stripped; null: where the case is lowered, as in BERT. Default null.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Whether CJK ideographs stand alone. Default true.</summary>
    public bool SeparateIdeographs { get; init; } = true;

    /// <summary>Words that are neither lowered nor split, as the slow BertTokenizer's <c>never_split</c>. Default none.</summary>
    public IReadOnlyList<string> NeverSplit { get; init; } = [];

    /// <summary>Tokens that are found in the text as they stand, besides <see cref="Vocabulary.SpecialTokens"/>. Default none.</summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    /// <summary>Words of more characters become [UNK]. Default 100, BERT's.</summary>
    public int LongestWord { get; init; } = WordPieceTokenizer.LongestWord;
}

/// <summary>A token that is found in the text as it stands.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id in the vocabulary.</param>
/// <param name="Normalized">
/// Whether the token is looked for in normalised text, and normalised itself; else in the text as it was given.
/// </param>
/// <param name="SingleWord">Whether letters, digits and underscores on either side keep it from being found.</param>
internal sealed record AddedToken(string Content, int Id, bool Normalized = false, bool SingleWord = false);
