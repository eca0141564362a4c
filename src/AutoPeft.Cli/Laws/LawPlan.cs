using System.Globalization;
using AutoPeft.Cli.Insight;

namespace AutoPeft.Cli.Laws;

/// <summary>Which runs a law makes. It stays in the directory, so that a run that is resumed makes the same ones.</summary>
/// <param name="Recipe">What the runs depend on, <see cref="LawOptions.Recipe"/>.</param>
/// <param name="Text">Bytes of the text, and a sum of them.</param>
/// <param name="Tokens">Numbers of training tokens, increasing.</param>
/// <param name="Flop">FLOP of all runs, before any is pruned.</param>
/// <param name="Seconds">What they take with all workers at the measured speed; null where the budget is FLOP or tokens were given.</param>
internal sealed record LawPlan(string Recipe, string Text, IReadOnlyList<long> Tokens, double Flop, double? Seconds)
{
    private const string FileName = "plan.json", Another = "choose another directory";

    // Fewer updates than that are warm-up and noise.
    private const int FewestUpdates = 20;

    // Speed varies, and evaluations and fits take time, too.
    private const double ShareOfTime = 0.85;

    /// <summary>The directory's plan, or a new one, which is written there.</summary>
    /// <param name="options">What is run.</param>
    /// <param name="text">The text.</param>
    /// <param name="folder">The directory.</param>
    /// <param name="budget">Of a new plan where no numbers of tokens were chosen.</param>
    /// <param name="cancellationToken">Stops measuring.</param>
    /// <exception cref="InvalidInputException">
    /// The directory has another plan or cannot be written, the text is too short, or the budget or the numbers of tokens are too small.
    /// </exception>
    public static LawPlan Of(LawOptions options, int[] text, string folder, LawBudget budget, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, FileName);
        if (File.Exists(path)) return InsightJson.Read<LawPlan>(path, "the plan of a law", Another).For(options, text, path);
        RequireText(options, text);
        LawPlan plan = options.Tokens is { } tokens
            ? new LawPlan(options.Recipe, Sum(text), [.. tokens.Select(t => Whole(t, options))], 0, null)
            : budget.Time is { } time
                ? Timed(options, text, time, cancellationToken)
                : Computed(options, text, budget.Flop!.Value);
        plan = plan with { Flop = plan.Cells(options).Sum(c => options.GridSize * c.Size.FlopPerToken(options.Length) * c.Tokens) };
        Require(options, plan, budget);
        InsightJson.Write(path, plan);
        return plan;
    }

    /// <summary>Sizes and numbers of tokens, cheap ones first; the largest size has the largest number of tokens alone.</summary>
    public IEnumerable<(ModelSize Size, long Tokens)> Cells(LawOptions options) => Small(options).Append((options.Sizes[^1], Tokens[^1]));

    /// <summary>As <see cref="Cells"/>, without the largest size.</summary>
    public IEnumerable<(ModelSize Size, long Tokens)> Small(LawOptions options) =>
        (from size in options.Sizes.SkipLast(1) from tokens in Tokens select (Size: size, Tokens: tokens))
        .OrderBy(c => c.Size.FlopPerToken(options.Length) * c.Tokens);

    private static LawPlan Timed(LawOptions options, int[] text, TimeSpan time, CancellationToken cancellationToken)
    {
        var speed = LawSpeed.Measure(options, text, cancellationToken);
        // What one token at the largest number of tokens brings with it: every cell's share of it, over its grid.
        double perToken = Shares(options).Sum(c => c.Share * options.Rates.Count * options.Batches.Sum(b => speed[(c.Size, b)]))
            / options.Workers;
        double most = ShareOfTime * time.TotalSeconds / perToken;
        long[] tokens = Levels(most, options);
        return new LawPlan(options.Recipe, Sum(text), tokens, 0, perToken * tokens[^1]);
    }

    private static LawPlan Computed(LawOptions options, int[] text, double flop)
    {
        double perToken = Shares(options).Sum(c => c.Share * options.GridSize * c.Size.FlopPerToken(options.Length));
        return new LawPlan(options.Recipe, Sum(text), Levels(flop / perToken, options), 0, null);
    }

    private static IEnumerable<(ModelSize Size, double Share)> Shares(LawOptions options) =>
        options.Sizes.SkipLast(1).Select(s => (s, Enumerable.Range(0, options.Levels).Sum(k => Math.Pow(2, -k))))
            .Append((options.Sizes[^1], 1));

    private static long[] Levels(double most, LawOptions options) =>
        [.. Enumerable.Range(0, options.Levels).Select(k => Whole(most * Math.Pow(2, k + 1 - options.Levels), options)).Order()];

    private static long Whole(double tokens, LawOptions options) =>
        Math.Max(1, (long)(Math.Min(tokens, LawOptions.MostTokens) / options.Unit)) * options.Unit;

    private static void RequireText(LawOptions options, int[] text)
    {
        if (text.Length <= 20 * options.Length)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
                $"the text has {text.Length:N0} bytes; sequences of {options.Length} need {20 * options.Length + 1:N0} or more"));
    }

    private static void Require(LawOptions options, LawPlan plan, LawBudget budget)
    {
        long fewest = (long)FewestUpdates * options.Batches[^1] * options.Length;
        string? wrong = plan.Tokens[0] < fewest
            ? $"{FewestUpdates} updates of the largest batch take {Text(fewest)}; give more, or "
            : plan.Tokens.Distinct().Count() < options.Levels
            ? $"numbers of tokens are multiples of {Text(options.Unit)}, and two of them are the same one; take them apart, or give "
            : null;
        if (wrong is null) return;
        throw new InvalidInputException(options.Tokens is { } given
            ? $"--tokens begins with {Text(given[0])}: {wrong}smaller --batches"
            : $"--budget {budget} pays for {Text(plan.Tokens[0])} tokens: {wrong}fewer or smaller --sizes, --rates, --batches or --levels");

        static string Text(long tokens) => tokens.ToString("N0", CultureInfo.InvariantCulture);
    }

    private LawPlan For(LawOptions options, int[] text, string path)
    {
        string? other = Recipe != options.Recipe ? $"it runs {Recipe}"
            : Text != Sum(text) ? $"its text is {Text}, this one {Sum(text)}"
            : Tokens.Count != options.Levels || options.Tokens is { } given && !given.Select(t => Whole(t, options)).SequenceEqual(Tokens)
                ? $"its tokens are {string.Join(',', Tokens)}"
            : null;
        return other is null
            ? this
            : throw new InvalidInputException($"{path} is the plan of another law: {other}; {Another}");
    }

    private static string Sum(int[] text)
    {
        uint sum = 2166136261;
        foreach (int b in text) sum = (sum ^ (uint)b) * 16777619;
        return string.Create(CultureInfo.InvariantCulture, $"{text.Length} bytes, sum {sum:x8}");
    }
}
