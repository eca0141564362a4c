using System.Text;
using AutoPeft.Peft.Tokenizers;

namespace AutoPeft.Peft.Pretraining;

/// <summary>Text as pretraining takes it: paragraphs, cut into runs of whole sentences that fit the model.</summary>
internal static class PretrainingText
{
    private static readonly string[] SentenceEnds = [".", "!", "?", "。", "！", "？"];

    /// <summary>The paragraphs of a file.</summary>
    /// <exception cref="InvalidInputException">Not readable, not UTF-8, or empty.</exception>
    public static List<string> ReadParagraphs(string file)
    {
        string[] lines;
        InputFile.Check(file, InputFile.MostOfData);
        try
        {
            lines = File.ReadAllText(file, new UTF8Encoding(false, throwOnInvalidBytes: true)).TrimStart('\uFEFF').Split('\n');
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidInputException($"{file}: not UTF-8 text; convert it first (iconv -f latin1 -t utf-8)", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message})", e);
        }

        bool blankSeparates = lines.SkipLast(1).Any(string.IsNullOrWhiteSpace);
        var paragraphs = new List<string>(lines.Length);
        var current = new StringBuilder();
        void Close()
        {
            if (current.Length > 0) paragraphs.Add(current.ToString());
            current.Clear();
        }
        foreach (string line in lines)
        {
            if (string.IsNullOrWhiteSpace(line) || !blankSeparates) Close();
            if (!string.IsNullOrWhiteSpace(line)) current.Append(current.Length > 0 ? " " : "").Append(line.Trim());
        }
        Close();
        if (paragraphs.Count == 0) throw new InvalidInputException($"{file}: no text to learn from");
        return paragraphs;
    }

    /// <summary>
    /// Tokenized inputs without special tokens, none longer than <paramref name="room"/>: sentences of a paragraph are joined while they
    /// fit; a longer sentence is cut.
    /// </summary>
    public static List<TokenizedText> Tokenize(IEnumerable<string> paragraphs, WordPieceTokenizer tokenizer, int room,
        CancellationToken cancellationToken)
    {
        HashSet<int> ends = [.. SentenceEnds.Select(e => tokenizer.Vocabulary.TryGetId(e, out int id) ? id : -1)];
        var inputs = new List<TokenizedText>();
        foreach (string paragraph in paragraphs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<int> ids = tokenizer.TokenizeToIds(paragraph);
            int start = 0;
            while (start < ids.Count)
            {
                var boundaries = new List<int>();
                int end = start, limit = Math.Min(ids.Count, start + room);
                for (int i = start; i < limit; i++)
                {
                    bool sentenceEnds = ends.Contains(ids[i]) && (i + 1 == ids.Count || !ends.Contains(ids[i + 1]));
                    if (!sentenceEnds && i + 1 < ids.Count) continue;
                    end = i + 1;
                    boundaries.Add(end - start);
                }
                if (end == start) end = limit;
                inputs.Add(new TokenizedText([.. ids.GetRange(start, end - start)], [.. boundaries.Where(b => b < end - start)]));
                start = end;
            }
        }
        return inputs;
    }
}

/// <summary>A run of sentences.</summary>
/// <param name="Ids">Its tokens.</param>
/// <param name="Boundaries">Where a sentence inside begins.</param>
internal sealed record TokenizedText(int[] Ids, int[] Boundaries);
