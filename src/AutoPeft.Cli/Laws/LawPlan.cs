using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AutoPeft.Cli.Laws;

/// <summary>Which runs a law makes. It stays in the directory, so that a run that is resumed makes the same ones.</summary>
/// <param name="Recipe">What the runs depend on, <see cref="LawOptions.Recipe"/>.</param>
/// <param name="Text">Bytes of the text, and a sum of them.</param>
/// <param name="Tokens">Numbers of training tokens, increasing.</param>
/// <param name="Flop">FLOP of all runs, before any is pruned.</param>
/// <param name="Seconds">What they take with all workers at the measured speed; null where the budget is FLOP or tokens were given.</param>
internal sealed record LawPlan(string Recipe, string Text, IReadOnlyList<long> Tokens, double Flop, double? Seconds)
{
    private const string FileName = "plan.json";

    // Fewer updates than that are warm-up and noise.
    private const int FewestUpdates = 20;

    // Speed varies, and evaluations and fits take time, too.
    private const double ShareOfTime = 0.85;

    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The directory's plan, or a new one, which is written there.</summary>
    /// <param name="options">What is run.</param>
    /// <param name="text">The text.</param>
    /// <param name="folder">The directory.</param>
    /// <param name="tokens">Numbers of tokens that a person chose; null: as many as the budget pays for.</param>
    /// <param name="budget">Of a new plan.</param>
    /// <param name="cancellationToken">Stops measuring.</param>
    /// <exception cref="InvalidInputException">The directory has another plan, or the budget is too small.</exception>
    public static LawPlan Of(LawOptions options, int[] text, string folder, IReadOnlyList<long>? tokens, LawBudget budget,
        CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, FileName);
        if (File.Exists(path)) return Read(path).For(options, text, tokens, path);
        LawPlan plan = tokens is not null
            ? new LawPlan(options.Recipe, Sum(text), [.. tokens.Order().Select(t => Whole(t, options))], 0, null)
            : budget.Time is { } time
                ? Timed(options, text, time, cancellationToken)
                : Computed(options, text, budget.Flop!.Value);
        plan = plan with { Flop = plan.Cells(options).Sum(c => options.GridSize * c.Size.FlopPerToken(options.Length) * c.Tokens) };
        Require(options, text, plan, budget);
        Directory.CreateDirectory(folder);
        string aside = path + ".partial";
        File.WriteAllText(aside, JsonSerializer.Serialize(plan, s_indented));
        File.Move(aside, path, overwrite: true);
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

    /// <summary>A number of tokens that every batch divides.</summary>
    private static long Whole(double tokens, LawOptions options)
    {
        long unit = options.Batches.Aggregate(1L, Multiple) * options.Length;
        return Math.Max(1, (long)(Math.Min(tokens, 1e15) / unit)) * unit;
    }

    private static long Multiple(long a, int b)
    {
        long x = a, y = b;
        while (y != 0) (x, y) = (y, x % y);
        return a / x * b;
    }

    private static void Require(LawOptions options, int[] text, LawPlan plan, LawBudget budget)
    {
        long fewest = (long)FewestUpdates * options.Batches[^1] * options.Length;
        if (plan.Tokens[0] < fewest || plan.Tokens.Distinct().Count() < options.Levels)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
                $"--budget {budget} pays for {plan.Tokens[0]:N0} tokens, where {fewest:N0} make {FewestUpdates} updates of the largest "
                    + $"batch; give more, or fewer or smaller --sizes, --rates, --batches or --levels"));
        if (text.Length <= 20 * options.Length)
            throw new InvalidInputException(
                $"the text has {text.Length:N0} bytes; sequences of {options.Length} need {20 * options.Length + 1:N0} or more");
    }

    private LawPlan For(LawOptions options, int[] text, IReadOnlyList<long>? tokens, string path)
    {
        string? other = Recipe != options.Recipe ? $"it runs {Recipe}"
            : Text != Sum(text) ? $"its text is {Text}, this one {Sum(text)}"
            : tokens is not null && !tokens.Order().Select(t => Whole(t, options)).SequenceEqual(Tokens)
                ? $"its tokens are {string.Join(',', Tokens)}"
            : null;
        return other is null
            ? this
            : throw new InvalidInputException($"{path} is the plan of another law: {other}; choose another directory");
    }

    private static LawPlan Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<LawPlan>(File.ReadAllText(path), s_indented) is { Tokens.Count: > 1 } plan
                ? plan : throw new JsonException("no tokens");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{path}: not the plan of a law ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); choose another directory", e);
        }
    }

    private static string Sum(int[] text)
    {
        uint sum = 2166136261;
        foreach (int b in text) sum = (sum ^ (uint)b) * 16777619;
        return string.Create(CultureInfo.InvariantCulture, $"{text.Length} bytes, sum {sum:x8}");
    }
}
