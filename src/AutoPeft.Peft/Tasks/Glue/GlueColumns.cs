namespace AutoPeft.Peft.Tasks;

/// <summary>Which columns hold the sentences and the label, under the names that GLUE's nine tasks use.</summary>
/// <param name="First">Index of the (first) sentence.</param>
/// <param name="Second">Index of the second sentence, or −1.</param>
/// <param name="Label">Index of the label, or −1 (GLUE's test sets have none).</param>
internal sealed record GlueColumns(int First, int Second, int Label)
{
    /// <summary>CoLA's files have no header: source, label, the author's mark, sentence.</summary>
    public static readonly string[] HeadlessCoLA = ["source", "label", "mark", "sentence"];

    private static readonly (string First, string Second)[] Pairs =
    [
        ("sentence1", "sentence2"), ("#1 string", "#2 string"), ("question1", "question2"), ("question", "sentence"),
        ("premise", "hypothesis"), ("text1", "text2"),
    ];

    private static readonly string[] Singles = ["sentence", "text", "review"];

    private static readonly string[] LabelNames = ["label", "gold_label", "score", "is_duplicate", "quality"];

    public static bool LooksLikeHeadlessCoLA(string[] firstLine) => firstLine.Length == 4 && firstLine[1] is "0" or "1";

    /// <exception cref="InvalidInputException">No column has a known name for a sentence.</exception>
    public static GlueColumns Find(TsvTable table)
    {
        string[] names = [.. table.Columns.Select(c => c.Trim().ToLowerInvariant())];
        int label = LabelNames.Select(n => Array.IndexOf(names, n)).FirstOrDefault(i => i >= 0, -1);
        foreach (var (first, second) in Pairs)
        {
            int i = Array.IndexOf(names, first), j = Array.IndexOf(names, second);
            if (i >= 0 && j >= 0) return new GlueColumns(i, j, label);
        }
        foreach (string single in Singles)
        {
            int i = Array.IndexOf(names, single);
            if (i >= 0) return new GlueColumns(i, -1, label);
        }
        throw new InvalidInputException(
            $"{table.File}, line 1: no sentence column among {string.Join(", ", table.Columns)}; name it 'sentence', or 'sentence1' and "
                + $"'sentence2' for pairs");
    }
}
