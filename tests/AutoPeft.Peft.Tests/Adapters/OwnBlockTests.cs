using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.Prefix;
using AutoPeft.Peft.Adapters.Prompt;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Adapters;

/// <summary>Methods that this library does not have, written against its public records alone.</summary>
public sealed class OwnBlockTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    /// <summary>Δ = diag(b)·B·diag(d)·A, where A and B stay as they were drawn (VeRA, Kopiczko et al., ICLR 2024).</summary>
    private sealed record Vera : LinearBlock
    {
        public static readonly BlockType FileType = new("vera", (site, settings) => new Vera(site, settings.Integer("rank")));

        public Vera(Site site, int rank) : base(site, "vera") => Rank = rank;

        public int Rank { get; }

        public override string Type => "vera";

        public override JsonObject Settings => new() { ["rank"] = Rank };

        public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
        [
            new("A", [Rank, inFeatures], Initialization.Kaiming(inFeatures), Trained: false),
            new("B", [outFeatures, Rank], Initialization.Kaiming(Rank), Trained: false),
            new("d", [Rank], Initialization.Ones),
            new("b", [outFeatures], Initialization.Zeros),
        ];

        public override Tensor Delta(BlockTensors tensors) =>
            (tensors["b"].unsqueeze(1) * tensors["B"]).matmul(tensors["d"].unsqueeze(1) * tensors["A"]);
    }

    /// <summary>h + t + scale·(v ∘ tanh(t)).</summary>
    private sealed record Gate : ResidualBlock
    {
        public static readonly BlockType FileType = new("gate", (site, _) => new Gate(site));

        public Gate(Site site) : base(site, "gate", ResidualInput.Residual)
        {
        }

        public override string Type => "gate";

        public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
            [new("v", [outFeatures], Initialization.Zeros)];

        public override Tensor Added(Tensor input, BlockTensors tensors) => input.tanh() * tensors.As("v", input);
    }

    private static PeftPlan VeraPlan(BertConfig config) => PeftPlan.OfBlocks(
        "vera", config, [SitePoint.Query, SitePoint.Intermediate], site => new Vera(site, 3) { Dropout = 0.125 });

    private static PeftPlan GatePlan(BertConfig config) => PeftPlan.OfBlocks(
        "gate", config, [SitePoint.AttentionResidual, SitePoint.FeedForwardResidual], site => new Gate(site) { Scale = 2 });

    private static readonly BlockType[] Own = [Vera.FileType, Gate.FileType];

    [Fact]
    public void A_method_of_ones_own_starts_and_trains_what_its_tensors_say()
    {
        PeftPlan plan = VeraPlan(TinyModel.Config);
        var model = TinyModel.With(plan);
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
        string[] trained = [.. PeftModel.TrainableParameters(model).Select(p => p.Name).Where(n => n.Contains(".adapter."))];
        Assert.Equal(2 * 4, trained.Length);
        Assert.All(trained, n => Assert.Matches(@"\.adapter\.vera\.[bd]$", n));
        // Two maps of two layers: 3 + 12 numbers at the query, 3 + 20 at the widening map.
        Assert.Equal(2 * (3 + 12 + 3 + 20), plan.PaperCount(TinyModel.Config));
        Assert.Equal(PeftModel.TrainableCount(model), plan.ExactCount(TinyModel.Config, BertOracle.Labels));
    }

    [Theory]
    [InlineData("vera")]
    [InlineData("gate")]
    [InlineData("vera beside lora and ia3")]
    public void Gradients_of_a_method_of_ones_own_equal_central_differences(string name)
    {
        BertConfig config = CentralDifferences.Config;
        PeftPlan plan = name == "gate" ? GatePlan(config) : VeraPlan(config);
        if (name.Contains("lora")) plan = plan.With(PeftPlan.FromName("lora r2 a3 qf + ia3", config));
        var model = new BertForSequenceClassification(config, 3);
        model.to(ScalarType.Float64);
        PeftModel.Apply(model, plan, 1);
        BertOracle.Fill(model);
        model.eval();
        CentralDifferences.Check(model);
    }

    [Fact]
    public void It_computes_its_formula_and_merging_gives_the_same_answers()
    {
        var model = TinyModel.Filled(VeraPlan(TinyModel.Config));
        var changed = TinyModel.Base();
        Dictionary<string, Tensor> own = model.state_dict();
        using (no_grad())
            foreach (var (name, weight) in changed.named_parameters())
            {
                string at = name.Replace(".weight", ".adapter.vera.", StringComparison.Ordinal);
                if (!own.TryGetValue(at + "A", out Tensor? a)) continue;
                weight.add_(diag(own[at + "b"]).matmul(own[at + "B"]).matmul(diag(own[at + "d"])).matmul(a));
            }
        double[] answers = TinyModel.Answers(model);
        BertOracle.AssertClose(TinyModel.Answers(changed), TinyModel.Logits(model), 1e-12);
        Assert.True(answers.Zip(BertOracle.Logits).Max(p => Math.Abs(p.First - p.Second)) > 1e-3);

        PeftModel.Merge(model);
        BertOracle.AssertClose(answers, TinyModel.Logits(model), 1e-12);
        PeftModel.Unmerge(model);
        Assert.Equal(answers, TinyModel.Answers(model));
        PeftModel.Detach(model);
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
    }

    [Fact]
    public void Saved_it_is_read_back_bit_for_bit_by_whoever_knows_its_type()
    {
        PeftPlan plan = VeraPlan(TinyModel.Config).With(GatePlan(TinyModel.Config), PeftPlan.FromName("lora r2 v", TinyModel.Config));
        var model = TinyModel.Filled(plan);
        AdapterFolder.Save(model, new AdapterDescription(plan, ["a", "b", "c"], 3, 24), _folder.Path);

        var other = TinyModel.Base();
        AdapterDescription read = AdapterFolder.Load(other, _folder.Path, Own);
        Assert.Equal(TinyModel.Answers(model), TinyModel.Answers(other));
        Assert.Equal(plan.Blocks, read.Plan.Blocks);
        Assert.Contains("cannot be merged", Assert.Throws<InvalidInputException>(() => PeftModel.Merge(other)).Message);

        Assert.Contains("type = \"vera\", expected bottleneck, key_value, key_value_mlp, low_rank, tokens, vector",
            Refused(), StringComparison.Ordinal);
        Assert.Contains("type = \"gate\", expected", Refused(Vera.FileType), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("core.rank", "null", "core: rank = null, expected an integer")]
    [InlineData("core.rank", "0", "expected an integer of at least 1")]
    [InlineData("core.rank", "4", "expected [4, 12]")]
    [InlineData("core.colour", "1", "colour = 1 is not supported")]
    [InlineData("read", "\"input\"", "read = \"input\", expected none")]
    [InlineData("point", "\"attention_residual\"", "'vera' cannot stand at AttentionResidual of layer 0: it stands at linear maps")]
    [InlineData("dropout", "1", "expected a number in [0, 1)")]
    public void Damaged_settings_are_refused_by_name(string path, string value, string says)
    {
        PeftPlan plan = VeraPlan(TinyModel.Config);
        AdapterFolder.Save(TinyModel.Filled(plan), new AdapterDescription(plan, [], 3, 24), _folder.Path);
        string file = _folder.File(AdapterFolder.DescriptionFileName);
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!, at = json["plan"]!["blocks"]![0]!;
        string[] steps = path.Split('.');
        (steps.Length == 1 ? at : at["core"]!)[steps[^1]] = JsonNode.Parse(value);
        File.WriteAllText(file, json.ToJsonString());
        Assert.Contains(says, Refused(Own), StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_is_made_at_a_place_of_its_kind_or_not_at_all()
    {
        string Said(Func<AdapterBlock> make) => Assert.Throws<InvalidInputException>(make).Message;
        Assert.Contains("'vera' cannot stand at KeysAndValues of layer 1",
            Said(() => new Vera(new Site(SitePoint.KeysAndValues, 1), 2)), StringComparison.Ordinal);
        Assert.Contains("'gate' cannot stand at Query of layer 0",
            Said(() => new Gate(new Site(SitePoint.Query, 0))), StringComparison.Ordinal);
        Assert.Contains("cannot stand at Embeddings",
            Said(() => new PrefixBlock(new Site(SitePoint.Embeddings), 2)), StringComparison.Ordinal);
        Assert.Contains("cannot stand at Pooler", Said(() => new PromptBlock(new Site(SitePoint.Pooler), 2)), StringComparison.Ordinal);
        Vera block = new(new Site(SitePoint.Query, 0), 2);
        Assert.Contains("cannot stand at",
            Said(() => block with { Site = new Site(SitePoint.AttentionResidual, 0) }), StringComparison.Ordinal);
        Assert.Contains("'a.b'", Said(() => block with { Name = "a.b" }), StringComparison.Ordinal);
        Assert.Contains("dropout of 1", Said(() => block with { Dropout = 1 }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.125, 0.25)]
    [InlineData(0, 0.5)]
    public void Different_dropouts_under_row_norms_are_refused_and_nothing_is_attached(double own, double lora)
    {
        PeftPlan Beside(string method) => PeftPlan
            .OfBlocks("vera", TinyModel.Config, [SitePoint.Query], site => new Vera(site, 2) { Dropout = own })
            .With(PeftPlan.FromName($"{method} r2 d{lora} q", TinyModel.Config));
        var model = TinyModel.Base();
        string message = Assert.Throws<InvalidInputException>(() => PeftModel.Apply(model, Beside("dora"), 1)).Message;
        Assert.Contains($"the blocks at Query of layer 0 have dropouts of {own} and {lora}", message, StringComparison.Ordinal);
        Assert.Empty(PeftModel.AttachedSites(model));
        // Without row norms each block drops its own input; with them one dropout for all is one.
        PeftModel.Apply(model, Beside("lora"), 1);
        PeftModel.Detach(model);
        own = lora;
        PeftModel.Apply(model, Beside("dora"), 1);
    }

    [Theory]
    [InlineData("Llama")]
    [InlineData("Gpt2")]
    public void A_decoder_takes_a_method_of_ones_own_and_merges_it(string family)
    {
        using DecoderModel model = DecoderOracle.Model(family);
        PeftPlan plan = PeftPlan.OfBlocks("vera", model.Config, [SitePoint.Query, SitePoint.FeedForwardOutput], site => new Vera(site, 2));
        PeftModel.Apply(model, plan, 1);
        using (no_grad())
            foreach (var (_, parameter) in PeftModel.TrainableParameters(model)) parameter.add_(0.25);
        Tensor adapted = model.forward(DecoderOracle.Inputs()).detach();
        PeftModel.Merge(model);
        BertOracle.AssertClose(BertOracle.Values(adapted), model.forward(DecoderOracle.Inputs()), 1e-10);
        PeftModel.Detach(model);
        Assert.True((model.forward(DecoderOracle.Inputs()) - adapted).abs().max().ToDouble() > 1e-3);
    }

    [Fact]
    public void A_shared_prefix_serves_the_layers_that_are_left_of_a_model()
    {
        BertConfig one = TinyModel.Config with { NumHiddenLayers = 1 };
        BertForSequenceClassification Model(PeftPlan plan)
        {
            var model = new BertForSequenceClassification(one, BertOracle.Labels);
            model.to(ScalarType.Float64);
            PeftModel.Apply(model, plan, 1);
            BertOracle.Fill(model);
            model.eval();
            return model;
        }

        PeftPlan last = PeftMethods.Prefix(TinyModel.Config, 3, bottleneck: 5).OnLayers([1]);
        var block = (PrefixMlpBlock)Assert.Single(last.Blocks);
        var shared = Model(last);
        var flat = Model(PeftMethods.Prefix(one, 3, bottleneck: 0));
        using (no_grad())
        {
            var made = (BlockTensors)shared.named_modules().Single(m => m.module is BlockTensors).module;
            flat.state_dict().Single(p => p.Key.EndsWith("key_values", StringComparison.Ordinal)).Value
                .copy_(block.AllLayers(made).select(1, 1));
        }
        for (var round = 0; round < 2; round++) BertOracle.AssertClose(TinyModel.Answers(flat), TinyModel.Logits(shared), 1e-12);
    }

    private string Refused(params BlockType[] own)
    {
        var model = TinyModel.Base();
        string message = Assert.Throws<InvalidInputException>(() => AdapterFolder.Load(model, _folder.Path, own)).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Empty(PeftModel.AttachedSites(model));
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
        return message;
    }
}
