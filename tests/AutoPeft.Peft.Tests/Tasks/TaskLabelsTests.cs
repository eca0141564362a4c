using System.Diagnostics;
using System.Text;
using AutoPeft.Peft.Tasks;

namespace AutoPeft.Peft.Tests.Tasks;

/// <summary>What labels are is decided by their values, said in a line, and can be said by the person.</summary>
public sealed class TaskLabelsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("autopeft-labels-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("0.0 1.0 0.0 1.0", "0 1")]
    [InlineData("1 0 +1 1e0 1.0 -0.0 00", "0 1")]
    [InlineData("2 10 1", "1 2 10")]
    [InlineData("1 2 other 1.0", "1 2 other")]
    [InlineData("no yes no", "no yes")]
    [InlineData("a,b c,d", "a,b c,d")]
    public void Whole_numbers_and_words_are_classes_by_their_values(string labels, string classes)
    {
        TextTask task = Read(labels);
        Assert.Equal(classes.Split(' '), task.Labels);
        Assert.False(task.IsRegression);
        Assert.Contains($"classification, {task.Labels.Count} classes: ", task.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3.5 5 2.25 1")]
    [InlineData("0.1 0.2")]
    [InlineData("1e-3 2 3")]
    public void Numbers_with_fractions_are_a_regression(string labels)
    {
        TextTask task = Read(labels);
        Assert.True(task.IsRegression);
        Assert.Contains("regression, values ", task.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_whole_numbers_are_a_quantity() => Assert.True(Read(string.Join(' ', Enumerable.Range(0, 300))).IsRegression);

    [Fact]
    public void One_fraction_among_classes_is_asked_about_by_file_and_line()
    {
        string labels = string.Join(' ', Enumerable.Range(0, 40).Select(i => i == 6 ? "3.8" : $"{i % 2}"));
        string message = Refusal(labels);
        Assert.Contains("train.tsv, line 8: label '3.8' is no whole number, and 39 of 40 labels are", message, StringComparison.Ordinal);
        Assert.Contains("kind=regression", message, StringComparison.Ordinal);
        Assert.True(Read(labels, ";kind=regression").IsRegression);
        Assert.Equal(["0", "1", "3.8"], Read(labels, ";kind=classification").Labels);
    }

    [Theory]
    [InlineData("3,8 4,5 1", "line 2: label '3,8' is a number with a decimal comma; write a point")]
    [InlineData("1 0 nan 1", "line 4: label 'nan' is no number")]
    [InlineData("0.5 1.5 Infinity", "line 4: label 'Infinity' is no number")]
    public void What_looks_like_a_slip_is_asked_about(string labels, string says)
    {
        Assert.Contains(says, Refusal(labels), StringComparison.Ordinal);
        Assert.False(Read(labels, ";kind=classification").IsRegression);
    }

    [Fact]
    public void Splits_may_write_one_class_in_different_ways()
    {
        TextTask task = Read("0 1 1", dev: "0.0 1.0", test: "+1 0e0");
        Assert.Equal([0.0, 1.0], task.Dev.Select(e => e.Label));
        Assert.Equal([1.0, 0.0], task.Test.Select(e => e.Label));
    }

    [Fact]
    public void Classes_can_be_named_in_their_order()
    {
        TextTask task = Read("bad good", ";labels=good|bad|unheard");
        Assert.Equal(["good", "bad", "unheard"], task.Labels);
        Assert.Equal([1.0, 0.0], task.Train.Select(e => e.Label));
        Assert.Contains("good (1), bad (1), unheard (0)", task.Summary, StringComparison.Ordinal);
        Assert.Contains("label 'good' does not occur", Refusal("bad good", ";labels=bad|worse"), StringComparison.Ordinal);
        Assert.Contains("names the class '1' twice", Refusal("1 2", ";labels=1|1.0"), StringComparison.Ordinal);
        Assert.Contains("two or more", Refusal("1 2", ";labels=1"), StringComparison.Ordinal);
        Assert.Contains("leave one out", Refusal("1 2", ";labels=1|2;kind=regression"), StringComparison.Ordinal);
        Assert.Contains("kind=words is unknown", Refusal("1 2", ";kind=words"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_metric_of_classes_is_refused_for_numbers() =>
        Assert.Contains("metric=f1 is for classes", Refusal("0.5 1.5", ";metric=f1"), StringComparison.Ordinal);

    [Fact]
    public void The_summary_says_kind_classes_counts_sizes_and_metric_in_one_line()
    {
        TextTask task = Read("0 1 1", dev: "0 1", test: "1 1 0 1");
        Assert.Equal($"{task.Name}: classification, 2 classes: 0 (1), 1 (2); train 3, dev 2, test 4; scored by accuracy", task.Summary);
    }

    [Fact]
    public void A_hundred_thousand_different_words_are_refused_and_ten_thousand_are_read_at_once()
    {
        Assert.Contains("more than 10,000 different labels", Refusal(string.Join(' ', Enumerable.Range(0, 100_000).Select(i => $"w{i}"))),
            StringComparison.Ordinal);
        TextTask task = Read(string.Join(' ', Enumerable.Range(0, 10_000).Select(i => $"w{i}")));
        double[] labels = [.. task.Train.Select(e => e.Label)];
        // Ten thousand classes scored by a table of their squares would take 800 MB.
        Assert.Equal(1, TaskMetric.Accuracy.Score(labels, labels));
        Assert.Equal(1, TaskMetric.Matthews.Score(labels, labels), 12);
        Assert.Equal(1, TaskMetric.F1.Score(labels, labels), 12);
    }

    [Fact]
    public void Test_sets_without_labels_are_kept_for_predictions_and_dev_serves_as_test_in_words()
    {
        foreach (string test in (string[])["-1 -1 -1", "_ _ _"])
        {
            TextTask task = Read("0 1 1 0 1 0 1 0 1 0", dev: "0 1", test: test);
            Assert.Equal(3, task.Unlabelled.Count);
            Assert.Equal(2, task.Test.Count);
            Assert.Contains(
                "the 3 examples of test.tsv have no labels, so dev.tsv serves as test and 10", task.Summary, StringComparison.Ordinal);
        }
        TextTask regression = Read("0.5 2.5 3.5 1.25 0.75 2 1 5 4 3.25", dev: "1 2", test: "-1 -1");
        Assert.True(regression.IsRegression);
        Assert.Equal(2, regression.Unlabelled.Count);
    }

    [Fact]
    public void Minus_one_is_a_label_where_the_training_set_has_it()
    {
        Assert.Equal([0.0, 0.0], Read("-1 1 -1 1", test: "-1 -1").Test.Select(e => e.Label));
        Assert.Equal([-1.0, -1.0], Read("-1 0.5 0.25 1.5", test: "-1 -1").Test.Select(e => e.Label));
        Assert.Contains("test.tsv, line 3: label '-1' does not occur", Refusal("0 1", test: "0 -1"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_few_malformed_lines_are_skipped_and_counted_and_many_are_refused()
    {
        var text = new StringBuilder("id\tquestion1\tquestion2\tis_duplicate\n");
        for (int i = 0; i < 300; i++) text.Append(i is 7 or 90 ? $"{i}\tcut\n" : i == 120 ? $"{i}\ta\tb\t\n" : $"{i}\ta {i}\tb\t{i % 2}\n");
        TextTask task = ReadFiles(text.ToString(), "id\tquestion1\tquestion2\tis_duplicate\n0\ta\tb\t1\n", null, "");
        Assert.Equal(297, task.Train.Count + task.Dev.Count);
        Assert.Contains("train.tsv: 3 of 300 lines skipped as malformed, the first for line 9: 2 tab-separated cells where 4 are expected",
            task.Summary, StringComparison.Ordinal);
        string many = Assert.Throws<InvalidInputException>(
            () => ReadFiles(text + "300\tcut\n", "id\tquestion1\tquestion2\tis_duplicate\n0\ta\tb\t1\n", null, "")).Message;
        Assert.Contains("4 of 301 lines are malformed", many, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', many);
    }

    [SkippableFact]
    public void A_pipe_or_a_device_is_refused_and_not_waited_for()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "mkfifo and /dev/zero are of Linux.");
        string train = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "pipe")).FullName, "train.tsv");
        using (var made = Process.Start("mkfifo", train)) made!.WaitForExit();
        File.WriteAllText(Path.Combine(_folder, "pipe", "dev.tsv"), "sentence\tlabel\na\t1\n");
        Assert.Contains("pipe or device", Assert.Throws<InvalidInputException>(() => TaskCatalog.Resolve($"tsv:{_folder}/pipe")).Message,
            StringComparison.Ordinal);
        File.Delete(train);
        File.CreateSymbolicLink(train, "/dev/zero");
        Assert.Contains("pipe or device", Assert.Throws<InvalidInputException>(() => TaskCatalog.Resolve($"tsv:{_folder}/pipe")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Predictions_are_written_as_GLUE_takes_them()
    {
        string file = Path.Combine(_folder, "out", "answers.tsv");
        PredictionFile.Write(file, Read("no yes"), [1, 0]);
        Assert.Equal("index\tprediction\n0\tyes\n1\tno\n", File.ReadAllText(file));
        PredictionFile.Write(file, Read("0.5 1.5"), [0.25]);
        Assert.Equal("index\tprediction\n0\t0.25\n", File.ReadAllText(file));
    }

    private string Refusal(string labels, string options = "", string? test = null) =>
        Assert.Throws<InvalidInputException>(() => Read(labels, options, test: test)).Message;

    private TextTask Read(string labels, string options = "", string? dev = null, string? test = null) =>
        ReadFiles(Lines(labels), Lines(dev ?? labels), Lines(test ?? labels), options);

    private static string Lines(string labels) =>
        "sentence\tlabel\n" + string.Concat(labels.Split(' ').Select((l, i) => $"s{i}\t{(l == "_" ? "" : l)}\n"));

    private TextTask ReadFiles(string train, string dev, string? test, string options)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("N"))).FullName;
        File.WriteAllText(Path.Combine(folder, "train.tsv"), train);
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), dev);
        if (test is not null) File.WriteAllText(Path.Combine(folder, "test.tsv"), test);
        return TaskCatalog.Resolve($"tsv:{folder}{options}");
    }
}
