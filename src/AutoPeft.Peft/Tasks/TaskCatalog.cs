using AutoPeft.Peft.Tasks.Synthetic;
using AutoPeft.Randomness;

namespace AutoPeft.Peft.Tasks;

/// <summary>
/// Finds a task by its specification: a synthetic task's name or <c>tsv:DIR</c>, then options behind semicolons, e.g.
/// <c>tsv:data/sst2;train=4000;metric=f1</c>.
/// </summary>
/// <remarks>
/// Options: <c>train=N</c>, <c>dev=N</c>, <c>test=N</c> limit a split (synthetic tasks are generated at that size; of a file's examples a
/// fixed random choice is kept), <c>metric=NAME</c> replaces the metric, <c>seed=N</c> names another synthetic language; for a file's
/// labels, <c>kind=classification</c> or <c>kind=regression</c> says what they are where their values do not, and <c>labels=A|B|C</c> names
/// the classes in the order of their ids.
/// </remarks>
public static class TaskCatalog
{
    private const string TsvPrefix = "tsv:";

    /// <summary>What <see cref="Resolve"/> takes, for a message or a help text.</summary>
    public static IReadOnlyList<string> Known { get; } = [.. SyntheticLanguage.TaskNames, TsvPrefix + "DIR"];

    /// <summary>The task of this specification.</summary>
    /// <exception cref="InvalidInputException">Unknown task or option, or files that cannot be used.</exception>
    public static TextTask Resolve(string spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        string[] parts = spec.Split(';');
        string name = parts[0].Trim();
        TaskOptions options = TaskOptions.Parse(spec, parts[1..]);
        if (name.StartsWith(TsvPrefix, StringComparison.Ordinal))
        {
            TextTask read = TsvTask.Read(spec, name[TsvPrefix.Length..], options);
            return read with
            {
                Train = Limit(read.Train, options.Train, 1),
                Dev = Limit(read.Dev, options.Dev, 2),
                Test = Limit(read.Test, options.Test, 3),
            };
        }
        if (options.Kind is not null || options.Labels is not null)
            throw new InvalidInputException($"task '{spec}': kind= and labels= are for {TsvPrefix}DIR; the synthetic tasks know theirs");
        if (!SyntheticLanguage.TaskNames.Contains(name))
            throw new InvalidInputException($"unknown task '{name}'; known: {string.Join(", ", Known)}");
        DemoTaskSize size = DemoTaskSize.Of(name);
        TextTask task = new SyntheticLanguage(options.Seed ?? DemoTaskSize.LanguageSeed)
            .Task(name, options.Train ?? size.Train, options.Dev ?? size.Dev, options.Test ?? size.Test);
        return task with { Name = spec, Metric = options.Metric ?? task.Metric };
    }

    private static IReadOnlyList<TextExample> Limit(IReadOnlyList<TextExample> examples, int? count, ulong stream)
    {
        if (count is not { } limit || limit >= examples.Count) return examples;
        TextExample[] shuffled = [.. examples];
        new Philox(0, stream, StreamPurpose.Data).Shuffle(shuffled.AsSpan());
        return shuffled[..limit];
    }
}
