using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Studies;

public sealed class ObjectiveFormulaTests
{
    private static readonly SearchSpace s_space = SearchSpace.Build(s => s.Int("rank", 1, 64).Float("lr", 0, 1));

    private static StudyDefinition Define(string? formula) =>
        new(s_space, [Objective.Minimize("error"), Objective.Minimize("size") with { Formula = formula, Log = true }]);

    private static Study Asked(string? formula)
    {
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, Define(formula)));
        study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, 0, s_space.FromCodes([8, 0.5]), "random", 1, 0, 1));
        return study;
    }

    private static TrialCompleted Result(double size) =>
        new(DateTimeOffset.UnixEpoch, 0, null, [0.1, size], [], ImmutableSortedDictionary<string, double>.Empty);

    [Fact]
    public void A_result_that_the_formula_contradicts_is_refused_and_changes_nothing()
    {
        Study study = Asked("100 * rank");
        Assert.Equal("Trial 0: objective 'size' came back 812, and its formula gives 800; correct the formula or the result.",
            study.Refuses(Result(812)));
        Assert.Throws<InvalidInputException>(() => study.Apply(Result(812)));
        Assert.True(study.Trials[0].IsPending);
        study.Apply(Result(800.0000001));
        Assert.Equal(TrialState.Completed, study.Trials[0].State);
        Assert.Null(Asked(null).Refuses(Result(812)));
    }

    [Fact]
    public void A_malformed_formula_is_refused_with_the_objectives_name() =>
        Assert.Equal("Objective 'size': Formula '2 * width', at character 5: the space has no parameter 'width'; texts stand in quotes.",
            Assert.Throws<InvalidInputException>(() => Define("2 * width")).Message);

    [Fact]
    public void It_is_written_down_with_the_study()
    {
        var buffer = new MemoryStream();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            DefinitionJson.Write(w, Define("100 * rank"));
            w.WriteEndObject();
        }
        StudyDefinition read = DefinitionJson.Read(JsonDocument.Parse(buffer.ToArray()).RootElement);
        Assert.Equal(Define("100 * rank"), read);
        Assert.Equal([null, "100 * rank"], read.Formulas.Select(f => f?.Text));
        Assert.NotEqual(Define(null), read);
    }

    [Fact]
    public void A_study_from_before_its_formula_was_stated_goes_on_and_one_of_another_formula_does_not()
    {
        Assert.True(Define(null).IsSameStudyAs(Define("100 * rank")));
        Assert.True(Define("100 * rank").IsSameStudyAs(Define(null)));
        Assert.False(Define("100 * rank").IsSameStudyAs(Define("99 * rank")));
    }
}
