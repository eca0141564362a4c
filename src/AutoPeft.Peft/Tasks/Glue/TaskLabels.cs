using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoPeft.Peft.Tasks;

/// <summary>
/// How a task's labels are read: as classes, each with its name, or as numbers. Labels are compared by their values, not by how they are
/// written: 1, 1.0, +1 and 1e0 are one class. Immutable.
/// </summary>
internal sealed partial class TaskLabels
{
    /// <summary>The most classes: each is an output of the head, and no test of sentences has nearly as many.</summary>
    public const int MaxClasses = 10_000;

    /// <summary>The most whole numbers that are taken for classes where nobody says; more are a quantity.</summary>
    public const int MaxGuessedClasses = 100;

    /// <summary>
    /// The least share of labels with a fraction from which nobody needs to ask: below it, they may be slips among classes.
    /// </summary>
    private const double PlainlyFractional = 0.1;

    private readonly Dictionary<string, int> _classes = new(StringComparer.Ordinal);

    private TaskLabels(IReadOnlyList<string> names)
    {
        Names = names;
        for (int i = 0; i < names.Count; i++) _classes[names[i]] = i;
        // What a name is written like comes before what it is worth.
        for (int i = 0; i < names.Count; i++) _classes.TryAdd(Canonical(names[i]), i);
    }

    /// <summary>The classes in the order of their ids; empty for numbers.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether labels are numbers.</summary>
    public bool IsRegression => Names.Count == 0;

    /// <summary>The class, or the number; null where the label is neither.</summary>
    public double? ValueOf(string label)
    {
        if (IsRegression) return Finite(label);
        return _classes.TryGetValue(label, out int index) || _classes.TryGetValue(Canonical(label), out index) ? index : null;
    }

    /// <summary>Decides from the training labels' values, as far as the person did not say.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="labels">The training labels with their lines; none is empty.</param>
    /// <param name="kind">What the person said they are; null: nothing.</param>
    /// <param name="names">The classes that the person named, in order; null: none.</param>
    /// <exception cref="InvalidInputException">
    /// The labels are neither plainly classes nor plainly numbers, or there are too few or many classes.
    /// </exception>
    public static TaskLabels Decide(
        string file, IReadOnlyList<(int Line, string Label)> labels, TaskKind? kind, IReadOnlyList<string>? names)
    {
        if (names is not null) return new TaskLabels(names);
        if ((kind ?? Guess(file, labels)) == TaskKind.Regression) return new TaskLabels([]);
        string[] classes = [.. labels.Select(l => Canonical(l.Label)).Distinct(StringComparer.Ordinal).Take(MaxClasses + 1)];
        if (classes.Length == 1)
            throw new InvalidInputException($"{file}: every label is '{classes[0]}'; a classification needs two or more");
        if (classes.Length > MaxClasses)
            throw new InvalidInputException(
                $"{file}: more than {MaxClasses:N0} different labels; if they are numbers, say kind=regression");
        return new TaskLabels(classes.All(c => Finite(c) is not null)
            ? [.. classes.OrderBy(c => Finite(c)!.Value)]
            : [.. classes.Order(StringComparer.Ordinal)]);
    }

    /// <summary>A number as it is usually written, any other label as it stands.</summary>
    public static string Canonical(string label) =>
        Finite(label) is { } value ? (value + 0.0).ToString("R", CultureInfo.InvariantCulture) : label;

    private static TaskKind Guess(string file, IReadOnlyList<(int Line, string Label)> labels)
    {
        int whole = 0, fractions = 0;
        (int Line, string Label)? fraction = null, comma = null, infinite = null;
        var wholes = new HashSet<double>();
        foreach (var at in labels)
        {
            if (Finite(at.Label) is { } value)
            {
                if (value == Math.Floor(value))
                {
                    whole++;
                    if (wholes.Count <= MaxGuessedClasses) wholes.Add(value);
                    continue;
                }
                fractions++;
                fraction ??= at;
            }
            else if (DecimalComma().IsMatch(at.Label)) comma ??= at;
            else if (double.TryParse(at.Label, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) infinite ??= at;
            // One word, and the labels are words.
            else return TaskKind.Classification;
        }
        if (comma is { } c) throw Ask(file, c, "is a number with a decimal comma; write a point");
        if (infinite is { } n) throw Ask(file, n, "is no number that a model could be taught; remove the line");
        bool few = wholes.Count <= MaxGuessedClasses;
        if (fractions == 0) return few ? TaskKind.Classification : TaskKind.Regression;
        if (few && fractions < PlainlyFractional * labels.Count)
            throw Ask(file, fraction!.Value,
                $"is no whole number, and {whole:N0} of {labels.Count:N0} labels are; correct the line, or say kind=regression");
        return TaskKind.Regression;
    }

    private static InvalidInputException Ask(string file, (int Line, string Label) at, string what) =>
        new($"{file}, line {at.Line}: label '{at.Label}' {what}; if it is the name of a class, say kind=classification");

    private static double? Finite(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;

    [GeneratedRegex(@"^[+-]?[0-9]+,[0-9]+$")]
    private static partial Regex DecimalComma();
}
