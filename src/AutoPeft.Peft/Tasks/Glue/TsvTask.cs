using AutoPeft.Randomness;

namespace AutoPeft.Peft.Tasks;

/// <summary>
/// Reads a folder with train.tsv, dev.tsv and test.tsv in GLUE's manner. Labels are read as <see cref="TaskLabels"/> decides. Where
/// test.tsv is missing or has no labels, as GLUE's public files, dev.tsv becomes the test set and every tenth training example (drawn by
/// a fixed seed) the dev set, as AutoPEFT's authors did; the unlabelled examples are kept for predictions.
/// </summary>
internal static class TsvTask
{
    /// <summary>Share of the training set that becomes the dev set where there is no labelled test set.</summary>
    private const double HeldOutShare = 0.1;

    /// <summary>The label of GLUE's test sets as they are distributed: none.</summary>
    private const string NoLabel = "-1";

    // MNLI's dev and test sets come in two kinds; the matched one is the customary.
    private static readonly string[] TrainFiles = ["train.tsv"], DevFiles = ["dev.tsv", "dev_matched.tsv"],
        TestFiles = ["test.tsv", "test_matched.tsv"];

    /// <param name="name">The task's name.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="options">What the person said about metric, kind and classes.</param>
    /// <exception cref="InvalidInputException">
    /// A file or column is missing, or lines are malformed: file and line number are named.
    /// </exception>
    public static TextTask Read(string name, string folder, TaskOptions options)
    {
        if (!Directory.Exists(folder))
            throw new InvalidInputException($"{folder}: no such folder; tsv:DIR needs one with train.tsv, dev.tsv and test.tsv");
        LabelledFile train = Labelled(Find(folder, TrainFiles) ?? throw Missing(folder, "train.tsv"));
        LabelledFile dev = Labelled(Find(folder, DevFiles) ?? throw Missing(folder, "dev.tsv"));
        LabelledFile? test = Find(folder, TestFiles) is { } file ? LabelledFile.Load(file) : null;
        TaskLabels labels = TaskLabels.Decide(train.File, [.. train.Rows.Select(r => (r.Line, r.Label))], options.Kind, options.Labels);
        if (labels.IsRegression && options.Metric is { } metric and not TaskMetric.PearsonSpearman)
            throw new InvalidInputException(
                $"{train.File}: metric={metric.ToName()} is for classes, and the labels are numbers; kind=classification makes classes");

        List<TextExample> trainExamples = Examples(train, labels), devExamples = Examples(dev, labels), testExamples;
        List<TextExample> unlabelled = [];
        var notes = new List<string>();
        bool scored = test is not null && !IsUnlabelled(test, labels, trainExamples);
        if (scored)
        {
            test!.RequireLabels();
            testExamples = Examples(test, labels);
        }
        else
        {
            if (test is not null) unlabelled = [.. test.Rows.Select(r => new TextExample(r.First, r.Second, double.NaN))];
            testExamples = devExamples;
            (trainExamples, devExamples) = HoldOut(trainExamples);
            string why = test is null
                ? "there is no test.tsv"
                : $"the {unlabelled.Count:N0} examples of {Path.GetFileName(test.File)} have no labels";
            notes.Add($"{why}, so {Path.GetFileName(dev.File)} serves as test and {HeldOutShare:P0} of train.tsv as dev");
        }
        notes.AddRange(((LabelledFile?[])[train, dev, test]).Select(f => f?.Skipped).OfType<string>());
        return new TextTask(
            name, labels.Names, options.Metric ?? DefaultMetric(folder, labels.IsRegression), trainExamples, devExamples, testExamples)
        {
            Unlabelled = unlabelled,
            Notes = notes,
        };
    }

    private static LabelledFile Labelled(string file)
    {
        LabelledFile split = LabelledFile.Load(file);
        split.RequireLabels();
        return split;
    }

    /// <summary>
    /// Whether no example has a label: no column, empty cells, or −1 where that is no class and no number of the training set.
    /// </summary>
    private static bool IsUnlabelled(LabelledFile test, TaskLabels labels, List<TextExample> train)
    {
        if (!test.HasLabels || test.Rows.All(r => r.Label.Length == 0)) return true;
        if (!test.Rows.All(r => r.Label.Length == 0 || TaskLabels.Canonical(r.Label) == NoLabel)) return false;
        return labels.IsRegression ? train.All(e => e.Label >= 0) : labels.ValueOf(NoLabel) is null;
    }

    private static List<TextExample> Examples(LabelledFile split, TaskLabels labels)
    {
        var examples = new List<TextExample>(split.Rows.Count);
        foreach (var (line, first, second, label) in split.Rows)
        {
            double value = labels.ValueOf(label)
                ?? throw new InvalidInputException($"{split.File}, line {line}: label '{label}' " + (labels.IsRegression
                ? "is not a number, and the task is a regression; kind=classification takes any label"
                : $"does not occur in train.tsv, which has {TextTask.Listed(labels.Names)}"));
            examples.Add(new TextExample(first, second, value));
        }
        return examples;
    }

    private static (List<TextExample> Train, List<TextExample> HeldOut) HoldOut(List<TextExample> examples)
    {
        TextExample[] shuffled = [.. examples];
        new Philox(0, 0, StreamPurpose.Data).Shuffle(shuffled.AsSpan());
        int held = Math.Max(1, (int)(shuffled.Length * HeldOutShare));
        return ([.. shuffled[held..]], [.. shuffled[..held]]);
    }

    /// <summary>GLUE's own metric where the folder has the name of a GLUE task.</summary>
    private static TaskMetric DefaultMetric(string folder, bool regression)
    {
        if (regression) return TaskMetric.PearsonSpearman;
        return Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)).ToLowerInvariant() switch
        {
            "cola" => TaskMetric.Matthews,
            "mrpc" or "qqp" => TaskMetric.F1,
            _ => TaskMetric.Accuracy,
        };
    }

    private static string? Find(string folder, string[] names) => names.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);

    private static InvalidInputException Missing(string folder, string file) =>
        new($"{folder}: {file} is missing; tsv:DIR needs train.tsv, dev.tsv and test.tsv");
}
