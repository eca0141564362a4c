using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Training;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Tests;

public sealed class RateSearchTests
{
    private static readonly double[] s_rates = [1e-4, 1e-3, 1e-2];

    [Fact]
    public void A_row_gets_the_rate_of_its_best_dev_score_and_says_when_that_is_the_last_one_tried()
    {
        IReadOnlyList<FinalEntry> chosen = Choose(
            (0, 0, 0.6, 0.5), (0, 1, 0.9, 0.2), (0, 2, 0.8, 0.3),
            (1, 0, 0.9, 0.1), (1, 1, 0.8, 0.2), (1, 2, 0.7, 0.3),
            (2, 0, 0.1, 0.9), (2, 1, 0.2, 0.8), (2, 2, 0.3, 0.7));
        Assert.Equal([1e-3, 1e-4, 1e-2], chosen.Take(3).Select(e => e.LearningRate!.Value));
        Assert.Equal([RateChoice.Chosen, RateChoice.Lowest, RateChoice.Highest], chosen.Take(3).Select(e => e.Choice));
        Assert.Equal([0.9, 0.9, 0.3], chosen.Take(3).Select(e => e.DevScore!.Value));
    }

    [Fact]
    public void Of_equal_dev_scores_the_lower_loss_decides_and_then_the_lower_rate()
    {
        IReadOnlyList<FinalEntry> chosen = Choose(
            (0, 0, 0.9, 0.3), (0, 1, 0.9, 0.2), (0, 2, 0.9, 0.4), (1, 0, 0.9, 0.2), (1, 1, 0.9, 0.1), (1, 2, 0.9, 0.1));
        Assert.Equal([1e-3, 1e-3], chosen.Take(2).Select(e => e.LearningRate!.Value));
    }

    [Fact]
    public void A_row_none_of_whose_trainings_ended_keeps_what_it_had() =>
        Assert.Equal((null, RateChoice.Fixed), (Choose((0, 0, 1, 1))[3].LearningRate, Choose((0, 0, 1, 1))[3].Choice));

    [Fact]
    public void What_a_definition_keeps_of_its_rows_reads_back_and_so_do_rows_of_earlier_versions()
    {
        FinalEntry[] entries =
        [
            new("trial 3")
            {
                Trial = 3, DevScore = 0.75, LearningRate = 1e-3, Choice = RateChoice.Lowest, Parameters = Json("""{"rank":4}"""),
                Before = [new(5, Json("""{"rank":2}"""))],
            },
            new("lora r8 qv") { LearningRate = 1e-2, Choice = RateChoice.Highest },
        ];
        IReadOnlyList<FinalEntry> read = FinalEntry.Read(FinalEntry.Write(entries));
        Assert.Equal(entries[0] with { Before = null, Parameters = null }, read[0] with { Before = null, Parameters = null });
        Assert.Equal("""{"rank":4}""", read[0].Parameters!.Value.GetRawText());
        Assert.Equal((5, """{"rank":2}"""), (read[0].Before![0].Until, read[0].Before![0].Parameters.GetRawText()));
        Assert.Equal(entries[1], read[1]);
        IReadOnlyList<FinalEntry> old = FinalEntry.Read("""[{"trial":7,"dev":0.5,"params":{}}]""");
        Assert.Equal(["trial 7", .. Baselines.Names], old.Select(e => e.Name));
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    private static IReadOnlyList<FinalEntry> Choose(params (int Row, int Rate, double Dev, double Loss)[] runs)
    {
        SearchSpace space = FinalEvaluation.RateSpace(4, s_rates.Length);
        List<StudyEvent> log = [new StudyCreated(default, new StudyDefinition(space, [Objective.Maximize("dev_score")]))];
        foreach (((int row, int rate, double dev, double loss), int n) in runs.Select((r, n) => (r, n)))
        {
            Configuration c = space.FromValues(new Dictionary<string, object?> { ["candidate"] = row, ["rate"] = rate });
            log.Add(new TrialProposed(default, n, c, "enqueued", log.Count, n, 1));
            log.Add(new TrialStarted(default, n, "w", "cpu:0", 1));
            log.Add(new TrialCompleted(default, n, 1, [dev], [], ImmutableSortedDictionary<string, double>.Empty.Add("dev_loss", loss)));
        }
        return RateSearch.Choose(Study.Of(log), [.. Enumerable.Range(0, 4).Select(i => new FinalEntry($"row {i}"))], s_rates);
    }
}
