using AutoPeft.Randomness;

namespace AutoPeft.Peft.Tasks.Synthetic;

/// <summary>Turns a proposition into a similar one with another meaning: the hard negatives of the paraphrase task.</summary>
internal sealed class Alteration(Grammar grammar)
{
    /// <summary>
    /// Another subject, verb or object of the same kind, the two exchanged where both can act, another number, or the negation.
    /// </summary>
    public Proposition Of(Proposition meaning, Philox random)
    {
        Lexicon lexicon = grammar.Lexicon;
        switch (random.NextInt(6))
        {
            case 0:
                return meaning with
                {
                    Subject =
                    meaning.Subject with { Noun = Another(lexicon.Nouns, n => n.IsAnimate, meaning.Subject.Noun, random) }
                };
            case 1:
                return meaning with
                {
                    Object = meaning.Object with
                    {
                        Noun =
                        Another(lexicon.Nouns, n => n.Field == meaning.Object.Noun.Field, meaning.Object.Noun, random)
                    },
                };
            case 2:
                return meaning with { Verb = Another(lexicon.Verbs, v => v.ObjectField == meaning.Verb.ObjectField, meaning.Verb, random) };
            case 3 when meaning.Object.Noun.IsAnimate:
                return meaning with { Subject = meaning.Object, Object = meaning.Subject };
            case 4:
                return meaning with { Subject = meaning.Subject with { Plural = !meaning.Subject.Plural } };
            default:
                return meaning with { Negated = !meaning.Negated };
        }
    }

    private static T Another<T>(T[] items, Func<T, bool> fits, T not, Philox random) where T : class =>
        Grammar.Pick([.. items.Where(i => fits(i) && i != not)], random);
}
