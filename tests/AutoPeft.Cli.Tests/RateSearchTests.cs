using System.Collections.Immutable;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
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

    [Theory]
    [InlineData(new[] { 2, 3, 4 }, 3, null)]
    [InlineData(new[] { 2, 3, 4 }, 2, 1)]
    [InlineData(new[] { 1, 2, 3, 4 }, 1, 0)]
    [InlineData(new[] { 0, 1, 2, 3, 4 }, 0, null)]
    [InlineData(new[] { 0, 1, 2, 3, 4 }, 1, null)]
    [InlineData(new[] { 2, 3, 4 }, 4, 5)]
    [InlineData(new[] { 2, 3, 4, 5 }, 5, null)]
    public void A_row_that_does_best_at_the_end_of_what_it_has_tried_goes_one_rate_outwards_while_there_is_one(
        int[] tried, int best, int? next) =>
        Assert.Equal(next, new LearningRateGrid([1, 2, 3, 4, 5, 6], 2, 3).Next(tried, best));

    [Fact]
    public void The_rates_of_a_model_are_BERT_base_rates_by_its_width_and_four_in_the_middle_are_for_every_row()
    {
        LearningRateGrid grid = LearningRateGrid.For(new BertConfig { HiddenSize = 64 });
        Assert.Equal([6e-5, 1.9e-4, 6e-4, 1.9e-3, 6e-3, 1.9e-2, 6e-2, 1.9e-1], grid.Rates);
        Assert.Equal((2, 4), (grid.First, grid.Count));
    }

    [Fact]
    public void Only_rows_with_their_best_at_an_end_try_further_rates()
    {
        Study study = StudyOf((0, 0, 0.6, 0.5), (0, 1, 0.9, 0.2), (1, 0, 0.9, 0.1), (1, 1, 0.8, 0.2), (2, 0, 0.1, 0.9), (2, 1, 0.9, 0.8));
        Assert.Equal([(0, 2), (2, 2)], RateSearch.Outwards(study, new LearningRateGrid(s_rates, 0, 2)));
        Assert.Empty(RateSearch.Outwards(study, new LearningRateGrid(s_rates[..2], 0, 2)));
    }

    private static IReadOnlyList<FinalEntry> Choose(params (int Row, int Rate, double Dev, double Loss)[] runs) =>
        RateSearch.Choose(StudyOf(runs), [.. Enumerable.Range(0, 4).Select(i => new FinalEntry($"row {i}"))], s_rates);

    private static Study StudyOf(params (int Row, int Rate, double Dev, double Loss)[] runs)
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
        return Study.Of(log);
    }
}
