using AutoPeft.Randomness;

namespace AutoPeft.Peft.Tasks.Synthetic;

/// <summary>
/// A small artificial language: a lexicon of some four hundred words spelt from syllables, a grammar with agreement, selection, negation,
/// contrast, synonyms and two word orders. It needs no download, and because the meaning of its words shows only in their company, a model
/// that has read its corpus knows what a small labelled set cannot teach. Everything follows from the seed.
/// </summary>
/// <param name="seed">Names the language: its words, corpus and tasks.</param>
public sealed class SyntheticLanguage(ulong seed)
{
    // Streams of the language's seed; 1 and 2 spell the lexicon.
    private const ulong CorpusStream = 3, TaskStreams = 16;

    /// <summary>
    /// Shares of paragraphs that restate and that list evaluations, and share of all but the first that end in a verdict.
    /// </summary>
    private const double RestatementShare = 0.35, EnumerationShare = 0.3, VerdictShare = 0.9;

    private readonly Grammar _grammar = new(new Lexicon(seed));

    /// <summary>Number of different words that the language's texts can hold.</summary>
    public int WordCount => _grammar.Lexicon.WordCount;

    /// <summary>Names of the tasks that the language can make.</summary>
    public static IReadOnlyList<string> TaskNames { get; } = ["polarity", "paraphrase", "acceptability"];

    /// <summary>
    /// Text for pretraining, a paragraph a line. Two sentences of which the
    /// second restates the first in other words; or praise or blame, and mostly an interjection that sums it up.
    /// </summary>
    /// <param name="lines">How many paragraphs.</param>
    public IEnumerable<string> Corpus(int lines)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lines);
        var random = new Philox(seed, CorpusStream, StreamPurpose.Data);
        for (int i = 0; i < lines; i++) yield return Paragraph(random);
    }

    /// <summary>One of the three tasks: balanced classes, no input in two splits or twice in one.</summary>
    /// <param name="name">One of <see cref="TaskNames"/>.</param>
    /// <param name="train">Training examples.</param>
    /// <param name="dev">Examples for choosing.</param>
    /// <param name="test">Examples for the final score.</param>
    /// <exception cref="InvalidInputException">There is no such task.</exception>
    public TextTask Task(string name, int train, int dev, int test)
    {
        var (labels, metric, draw) = name switch
        {
            "polarity" => (new[] { "bad", "good" }, TaskMetric.Accuracy, (Func<int, Philox, (string, string?)>)Polarity),
            "paraphrase" => (["different", "same"], TaskMetric.Accuracy, Paraphrase),
            "acceptability" => (["unacceptable", "acceptable"], TaskMetric.Matthews, Acceptability),
            _ => throw new InvalidInputException($"unknown synthetic task '{name}'; known: {string.Join(", ", TaskNames)}"),
        };
        ulong stream = TaskStreams + (ulong)TaskNames.ToList().IndexOf(name);
        var random = new Philox(seed, stream, StreamPurpose.Data);
        var seen = new HashSet<(string, string?)>();
        List<TextExample> Split(int count)
        {
            var examples = new List<TextExample>(count);
            while (examples.Count < count)
            {
                int label = examples.Count % 2;
                var (first, second) = draw(label, random);
                if (seen.Add((first, second))) examples.Add(new TextExample(first, second, label));
            }
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(examples));
            return examples;
        }
        // Test first: it stays the same whatever the sizes of the other splits.
        List<TextExample> testSplit = Split(test), devSplit = Split(dev), trainSplit = Split(train);
        return new TextTask(name, labels, metric, trainSplit, devSplit, testSplit);
    }

    private string Paragraph(Philox random)
    {
        double kind = random.NextDouble();
        if (kind < RestatementShare)
        {
            Proposition meaning = _grammar.Draw(random);
            return $"{Sentence(_grammar.Say(meaning, random))} {Sentence(_grammar.Say(meaning, random))}";
        }
        int mood = random.NextInt(2);
        string text =
            Sentence(kind < RestatementShare + EnumerationShare ? _grammar.Enumerate(mood, random) : _grammar.Evaluate(mood, random));
        return random.NextDouble() < VerdictShare ? $"{text} {Grammar.Pick(_grammar.Lexicon.Verdicts[mood], random)} !" : text;
    }

    private (string, string?) Polarity(int label, Philox random) => (Sentence(_grammar.Evaluate(label, random)), null);

    private (string, string?) Paraphrase(int label, Philox random)
    {
        Proposition meaning = _grammar.Draw(random);
        Proposition other = label == 1 ? meaning : new Alteration(_grammar).Of(meaning, random);
        return (Sentence(_grammar.Say(meaning, random)), Sentence(_grammar.Say(other, random)));
    }

    private (string, string?) Acceptability(int label, Philox random) =>
        (Sentence(label == 1 ? _grammar.Say(_grammar.Draw(random), random) : new Disturbance(_grammar).Say(random)), null);

    private static string Sentence(List<string> words) => string.Join(' ', words) + " .";
}
