using System.Collections.Immutable;
using AutoPeft.Analysis.Racing;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Analysis;

public class RaceSamplerTests
{
    [Fact]
    public void A_race_as_a_study_stops_asking_once_one_candidate_is_left_and_a_replay_asks_for_the_same_runs()
    {
        SearchSpace space = SearchSpace.Build(s => s.Int("candidate", 0, 3).Int("repeat", 0, 29));
        var log = new List<StudyEvent>();
        var study = new Study();
        void Append(StudyEvent e)
        {
            study.Apply(e);
            log.Add(e);
        }
        Append(new StudyCreated(DateTimeOffset.UnixEpoch, new StudyDefinition(space, [Objective.Maximize("score")]) { Budget = 120 }));
        var random = new Philox(4);
        var sampler = new RaceSampler();
        while (sampler.Propose(study, 1, random) is [var p])
        {
            int n = study.Trials.Count;
            Append(new TrialProposed(DateTimeOffset.UnixEpoch, n, p.Configuration, "race", study.Sequence, n, 1));
            Append(new TrialCompleted(DateTimeOffset.UnixEpoch, n, null,
                [0.1 * p.Configuration.GetInt("candidate") + 0.05 * random.NextNormal()], [],
                ImmutableSortedDictionary<string, double>.Empty));
        }
        Assert.InRange(study.Trials.Count, 12, 80);
        Assert.Equal((true, 3), (sampler.Standing(study).IsDecided, sampler.Standing(study).Leader));
        foreach (TrialProposed p in log.OfType<TrialProposed>())
            Assert.Equal(p.Configuration,
                Assert.Single(new RaceSampler().Propose(Study.Of(log.Take((int)p.Seen)), 1, new Philox(9))).Configuration);
    }

    [Fact]
    public void A_study_of_another_space_is_no_race()
    {
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch,
            new StudyDefinition(SearchSpace.Build(s => s.Float("lr", 0, 1)), [Objective.Minimize("loss")])));
        Assert.Contains("candidate and repeat",
            Assert.Throws<InvalidInputException>(() => new RaceSampler().Propose(study, 1, new Philox(0))).Message);
    }
}
