using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>Plans by name: one or more methods joined by <c>+</c>, each of which knows its words; see <see cref="PeftMethod"/>.</summary>
internal static class PlanName
{
    /// <summary>The plan that a name stands for.</summary>
    /// <exception cref="InvalidInputException">The name says nothing known, or does not fit the model.</exception>
    public static PeftPlan Parse(string name, BertConfig config) =>
        Parse(name, words => MethodOf(words)?.Plan(words, config) ?? throw words.Unknown());

    /// <summary>The plan of a decoder that a name stands for.</summary>
    /// <exception cref="InvalidInputException">The name says nothing known, or does not fit the model.</exception>
    public static PeftPlan Parse(string name, DecoderConfig config) =>
        Parse(name, words => MethodOf(words)?.Plan(words, config) ?? throw words.UnknownOfDecoders());

    private static PeftPlan Parse(string name, Func<PlanWords, PeftPlan> one)
    {
        var plans = name.Split('+', StringSplitOptions.TrimEntries).Select(part => one(new PlanWords(part))).ToList();
        return plans.Count == 1 ? plans[0] : plans[0].With([.. plans.Skip(1)]);
    }

    private static PeftMethod? MethodOf(PlanWords words) => PeftMethod.All.FirstOrDefault(m => m.Names.Contains(words.Method));
}
