using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.LanguageModels.Tests;

/// <summary>Whatever a model answers, the sampler keeps every sampler's promises.</summary>
public sealed class SamplerContractOverNonsense : SamplerContract
{
    protected override ISampler Create() =>
        new LanguageModelSampler(new ScriptedClient("As a language model I recommend 0.001."), new RandomSampler(),
            new LanguageModelOptions());

    protected override bool AvoidsRepeats => false;
}

public class LanguageModelSamplerTests
{
    private static readonly SearchSpace Space = SearchSpace.Build(s => s
        .Float("lr", 1e-6, 1e-1, log: true).Categorical("method", ["lora", "adapter"])
        .Int("rank", 1, 64, log: true, when: Condition.On("method", "lora")).Bool("bias")
        .Require("not bias or lr < 0.01"));

    private static readonly TestFunction Function = new("tuning", Space, [Objective.Minimize("loss", 10)],
        c => ([Math.Abs(Math.Log10(c.GetDouble("lr")) + 3) + (c.GetBool("bias") ? 0.1 : 0)], []));

    private const string Good = """{"configurations":[{"lr":0.001,"method":"lora","rank":8,"bias":false},{"lr":"""
        + """0.002,"method":"adapter","bias":true},{"lr":0.003,"method":"adapter","bias":false},{"lr":0.004,"method":"adapter","bias":"""
        + """false}]}""";

    private static LanguageModelSampler Sampler(ScriptedClient client, LanguageModelOptions? options = null) =>
        new(client, new RandomSampler(), options);

    private static AnswerLog State(FunctionStudy study) => AnswerLog.Parse(study.Study.SamplerState)!;

    [Fact]
    public void The_first_trials_are_the_models_zero_shot_suggestions_from_a_prompt_that_names_everything()
    {
        var client = new ScriptedClient(Good);
        var study = new FunctionStudy(Function, 0, 20);
        IReadOnlyList<Proposal> proposals = study.Ask(Sampler(client, new LanguageModelOptions { Task = "Fine-tune a small encoder." }), 4);
        Assert.Equal([0.001, 0.002, 0.003, 0.004], proposals.Select(p => p.Configuration.GetDouble("lr")));
        Assert.All(proposals, p => Assert.Equal("zero-shot", p.Note));
        foreach (string said in (string[])["Fine-tune a small encoder.", "minimize loss", "lr: a float from", "logarithmic", "rank",
            "only where method is lora", "not bias or lr < 0.01", "Propose 4"])
            Assert.Contains(said, client.Prompts[0], StringComparison.Ordinal);
        Assert.Equal((4, 0), (State(study).Accepted, State(study).Dropped.Total));
    }

    [Fact]
    public void Later_candidates_come_from_the_history_and_the_models_predictions_choose_among_them()
    {
        var client = new ScriptedClient((prompt, _) => [prompt.Contains("Predict", StringComparison.Ordinal)
            ? """{"predictions":[[0.9],[0.1],[0.5]]}"""
            : prompt.Contains("Aim for", StringComparison.Ordinal)
                ? """{"configurations":[{"lr":0.01,"method":"adapter","bias":false},{"lr":0.02,"method":"adapter","bias":false},{"lr":"""
                    + """0.03,"method":"adapter","bias":false}]}""" : Good]);
        var study = new FunctionStudy(Function, 0, 20);
        LanguageModelSampler sampler = Sampler(client);
        study.Ask(sampler, 4);
        for (int i = 0; i < 4; i++) study.Tell(i);
        Proposal next = study.Ask(sampler)[0];
        Assert.Equal(0.02, next.Configuration.GetDouble("lr"));
        Assert.Equal("candidate", next.Note);
        Assert.Contains("Results so far", client.Prompts[1], StringComparison.Ordinal);
        Assert.Contains("0.004", client.Prompts[1], StringComparison.Ordinal);
        study.Tell(4);
        // Every second trial is the inner sampler's, and asks nobody.
        int calls = client.Calls;
        Assert.StartsWith("random", study.Ask(sampler)[0].Note, StringComparison.Ordinal);
        Assert.Equal(calls, client.Calls);
    }

    [Theory]
    [InlineData("", "malformed")]
    [InlineData("   ", "malformed")]
    [InlineData("Sure! Here you are: lr = 0.001", "malformed")]
    [InlineData("{\"configurations\":", "malformed")]
    [InlineData("[1,2,3]", "malformed")]
    [InlineData("{\"configurations\":{\"lr\":0.001}}", "malformed")]
    [InlineData("[[[[[[[[[[[[]]]]]]]]]]]]", "malformed")]
    [InlineData("{\"configurations\":[{\"lr\":5,\"method\":\"adapter\",\"bias\":false}]}", "outside")]
    [InlineData("{\"configurations\":[{\"lr\":\"high\",\"method\":\"adapter\",\"bias\":false}]}", "outside")]
    [InlineData("{\"configurations\":[{\"lr\":0.001,\"method\":\"prompt-tuning\",\"bias\":false}]}", "outside")]
    [InlineData("{\"configurations\":[{\"lr\":0.001,\"method\":\"adapter\"}]}", "outside")]
    [InlineData("{\"configurations\":[{\"lr\":0.001,\"method\":\"adapter\",\"rank\":8,\"bias\":false}]}", "outside")]
    [InlineData("{\"configurations\":[{\"lr\":0.001,\"method\":\"adapter\",\"bias\":false,\"warmup\":3}]}", "outside")]
    [InlineData("{\"configurations\":[7]}", "outside")]
    [InlineData("{\"configurations\":[{\"lr\":0.05,\"method\":\"adapter\",\"bias\":true}]}", "infeasible")]
    public void A_bad_answer_is_dropped_and_counted_and_the_inner_sampler_stands_in(string answer, string counted)
    {
        var study = new FunctionStudy(Function, 0, 20);
        Proposal p = study.Ask(Sampler(new ScriptedClient(answer)))[0];
        Assert.True(Space.IsFeasible(p.Configuration));
        Assert.Contains("in place of an answer", p.Note, StringComparison.Ordinal);
        DropCounts d = State(study).Dropped;
        Assert.Equal(1, d.Total);
        Assert.Equal(1, counted switch { "malformed" => d.Malformed, "outside" => d.Outside, _ => d.Infeasible });
        Assert.Equal(0, State(study).Accepted);
    }

    [Fact]
    public void An_answer_of_10_MB_is_not_read_to_its_end_nor_kept()
    {
        var client = new ScriptedClient((_, _) => Enumerable.Repeat(new string('x', 10_000), 1000));
        var study = new FunctionStudy(Function, 0, 20);
        study.Ask(Sampler(client));
        Assert.Equal(1, State(study).Dropped.TooLong);
        Assert.InRange(client.PartsRead, 1, 7);
        Assert.True(study.Study.SamplerState!.Length < 1000);
    }

    [Fact]
    public void A_client_that_throws_or_never_answers_costs_no_trial()
    {
        var study = new FunctionStudy(Function, 0, 20);
        study.Ask(Sampler(new ScriptedClient((_, _) => throw new HttpRequestException("connection refused"))));
        Assert.Equal(1, State(study).Dropped.Failed);
        Assert.Equal("connection refused", State(study).Answers[0].Error);
        study.Ask(Sampler(new ScriptedClient((_, _) => Endless()), new LanguageModelOptions { Timeout = TimeSpan.FromMilliseconds(50) }));
        Assert.Equal(2, State(study).Dropped.Failed);
        Assert.Contains("no answer within", State(study).Answers[0].Error, StringComparison.Ordinal);

        static IEnumerable<string> Endless()
        {
            while (true) yield return "";
        }
    }

    [Fact]
    public void What_was_tried_before_or_stands_twice_is_not_proposed_again()
    {
        string twice = """{"configurations":[{"lr":0.001,"method":"adapter","bias":false},{"lr":0.001,"method":"adapter","bias":false},"""
            + """{"lr":0.002,"method":"adapter","bias":false}]}""";
        var study = new FunctionStudy(Function, 0, 20);
        LanguageModelSampler sampler = Sampler(new ScriptedClient(twice));
        study.Ask(sampler, 2);
        Assert.Equal(2, study.Study.Trials.Select(t => t.Configuration).Distinct().Count());
        study.Ask(sampler);
        Assert.Equal(1 + 3, State(study).Dropped.Repeated);
    }

    [Fact]
    public void An_answer_in_one_fenced_block_is_read()
    {
        var study = new FunctionStudy(Function, 0, 20);
        Assert.Equal(0.001, study.Ask(Sampler(new ScriptedClient($"```json\n{Good}\n```")))[0].Configuration.GetDouble("lr"));
    }

    [Fact]
    public void A_replay_from_the_log_needs_no_model_and_gives_the_same_proposals_bit_for_bit()
    {
        // Good and bad answers, failures and an overlong one among them; a Gaussian process inside, whose state has to survive too.
        var client = new ScriptedClient((prompt, call) => (call % 5) switch
        {
            0 => [Good],
            1 => prompt.Contains("Predict", StringComparison.Ordinal)
                ? ["nonsense"]
                : ["""{"configurations":[{"lr":0.0""", $"{call % 10}1,\"method\":\"adapter\",\"bias\":false}}]}}"],
            2 => throw new HttpRequestException("busy"),
            3 => [new string('x', 100_000)],
            _ => [""],
        });
        var study = new FunctionStudy(Function, 3, 24);
        study.Run(new LanguageModelSampler(client, new GaussianProcessSampler()), workers: 2);
        Assert.True(client.Calls > 10);
        var recorded = new RecordedAnswers(study.Log);
        var replay = new LanguageModelSampler(recorded, new GaussianProcessSampler());
        foreach (TrialProposed p in study.Log.OfType<TrialProposed>())
        {
            Study then = Study.Of(study.Log.Take((int)p.Seen));
            Proposal again = replay.Propose(then, p.BatchSize, new Philox(3, (ulong)p.Batch, StreamPurpose.Ask))[0];
            Assert.Equal(p.Configuration, again.Configuration);
            Assert.Equal(p.State, again.State);
        }
    }

    [Fact]
    public void A_replay_of_another_study_is_refused_rather_than_made_up()
    {
        var study = new FunctionStudy(Function, 0, 20);
        Assert.Contains("no answer to this prompt",
            Assert.Throws<InvalidInputException>(() => study.Ask(new LanguageModelSampler(new RecordedAnswers([])))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Several_objectives_are_ranked_by_the_hypervolume_that_the_model_expects_them_to_gain()
    {
        var two = new TestFunction("two", Space, [Objective.Minimize("loss", 10), Objective.Maximize("speed", 0)], c => ([1, 1], []));
        var client = new ScriptedClient(
            (prompt, _) => [prompt.Contains("Predict", StringComparison.Ordinal) ? """{"predictions":[[0.9,1.1],[5,0.5],[0.2,3]]}"""
            : prompt.Contains("Results", StringComparison.Ordinal)
                ? """{"configurations":[{"lr":0.01,"method":"adapter","bias":false},{"lr":0.02,"method":"adapter","bias":false},{"lr":"""
                    + """0.03,"method":"adapter","bias":false}]}""" : Good]);
        var study = new FunctionStudy(two, 0, 20);
        LanguageModelSampler sampler = Sampler(client);
        study.Ask(sampler, 4);
        for (int i = 0; i < 4; i++) study.Tell(i);
        Assert.Equal(0.03, study.Ask(sampler)[0].Configuration.GetDouble("lr"));
    }
}
