using AutoPeft.Randomness;

namespace AutoPeft.Peft.Tasks.Synthetic;

/// <summary>
/// The probabilistic grammar: draws meanings and puts them into words. Sentences are lists of words, because the acceptability task
/// disturbs them word by word.
/// </summary>
internal sealed class Grammar(Lexicon lexicon)
{
    /// <summary>Probability that a verb has one of its usual objects.</summary>
    private const double UsualObject = 0.7;

    /// <summary>
    /// Words of rank r are drawn with weight 1 / (r + ZipfOffset): a mild Zipf law, so that rare words occur in a small training set once
    /// or never.
    /// </summary>
    private const double ZipfOffset = 8;

    /// <summary>
    /// How often an evaluation is a negated opposite, and a sentence sets a clause against the one that counts. Rare enough that words
    /// betray their polarity by the company they keep, which is how a model finds it; frequent enough that counting words leaves a fifth of
    /// the sentences wrong.
    /// </summary>
    private const double Negation = 0.15, But = 0.15, Although = 0.06, Coordination = 0.3;

    public Lexicon Lexicon { get; } = lexicon;

    // ---- meanings

    public Proposition Draw(Philox random)
    {
        VerbConcept verb = Pick(Lexicon.Verbs, random);
        NounConcept[] animate = [.. Lexicon.Nouns.Where(n => n.IsAnimate)];
        NounConcept[] field = [.. Lexicon.Nouns.Where(n => n.Field == verb.ObjectField)];
        NounConcept target = Pick(random.NextDouble() < UsualObject ? verb.Usual : field, random), agent;
        do agent = Pick(animate, random);
        while (agent == target);
        return new Proposition(Draw(agent, random), verb, Draw(target, random), random.NextDouble() < 0.15);
    }

    public Participant Draw(NounConcept noun, Philox random) => new(noun, Coin(random), Coin(random),
        random.NextDouble() < 0.35 ? random.NextInt(Lexicon.NeutralAdjectives.Length) : null);

    // ---- words

    /// <summary>A clause for the proposition: synonyms by chance, the object fronted with the given probability.</summary>
    public List<string> Say(Proposition meaning, Philox random, double fronting = 0.2)
    {
        List<string> subject = Say(meaning.Subject, random), target = Say(meaning.Object, random);
        string[] forms = meaning.Subject.Plural ? meaning.Verb.Plural : meaning.Verb.Singular;
        List<string> verb = [Pick(forms, random)];
        if (meaning.Negated) verb.Insert(0, Lexicon.Not);
        return random.NextDouble() < fronting ? [.. target, Lexicon.Fronted, .. subject, .. verb] : [.. subject, .. verb, .. target];
    }

    public List<string> Say(Participant who, Philox random, string? evaluation = null)
    {
        List<string> words = [Lexicon.Determiners[who.Definite ? 0 : 1][who.Plural ? 1 : 0]];
        if (evaluation is not null) words.AddRange(evaluation.Split(' '));
        else if (who.Adjective is { } adjective) words.Add(Pick(Lexicon.NeutralAdjectives[adjective], random));
        words.Add(Pick(who.Plural ? who.Noun.Plural : who.Noun.Singular, random));
        return words;
    }

    /// <summary>A sentence that finds things good (1) or bad (0) on the whole, up to three evaluative words to a clause.</summary>
    public List<string> Evaluate(int mood, Philox random)
    {
        double form = random.NextDouble();
        if (form < But) return [.. Clause(1 - mood, random), Lexicon.But, .. Clause(mood, random)];
        if (form < But + Although) return [Lexicon.Although, .. Clause(1 - mood, random), ",", .. Clause(mood, random)];
        return Clause(mood, random);
    }

    /// <summary>A subject and a list of evaluations of one mood.</summary>
    public List<string> Enumerate(int mood, Philox random)
    {
        Participant subject = Draw(Pick(Lexicon.Nouns, random), random);
        List<string> words = [.. Say(subject, random), Lexicon.Copulas[subject.Plural ? 1 : 0]];
        int evaluations = 3 + random.NextInt(3);
        for (int i = 0; i < evaluations; i++)
        {
            if (i > 0) words.Add(Lexicon.And);
            words.AddRange(Evaluation(Lexicon.Adjectives, mood, random, Negation).Split(' '));
        }
        return words;
    }

    private List<string> Clause(int mood, Philox random)
    {
        Proposition meaning = Draw(random) with { Negated = false };
        Participant subject = meaning.Subject;
        double form = random.NextDouble();
        if (form < 0.5)
        {
            string evaluation = Evaluation(Lexicon.Adjectives, mood, random, Negation);
            if (random.NextDouble() < Coordination)
                evaluation += $" {Lexicon.And} {Evaluation(Lexicon.Adjectives, mood, random, Negation)}";
            return [.. Say(subject, random), Lexicon.Copulas[subject.Plural ? 1 : 0], .. evaluation.Split(' ')];
        }
        string verb = Pick(subject.Plural ? meaning.Verb.Plural : meaning.Verb.Singular, random);
        if (form < 0.75)
        {
            return [.. Say(subject, random), verb, .. Say(meaning.Object, random),
                .. Evaluation(Lexicon.Adverbs, mood, random, Negation).Split(' ')];
        }
        return [.. Say(subject, random), verb, .. Say(meaning.Object, random, Evaluation(Lexicon.Adjectives, mood, random, Negation))];
    }

    /// <summary>A word of the mood, or "not" and a word of the other.</summary>
    private static string Evaluation(string[][] words, int mood, Philox random, double negation)
    {
        double form = random.NextDouble();
        if (form < negation) return $"{Lexicon.Not} {PickByRank(words[1 - mood], random)}";
        string word = PickByRank(words[mood], random);
        return form < negation + 0.15 ? $"{Lexicon.Very} {word}" : word;
    }

    // ---- chance

    public static bool Coin(Philox random) => random.NextInt(2) == 1;

    public static T Pick<T>(IReadOnlyList<T> items, Philox random) => items[random.NextInt(items.Count)];

    private static string PickByRank(string[] words, Philox random)
    {
        double total = 0;
        for (int rank = 0; rank < words.Length; rank++) total += 1 / (rank + ZipfOffset);
        double at = random.NextDouble() * total;
        for (int rank = 0; rank < words.Length; rank++)
        {
            at -= 1 / (rank + ZipfOffset);
            if (at < 0) return words[rank];
        }
        return words[^1];
    }
}
