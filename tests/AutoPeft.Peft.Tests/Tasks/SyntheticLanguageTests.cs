using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Tasks.Synthetic;

namespace AutoPeft.Peft.Tests.Tasks;

public class SyntheticLanguageTests
{
    [Fact]
    public void The_seed_decides_every_word()
    {
        Assert.Equal(new SyntheticLanguage(7).Corpus(50), new SyntheticLanguage(7).Corpus(50));
        Assert.NotEqual(new SyntheticLanguage(7).Corpus(50), new SyntheticLanguage(8).Corpus(50));
        TextTask one = TaskCatalog.Resolve("polarity"), two = TaskCatalog.Resolve("polarity");
        Assert.Equal(one.Train, two.Train);
        Assert.Equal(one.Test, two.Test);
    }

    [Fact]
    public void The_lexicon_has_a_few_hundred_words_and_the_corpus_uses_them_all()
    {
        var language = new SyntheticLanguage(7);
        Assert.InRange(language.WordCount, 200, 500);
        Assert.Equal(language.WordCount, language.Corpus(20_000).SelectMany(l => l.Split(' ')).Distinct().Count());
    }

    [Theory]
    [InlineData("polarity")]
    [InlineData("paraphrase")]
    [InlineData("acceptability")]
    public void Splits_are_balanced_and_share_no_example(string name)
    {
        TextTask task = new SyntheticLanguage(7).Task(name, 300, 200, 400);
        Assert.Equal((300, 200, 400), (task.Train.Count, task.Dev.Count, task.Test.Count));
        foreach (IReadOnlyList<TextExample> split in new[] { task.Train, task.Dev, task.Test })
            Assert.Equal(0.5, split.Average(e => e.Label));
        Assert.Equal(900, task.Train.Concat(task.Dev).Concat(task.Test).Select(e => (e.First, e.Second)).Distinct().Count());
        Assert.Equal(name == "paraphrase", task.IsPair);
    }

    [Fact]
    public void The_test_set_does_not_depend_on_how_much_is_trained_on()
    {
        var language = new SyntheticLanguage(7);
        Assert.Equal(language.Task("polarity", 10, 50, 100).Test, language.Task("polarity", 400, 50, 100).Test);
    }

    [Theory]
    [InlineData("polarity", 0.82)]
    [InlineData("paraphrase", 0.70)]
    [InlineData("acceptability", 0.75)]
    public void A_bag_of_words_does_not_solve_a_task(string name, double bar)
    {
        // Naive Bayes over words (of both sentences) with add-one smoothing: what counting words alone can reach.
        TextTask task = new SyntheticLanguage(7).Task(name, 2000, 10, 1000);
        var counts = new Dictionary<string, double[]>();
        foreach (TextExample example in task.Train)
            foreach (string word in Words(example))
                (counts.TryGetValue(word, out double[]? c) ? c : counts[word] = [1, 1])[(int)example.Label]++;
        double accuracy = task.Test.Average(example =>
            (Words(example).Sum(w => counts.TryGetValue(w, out double[]? c) ? Math.Log(c[1] / c[0]) : 0) > 0) == (example.Label == 1)
                ? 1.0
                : 0.0);
        Assert.InRange(accuracy, 0.3, bar);

        static IEnumerable<string> Words(TextExample example) => $"{example.First} {example.Second}".Split(' ').Distinct();
    }

    [Fact]
    public void What_is_said_the_same_way_twice_is_no_example_of_different() =>
        Assert.DoesNotContain(new SyntheticLanguage(7).Task("paraphrase", 3000, 10, 10).Train, e => e.Label == 0 && e.First == e.Second);

    [Fact]
    public void Every_disturbed_sentence_is_one_that_the_grammar_does_not_say()
    {
        TextTask task = new SyntheticLanguage(7).Task("acceptability", 4000, 10, 10);
        HashSet<string> said = [.. task.Train.Where(e => e.Label == 1).Select(e => e.First)];
        Assert.DoesNotContain(task.Train, e => e.Label == 0 && said.Contains(e.First));
    }
}
