using AutoPeft.Randomness;

namespace AutoPeft.Peft.Tasks.Synthetic;

/// <summary>Makes an acceptable sentence unacceptable by one small change.</summary>
internal sealed class Disturbance(Grammar grammar)
{
    /// <summary>
    /// An unacceptable sentence: wrong agreement of verb or determiner, a subject that cannot act, an object that the verb cannot have, or
    /// wrong order.
    /// </summary>
    public List<string> Say(Philox random)
    {
        Proposition meaning = grammar.Draw(random);
        Lexicon lexicon = grammar.Lexicon;
        switch (random.NextInt(5))
        {
            case 0:
                return Replace(meaning, lexicon.Verbs.SelectMany(v => v.Singular.Zip(v.Plural)), random);
            case 1:
                return Replace(meaning, Lexicon.Determiners.Select(d => (d[0], d[1])), random);
            case 2:
                NounConcept[] inanimate = [.. lexicon.Nouns.Where(n => !n.IsAnimate)];
                return grammar.Say(meaning with { Subject = meaning.Subject with { Noun = Grammar.Pick(inanimate, random) } }, random);
            case 3:
                NounConcept[] unfit = [.. lexicon.Nouns.Where(n => n.Field != meaning.Verb.ObjectField)];
                return grammar.Say(meaning with { Object = meaning.Object with { Noun = Grammar.Pick(unfit, random) } }, random);
            default:
                return Swap(grammar.Say(meaning, random), random);
        }
    }

    /// <summary>Exchanges one word for its other number.</summary>
    private List<string> Replace(Proposition meaning, IEnumerable<(string, string)> numbers, Philox random)
    {
        List<string> words = grammar.Say(meaning, random);
        var other = new Dictionary<string, string>();
        foreach (var (singular, plural) in numbers)
        {
            other[singular] = plural;
            other[plural] = singular;
        }
        int[] places = [.. Enumerable.Range(0, words.Count).Where(i => other.ContainsKey(words[i]))];
        int place = Grammar.Pick(places, random);
        words[place] = other[words[place]];
        return words;
    }

    /// <summary>Exchanges two neighbours. No order of two neighbours is free in this language, so the result is never a sentence.</summary>
    private static List<string> Swap(List<string> words, Philox random)
    {
        int at = random.NextInt(words.Count - 1);
        (words[at], words[at + 1]) = (words[at + 1], words[at]);
        return words;
    }
}
