using System.Text;
using AutoPeft.Peft.Tasks;

namespace AutoPeft.Peft.Tests.Tasks;

public sealed class TsvTaskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("autopeft-tsv-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private TextTask Read(string train, string? dev = null, string? test = null, string options = "", string name = "task")
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "train.tsv"), train);
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), dev ?? train);
        if (test is not null) File.WriteAllText(Path.Combine(folder, "test.tsv"), test);
        return TaskCatalog.Resolve($"tsv:{folder}{options}");
    }

    private string Refusal(string train, string? dev = null, string? test = null, string options = "") =>
        Assert.Throws<InvalidInputException>(() => Read(train, dev, test, options)).Message;

    private const string Sst = "sentence\tlabel\na fine film\t1\na dull \"film\t0\n";

    [Fact]
    public void A_sentence_and_a_label_make_a_classification()
    {
        TextTask task = Read(Sst, test: Sst);
        Assert.Equal(["0", "1"], task.Labels);
        Assert.Equal(TaskMetric.Accuracy, task.Metric);
        Assert.Equal([new TextExample("a fine film", null, 1), new TextExample("a dull \"film", null, 0)], task.Train);
        Assert.False(task.IsPair);
        Assert.Equal(2, task.Outputs);
    }

    [Theory]
    [InlineData("index\tquestion\tsentence\tlabel\n0\ta ?\tb .\tentailment\n1\tc ?\td .\tnot_entailment\n", "a ?", "b .")]
    [InlineData("Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tx .\ty .\n0\t7\t9\tx .\tz .\n", "x .", "y .")]
    [InlineData("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\tp ?\tq ?\t0\n1\t3\t4\tr ?\ts ?\t1\n", "p ?", "q ?")]
    [InlineData("premise\thypothesis\tgold_label\np .\th .\tneutral\nq .\ti .\tcontradiction\n", "p .", "h .")]
    public void The_column_names_of_every_GLUE_task_are_known(string text, string first, string second)
    {
        TextTask task = Read(text, test: text);
        Assert.True(task.IsPair);
        Assert.Equal((first, second), (task.Train[0].First, task.Train[0].Second));
        Assert.Equal(2, task.Labels.Count);
    }

    [Fact]
    public void CoLA_needs_no_header_and_is_scored_by_Matthews()
    {
        TextTask task = Read("gj04\t1\t\tThe boat sank.\ngj04\t0\t*\tBoat the sank.\n", test: "index\tsentence\n0\tWho?\n", name: "CoLA");
        Assert.Equal(TaskMetric.Matthews, task.Metric);
        Assert.Equal("Boat the sank.", task.Test[1].First);
    }

    [Fact]
    public void Numbers_with_a_decimal_point_make_a_regression()
    {
        string text = "sentence1\tsentence2\tscore\na\tb\t3.5\nc\td\t5\n";
        TextTask task = Read(text, test: text);
        Assert.True(task.IsRegression);
        Assert.Equal(1, task.Outputs);
        Assert.Equal(TaskMetric.PearsonSpearman, task.Metric);
        Assert.Equal(5.0, task.Train[1].Label);
    }

    [Fact]
    public void Without_labelled_test_examples_dev_is_the_test_set_and_a_tenth_of_train_is_held_out()
    {
        var train = new StringBuilder("sentence\tlabel\n");
        for (int i = 0; i < 50; i++) train.Append($"s{i}\t{i % 2}\n");
        TextTask task = Read(train.ToString(), Sst, "index\tsentence\n0\tunlabelled\n");
        Assert.Equal(2, task.Test.Count);
        Assert.Equal((45, 5), (task.Train.Count, task.Dev.Count));
        Assert.Empty(task.Train.Intersect(task.Dev));
    }

    [Fact]
    public void A_byte_order_mark_and_carriage_returns_do_no_harm() =>
        Assert.Equal("a fine film", Read("\uFEFF" + Sst.Replace("\n", "\r\n", StringComparison.Ordinal), test: Sst).Train[0].First);

    [Fact]
    public void A_malformed_line_is_named_with_its_file_and_number()
    {
        Assert.Contains("dev.tsv, line 3: 1 tab-separated cells where 2 are expected", Refusal(Sst, "sentence\tlabel\nok\t1\nno tab\n"),
            StringComparison.Ordinal);
        Assert.Contains("test.tsv, line 2: label '7' does not occur", Refusal(Sst, Sst, "sentence\tlabel\nx\t7\n"),
            StringComparison.Ordinal);
        Assert.Contains("train.tsv, line 2: no label", Refusal("sentence\tlabel\nx\t\ny\t1\n"), StringComparison.Ordinal);
        Assert.Contains("dev.tsv, line 2: label 'x' is not a number",
            Refusal("sentence\tlabel\na\t1.5\nb\t2.5\n", "sentence\tlabel\na\tx\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_said()
    {
        Assert.Contains("no sentence column", Refusal("utterance\tlabel\nx\t1\n"), StringComparison.Ordinal);
        Assert.Contains("no label column", Refusal("sentence\tfoo\nx\t1\n"), StringComparison.Ordinal);
        Assert.Contains("every label is '1'", Refusal("sentence\tlabel\nx\t1\n"), StringComparison.Ordinal);
        Assert.Contains("no examples", Refusal("sentence\tlabel\n"), StringComparison.Ordinal);
        Assert.Contains("no such folder",
            Assert.Throws<InvalidInputException>(() => TaskCatalog.Resolve("tsv:/nonexistent-folder")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "latin")).FullName;
        File.WriteAllBytes(Path.Combine(folder, "train.tsv"), [(byte)'a', 0xE9, (byte)'\n']);
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), Sst);
        Assert.Contains("not UTF-8", Assert.Throws<InvalidInputException>(() => TaskCatalog.Resolve($"tsv:{folder}")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_limit_the_splits_and_choose_the_metric()
    {
        TextTask task = Read(Sst, test: Sst, options: ";train=1;dev=1;metric=f1");
        Assert.Equal((1, 1, 2), (task.Train.Count, task.Dev.Count, task.Test.Count));
        Assert.Equal(TaskMetric.F1, task.Metric);
        Assert.Contains("unknown option 'epochs=3'", Refusal(Sst, options: ";epochs=3"), StringComparison.Ordinal);
        Assert.Contains("whole number above 0", Refusal(Sst, options: ";train=0"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_task_is_answered_with_the_known_ones()
    {
        string message = Assert.Throws<InvalidInputException>(() => TaskCatalog.Resolve("sst-3")).Message;
        Assert.Contains("sst-3", message, StringComparison.Ordinal);
        Assert.Contains("polarity, paraphrase, acceptability, tsv:DIR", message, StringComparison.Ordinal);
    }
}
