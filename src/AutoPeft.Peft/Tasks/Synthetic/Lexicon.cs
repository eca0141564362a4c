using AutoPeft.Randomness;

namespace AutoPeft.Peft.Tasks.Synthetic;

/// <summary>What a noun can be the subject or object of.</summary>
internal enum NounField { Person, Creature, Tool, Food }

/// <summary>A thing that nouns name. Synonyms differ in spelling only; a plural is a word of its own.</summary>
internal sealed record NounConcept(NounField Field, string[] Singular, string[] Plural)
{
    public bool IsAnimate => Field is NounField.Person or NounField.Creature;
}

/// <summary>An action. <paramref name="Usual"/> are the objects that it mostly has.</summary>
internal sealed record VerbConcept(NounField ObjectField, NounConcept[] Usual, string[] Singular, string[] Plural);

/// <summary>
/// The words of the synthetic language, spelt from syllables by the seed. Meaning shows only in use: synonyms share their contexts,
/// evaluative words keep company with others of their polarity.
/// </summary>
internal sealed class Lexicon
{
    private const int ConceptsPerField = 6, VerbsPerField = 3, Synonyms = 2, NeutralConcepts = 8,
        EvaluativeAdjectives = 28, EvaluativeAdverbs = 10, VerdictWords = 1;

    public Lexicon(ulong seed)
    {
        var speller = new Speller(new Philox(seed, 1, StreamPurpose.Data));
        var random = new Philox(seed, 2, StreamPurpose.Data);
        string[] Words(int count, string ending) => [.. Enumerable.Range(0, count).Select(_ => speller.Next() + ending)];

        NounField[] fields = Enum.GetValues<NounField>();
        Nouns = [.. fields.SelectMany(field => Enumerable.Range(0, ConceptsPerField).Select(_ =>
        {
            string[] stems = Words(Synonyms, "");
            return new NounConcept(field, stems, [.. stems.Select(s => s + "s")]);
        }))];
        Verbs = [.. fields.SelectMany(field => Enumerable.Range(0, VerbsPerField).Select(_ =>
        {
            string[] stems = Words(Synonyms, "");
            NounConcept[] objects = [.. Nouns.Where(n => n.Field == field)];
            random.Shuffle(objects.AsSpan());
            return new VerbConcept(field, objects[..3], [.. stems.Select(s => s + "t")], [.. stems.Select(s => s + "k")]);
        }))];
        NeutralAdjectives = [.. Enumerable.Range(0, NeutralConcepts).Select(_ => Words(Synonyms, "r"))];
        Adjectives = [Words(EvaluativeAdjectives, "l"), Words(EvaluativeAdjectives, "l")];
        Adverbs = [Words(EvaluativeAdverbs, "m"), Words(EvaluativeAdverbs, "m")];
        Verdicts = [Words(VerdictWords, "h"), Words(VerdictWords, "h")];
    }

    /// <summary>Every noun concept.</summary>
    public NounConcept[] Nouns { get; }

    /// <summary>Every verb concept; all subjects are animate.</summary>
    public VerbConcept[] Verbs { get; }

    /// <summary>Neutral adjectives: [concept][synonym].</summary>
    public string[][] NeutralAdjectives { get; }

    /// <summary>Evaluative adjectives: [0] bad, [1] good; the frequent ones first.</summary>
    public string[][] Adjectives { get; }

    /// <summary>Evaluative adverbs, as <see cref="Adjectives"/>.</summary>
    public string[][] Adverbs { get; }

    /// <summary>Interjections that sum up a paragraph of the corpus: [0] bad, [1] good. No task shows them.</summary>
    public string[][] Verdicts { get; }

    /// <summary>Function words. Determiners agree in number: [definite or not][plural].</summary>
    public static string[][] Determiners { get; } = [["da", "dan"], ["mi", "min"]];

    /// <summary>"is", "are".</summary>
    public static string[] Copulas { get; } = ["es", "en"];

    /// <summary>"not": turns the next evaluative word, or the clause, around.</summary>
    public const string Not = "ne";

    /// <summary>"but": what follows counts.</summary>
    public const string But = "ma";

    /// <summary>"although": what follows the comma counts.</summary>
    public const string Although = "kvam";

    /// <summary>Marks a fronted object.</summary>
    public const string Fronted = "ko";

    /// <summary>"and", between evaluations.</summary>
    public const string And = "e";

    /// <summary>"very": changes no polarity.</summary>
    public const string Very = "tre";

    /// <summary>How many different words a text can hold.</summary>
    public int WordCount => 2 * Synonyms * (Nouns.Length + Verbs.Length) + NeutralAdjectives.Length * Synonyms
        + 2 * (EvaluativeAdjectives + EvaluativeAdverbs + VerdictWords) + 4 + 2 + 6 + 3;

    /// <summary>Spells words that were not spelt before.</summary>
    private sealed class Speller(Philox random)
    {
        private const string Onsets = "bdfgjklmnprstvz", Vowels = "aeiou";
        private readonly HashSet<string> _used = [];

        public string Next()
        {
            while (true)
            {
                string word = string.Concat(Enumerable.Range(0, 2 + random.NextInt(2))
                    .Select(_ => $"{Onsets[random.NextInt(Onsets.Length)]}{Vowels[random.NextInt(Vowels.Length)]}"));
                if (_used.Add(word)) return word;
            }
        }
    }
}
