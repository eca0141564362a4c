using AutoPeft.Catalogs;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Peft.Tests.Training;

/// <summary>Trainings that go on from each other's checkpoints.</summary>
[Collection("torch's process-wide generator")]
public class PopulationTrainingTests
{
    private const string Text = "pbt:population=3,quantile=34,max=4,mode=sync,explore=learning_rate+dropout";

    /// <summary>Successors with their parents' hyperparameters, so that what they report can be told beforehand.</summary>
    private sealed class Unchanged(ISampler inner) : ISampler
    {
        public string Name => inner.Name;

        public bool ReadsReports => true;

        public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default) =>
            [.. inner.Propose(study, count, random, cancellationToken)
                .Select(p => p.Parent is { } parent ? p with { Configuration = study.Trials[parent.Number].Configuration } : p)];
    }

    private static PeftTrialOptions Options(TinyModel tiny) => new()
    {
        ModelDirectory = tiny.Folder,
        Task = "polarity;train=32;dev=20;test=20",
        Space = "lora",
        Training = TinyModel.Options with { Epochs = 4 },
    };

    private static async Task<IStudyView> RunAsync(TinyModel tiny, Func<ISampler, ISampler> with, int budget = 6)
    {
        PeftTrialOptions options = Options(tiny);
        (string sampler, string scheduler) = PopulationPairing.Pair(Text, "none");
        var definition = new StudyDefinition(options.SearchSpace(), PeftTrialOptions.Objectives)
        {
            Seed = 3,
            Budget = budget,
            Sampler = sampler,
            Scheduler = scheduler,
        };
        await using StudySession session =
            await SessionSteps.CreateAsync(definition, with(SamplerCatalog.Create(sampler)), new MemoryStore());
        using var runner = new PeftTrialRunner(options);
        await session.RunAsync([new InProcessWorker(runner, new DeviceSlot("cpu", 0, 1))],
            new SweepOptions { TrialDirectory = Path.Combine(tiny.Folder, "trials") });
        return session.Study;
    }

    private static (double, double, double)[] Losses(Trial trial, long after) =>
        [.. trial.Reports.Where(r => r.Step > after).Select(r => (r.Metrics["train_loss"], r.Metrics["loss"], r.Metrics["dev_score"]))];

    [Fact]
    public async Task A_successor_with_its_parents_hyperparameters_goes_on_to_its_parents_losses_bit_for_bit()
    {
        using var tiny = new TinyModel();
        IStudyView study = await RunAsync(tiny, s => new Unchanged(s));
        Trial[] successors = [.. study.Trials.Where(t => t.Parent is not null)];
        Assert.Equal(3, successors.Length);
        foreach (Trial t in successors)
        {
            Trial parent = study.Trials[t.Parent!.Number];
            Assert.Equal(t.Parent.Step + 1, t.Reports[0].Step);
            // As far as both have come: either may have left a comparison later.
            (double, double, double)[] own = Losses(t, t.Parent.Step), parents = Losses(parent, t.Parent.Step);
            int common = Math.Min(own.Length, parents.Length);
            Assert.True(common > 0);
            Assert.Equal(parents[..common], own[..common]);
        }
        Assert.Equal(3, study.Completed.Count);
    }

    [Fact]
    public async Task A_successor_with_another_learning_rate_starts_from_its_parents_weights_and_then_goes_its_own_way()
    {
        using var tiny = new TinyModel();
        IStudyView study = await RunAsync(tiny, s => s);
        Trial t = study.Trials.First(t => t.Parent is not null);
        Trial parent = study.Trials[t.Parent!.Number];
        Assert.NotEqual(parent.Configuration.GetDouble("learning_rate"), t.Configuration.GetDouble("learning_rate"));
        Assert.Equal((parent.Configuration.GetInt("rank"), parent.Configuration.GetInt("layers")),
            (t.Configuration.GetInt("rank"), t.Configuration.GetInt("layers")));
        double[] parents = [.. parent.Reports.Select(r => r.Metrics["train_loss"])];
        // From where the parent stood, not from where it began: nearer to its next loss than to its first.
        Assert.True(Math.Abs(t.Reports[0].Metrics["train_loss"] - parents[(int)t.Parent.Step])
            < Math.Abs(t.Reports[0].Metrics["train_loss"] - parents[0]) || t.Parent.Step == 1);
        Assert.NotEqual(Losses(parent, t.Parent.Step)[0], Losses(t, t.Parent.Step)[0]);
    }

    [Fact]
    public async Task The_schedule_that_a_population_found_trains_again_to_the_same_end_under_the_same_seed()
    {
        using var tiny = new TinyModel();
        IStudyView study = await RunAsync(tiny, s => s, budget: 6);
        PeftTrialOptions options = Options(tiny);
        using var trainer = new PeftTrainer(tiny.Base, TaskCatalog.Resolve(options.Task), options.Training);
        Trial[] ended = [.. study.Completed.Where(t => t.Parent is not null)];
        Assert.NotEmpty(ended);
        foreach (Trial t in ended)
        {
            TrainingPhase[] phases = [.. Ancestry.Of(study, t)
                .Select(p => new TrainingPhase(options.PlanOf(p.Configuration, tiny.Base.Config), options.TrainingOf(p.Configuration),
                    (int)p.Until))];
            Assert.NotEmpty(phases);
            PeftTrainingResult again = TrainingPhase.Train(trainer, phases, options.PlanOf(t.Configuration, tiny.Base.Config),
                options.TrainingOf(t.Configuration), StudySession.TrainingSeed(study, t));
            Assert.Equal(t.Values[0], again.Training.Best.Score);
            Assert.Equal(t.Metrics["dev_loss"], again.Training.Best.Loss);
            Assert.Equal(t.Reports.Select(r => r.Metrics["train_loss"]),
                again.Training.History.Skip((int)t.Parent!.Step).Select(h => h.TrainLoss));
        }
    }

    [Fact]
    public void What_a_shipped_space_calls_mutable_fits_a_checkpoint_of_any_other_value()
    {
        using var tiny = new TinyModel();
        foreach (ShippedSpace shipped in ShippedSpaces.All)
        {
            SearchSpace space = shipped.For(tiny.Base.Config);
            Assert.All(shipped.Mutable, name => Assert.True(space.Contains(name)));
            foreach (string name in shipped.Mutable)
            {
                Configuration c = space.Sample(new Philox(4));
                double[] codes = c.Codes.ToArray();
                int i = space.IndexOf(name);
                codes[i] = space.Parameters[i].FromUnit(space.Parameters[i].ToUnit(codes[i]) > 0.5 ? 0.1 : 0.9);
                Configuration other = space.FromCodes(codes);
                Assert.NotEqual(c, other);
                using var from = new PeftTrainer(tiny.Base, TaskCatalog.Resolve(Options(tiny).Task), TinyModel.Options with { Epochs = 2 });
                PeftTrialOptions options = Options(tiny) with { Space = shipped.Name, Training = TinyModel.Options with { Epochs = 2 } };
                string file = Path.Combine(tiny.Folder, $"{shipped.Name}-{name}.safetensors");
                from.Train(options.PlanOf(c, tiny.Base.Config), 1, options.TrainingOf(c), onEvaluation: _ => TrainingDecision.Pause,
                    checkpoint: new TrainingCheckpoint(file));
                var checkpoint = new TrainingCheckpoint(file) { OnRefused = why => Assert.Fail(why) };
                PeftTrainingResult result =
                    from.Train(options.PlanOf(other, tiny.Base.Config), 1, options.TrainingOf(other), checkpoint: checkpoint);
                Assert.Equal(2, result.Training.History.Count);
            }
        }
    }
}
