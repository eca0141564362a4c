using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Adapters.Lora;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Adapters;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.HuggingFace;

/// <summary>Adapters from elsewhere: what is not understood is refused by name, and no adapter is ever half attached.</summary>
public sealed class HfAdapterRefusalTests : IDisposable
{
    private const string Query = "base_model.model.bert.encoder.layer.0.attention.self.query";

    private readonly ScratchFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("rank_pattern", """{"query[":2}""", "'query[' is no valid regular expression")]
    [InlineData("rank_pattern", """{"query":"two"}""", "rank_pattern.query = \"two\", expected a number")]
    [InlineData("rank_pattern", """{"query":2.5}""", "expected an integer of at least 1")]
    [InlineData("rank_pattern", "[2]", "expected an object of numbers")]
    [InlineData("alpha_pattern", """{"query":1e400}""", "expected a finite number")]
    [InlineData("lora_alpha", "1e400", "lora_alpha = 1e400, expected a finite number")]
    [InlineData("lora_alpha", "null", "expected a number")]
    [InlineData("r", "2.5", "expected an integer of at least 1")]
    [InlineData("r", "0", "expected an integer of at least 1")]
    [InlineData("lora_dropout", "1", "expected a number in [0, 1)")]
    [InlineData("use_dora", "\"no\"", "expected true or false")]
    [InlineData("use_dora", "true", "has no 'lora_magnitude_vector' beside it")]
    [InlineData("peft_type", "7", "expected a string")]
    [InlineData("task_type", "\"CAUSAL_LM\"", "this model classifies sequences")]
    [InlineData("init_lora_weights", "\"pissa\"", "init_lora_weights = \"pissa\"")]
    [InlineData("init_lora_weights", "\"pissa_niter_4\"", "init_lora_weights")]
    [InlineData("init_lora_weights", "\"olora\"", "changes the base model's weights")]
    [InlineData("init_lora_weights", "\"corda\"", "init_lora_weights")]
    [InlineData("init_lora_weights", "\"loftq\"", "init_lora_weights")]
    [InlineData("alora_invocation_tokens", "[1,2]", "alora_invocation_tokens = [1,2] is not supported")]
    [InlineData("layer_replication", "[[0,2],[1,2]]", "layer_replication")]
    [InlineData("trainable_token_indices", "[3]", "trainable_token_indices")]
    [InlineData("target_parameters", "[\"experts\"]", "target_parameters")]
    [InlineData("fan_in_fan_out", "true", "fan_in_fan_out = true is not supported")]
    [InlineData("lora_bias", "true", "lora_bias")]
    [InlineData("bias", "\"all\"", "bias = \"all\" is not supported")]
    [InlineData("use_qalora", "true", "use_qalora")]
    [InlineData("a_setting_of_next_year", "0", "a_setting_of_next_year = 0 is not supported")]
    [InlineData("modules_to_save", "\"classifier\"", "expected an array of strings")]
    [InlineData("target_modules", "[\"query\"]", "adapts 'bert.encoder.layer.0.attention.self.value', which target_modules")]
    [InlineData("target_modules", "[\"query\",\"value\",\"key\"]", "has no tensors for 'bert.encoder.layer.0.attention.self.key'")]
    [InlineData("target_modules", "\"(\"", "is no valid regular expression")]
    [InlineData("target_modules", "5", "expected an array of strings")]
    [InlineData("exclude_modules", "[\"value\"]", "adapts 'bert.encoder.layer.0.attention.self.value'")]
    [InlineData("layers_to_transform", "[1]", "adapts 'bert.encoder.layer.0.attention.self.query'")]
    [InlineData("layers_to_transform", "[\"one\"]", "expected layer numbers")]
    public void A_setting_that_is_not_understood_is_refused_by_name(string key, string value, string says)
    {
        Write("lora r2 qv", config => config[key] = JsonNode.Parse(value));
        AssertRefused(says);
    }

    [Fact]
    public void A_pattern_whose_matching_would_not_end_is_matched_or_refused_but_never_waited_for()
    {
        // The classic: exponential for an engine that backtracks, linear for ours.
        Write("lora r2 qv", config => config["rank_pattern"] = new JsonObject { ["(([a-z.0-9_]+)+)+!"] = 9 });
        LoadedAdapter read = HfAdapterFile.Load(TinyModel.Base(), _folder.Path);
        Assert.Contains("rank_pattern '(([a-z.0-9_]+)+)+!' names no adapted module", Assert.Single(read.Notes));
    }

    [Fact]
    public void Patterns_that_name_nothing_are_said_and_change_nothing()
    {
        Write("lora r2 qv", config =>
        {
            config["rank_pattern"] = new JsonObject { ["k_proj"] = 8 };
            config["alpha_pattern"] = new JsonObject { ["encoder.layer.7.*"] = 8, ["query"] = 2 };
        });
        LoadedAdapter read = HfAdapterFile.Load(TinyModel.Base(), _folder.Path);
        Assert.Equal(2, read.Notes.Count);
        Assert.Contains(read.Notes, n => n.Contains("rank_pattern 'k_proj'", StringComparison.Ordinal));
        Assert.Equal(1.0, read.Plan.Blocks.OfType<LoraBlock>().First(b => b.Site.Point == SitePoint.Query).Scale);
    }

    [Fact]
    public void A_configuration_as_peft_018_writes_it_is_read()
    {
        // The keys and their defaults as peft 0.18 writes them beside a plain LoRA.
        var defaults = JsonNode.Parse("""
            {"alora_invocation_tokens":null,"arrow_config":null,"auto_mapping":null,"corda_config":null,
             "ensure_weight_tying":false,"eva_config":null,"exclude_modules":null,"fan_in_fan_out":false,
             "inference_mode":true,"init_lora_weights":true,"layer_replication":null,"layers_pattern":null,
             "layers_to_transform":null,"loftq_config":{},"lora_bias":false,"megatron_config":null,
             "megatron_core":"megatron.core","peft_version":"0.18.0","qalora_group_size":16,"rank_pattern":{},
             "revision":null,"target_parameters":null,"trainable_token_indices":null,"use_dora":false,
             "use_qalora":false,"use_rslora":false,"modules_to_save":["classifier","score"]}
            """)!.AsObject();
        Write("lora r2 qv", config =>
        {
            foreach (var (key, value) in defaults) config[key] = value?.DeepClone();
        });
        Assert.Empty(HfAdapterFile.Load(TinyModel.Base(), _folder.Path).Notes);
    }

    [Fact]
    public void The_pooler_is_a_linear_map_as_well_where_all_linear_maps_are_targets()
    {
        Write("lora r2 qkvoif", config => config["target_modules"] = "all-linear", tensors =>
        {
            foreach (string part in (string[])["weight", "bias"]) tensors.Remove($"base_model.model.bert.pooler.dense.{part}");
            tensors["base_model.model.bert.pooler.dense.lora_A.weight"] = ones(2, 12, dtype: ScalarType.Float64);
            tensors["base_model.model.bert.pooler.dense.lora_B.weight"] = ones(12, 2, dtype: ScalarType.Float64);
        }, config => config["modules_to_save"] = new JsonArray("classifier", "score"));
        LoadedAdapter read = HfAdapterFile.Load(TinyModel.Base(), _folder.Path);
        Assert.Equal(13, read.Plan.Blocks.Count);
        Assert.Equal(HeadTraining.Classifier, read.Plan.Head);
    }

    public static TheoryData<string, string> Tensors => new()
    {
        { "lora_B without lora_A", "has no 'lora_A.weight' beside it" },
        { "lora_A without lora_B", "has no 'lora_B.weight' beside it" },
        { "magnitude without DoRA", "is DoRA's, but adapter_config.json says use_dora = false" },
        { "empty shape", "expected [2, 12]" },
        { "integers", "has dtype I32; weights are" },
        { "not a number", "holds values that are no finite numbers" },
        { "half a head", "tensor 'classifier.bias' is missing" },
        { "stranger", "is none that LoRA has" },
        { "other width", "has shape [2, 13], expected [2, 12]" },
        { "twice", "are one tensor of the model; leave one" },
        { "pooler alone", "holds the pooler but no classifier" },
    };

    [Theory]
    [MemberData(nameof(Tensors))]
    public void A_tensor_that_does_not_fit_is_refused_and_nothing_is_attached(string which, string says)
    {
        Write("lora r2 qv", _ => { }, tensors =>
        {
            string a = Query + ".lora_A.weight", b = Query + ".lora_B.weight";
            Tensor one = tensors[a];
            switch (which)
            {
                case "lora_B without lora_A": tensors.Remove(a); break;
                case "lora_A without lora_B": tensors.Remove(b); break;
                case "magnitude without DoRA": tensors[Query + ".lora_magnitude_vector"] = ones(12); break;
                case "empty shape": tensors[a] = ones([], dtype: ScalarType.Float32); break;
                case "integers": tensors[a] = ones(2, 12, dtype: ScalarType.Int32); break;
                case "not a number": tensors[a] = full(2, 12, double.NaN); break;
                case "half a head": tensors.Remove("base_model.model.classifier.bias"); break;
                case "stranger": tensors[Query + ".lora_E"] = ones(2); break;
                case "other width": tensors[a] = ones(2, 13); break;
                case "twice": tensors["bert.encoder.layer.0.attention.self.query.lora_A.weight"] = one; break;
                default: foreach (string name in tensors.Keys.Where(k => k.Contains("classifier")).ToList()) tensors.Remove(name); break;
            }
        }, which == "pooler alone" ? config => config.Remove("modules_to_save") : null);
        AssertRefused(says);
    }

    [Fact]
    public void Keys_without_the_prefix_are_the_same_tensors()
    {
        Write("lora r2 qv", _ => { }, tensors =>
        {
            foreach (var (key, value) in tensors.ToList())
            {
                tensors.Remove(key);
                tensors[key.Replace("base_model.model.", "", StringComparison.Ordinal)] = value;
            }
        });
        var model = TinyModel.Base();
        HfAdapterFile.Load(model, _folder.Path);
        Assert.Equal(TinyModel.Answers(TinyModel.Filled(PeftPlan.FromName("lora r2 qv", TinyModel.Config))), TinyModel.Answers(model));
    }

    [Theory]
    [InlineData("prefix 3 flat", "base_model.prefix_encoder.weight", "is none that PREFIX_TUNING has")]
    [InlineData("prompt 3", "base_model.prefix_encoder.weight", "is none that PROMPT_TUNING has")]
    [InlineData("ia3", Query + ".lora_A.weight", "is none that (IA)³ has")]
    public void A_tensor_of_another_method_is_refused(string plan, string stranger, string says)
    {
        Write(plan, _ => { }, tensors => tensors[stranger] = ones(2, 12));
        AssertRefused(says);
    }

    [Theory]
    [InlineData("prefix 3 flat", "token_dim", "24", "token_dim = 24, but the base model has 12")]
    [InlineData("prefix 3 flat", "num_layers", "3", "num_layers = 3, but the base model has 2")]
    [InlineData("prefix 3 flat", "num_virtual_tokens", "4", "expected [4, 48]")]
    [InlineData("prefix 3 flat", "num_virtual_tokens", "1e400", "num_virtual_tokens")]
    [InlineData("prompt 3", "num_transformer_submodules", "2", "num_transformer_submodules")]
    [InlineData("prompt 3", "num_virtual_tokens", "2000000000", "expected [2000000000, 12]")]
    [InlineData("prefix 3 flat", "autopeft_shift_positions", "1", "autopeft_shift_positions = 1, expected true or false")]
    [InlineData("prompt 3", "autopeft_shift_positions", "false", "autopeft_shift_positions = false is not supported")]
    [InlineData("ia3", "feedforward_modules", "[]", "has shape [1, 20], expected [12, 1]")]
    [InlineData("ia3", "fan_in_fan_out", "true", "fan_in_fan_out")]
    [InlineData("ia3", "unheard_of", "{\"a\":1}", "unheard_of")]
    public void Settings_of_the_other_methods_are_checked_too(string plan, string key, string value, string says)
    {
        Write(plan, config => config[key] = JsonNode.Parse(value));
        AssertRefused(says);
    }

    [Fact]
    public void Damaged_configurations_end_with_a_line_or_an_adapter()
    {
        Write("lora r2 qv", config => config["rank_pattern"] = new JsonObject { ["query"] = 2 });
        byte[] whole = File.ReadAllBytes(_folder.File(HfAdapterFileConfig));
        var random = new Random(16);
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            for (int k = random.Next(1, 4); k > 0; k--) damaged[random.Next(damaged.Length)] = (byte)random.Next(32, 127);
            File.WriteAllBytes(_folder.File(HfAdapterFileConfig), damaged);
            AssertLineOrAdapter();
        }
    }

    [Fact]
    public void Damaged_weights_end_with_a_line_or_an_adapter()
    {
        Write("lora r2 qv", _ => { });
        string file = _folder.File(HfAdapterFile.WeightsFileName);
        byte[] whole = File.ReadAllBytes(file);
        int header = 8 + (int)BitConverter.ToUInt64(whole);
        var random = new Random(17);
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            for (int k = random.Next(1, 4); k > 0; k--) damaged[random.Next(i % 4 == 0 ? damaged.Length : header)] = (byte)random.Next(256);
            if (i % 5 == 0) damaged = damaged[..random.Next(damaged.Length)];
            File.WriteAllBytes(file, damaged);
            AssertLineOrAdapter();
        }
    }

    private const string HfAdapterFileConfig = "adapter_config.json";

    private void AssertLineOrAdapter()
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Base();
        try
        {
            HfAdapterFile.Load(model, _folder.Path);
        }
        catch (InvalidInputException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            Assert.Empty(PeftModel.AttachedSites(model));
        }
    }

    private void AssertRefused(string says)
    {
        var model = TinyModel.Base();
        string message = Assert.Throws<InvalidInputException>(() => HfAdapterFile.Load(model, _folder.Path)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Empty(PeftModel.AttachedSites(model));
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
    }

    private void Write(
        string name, Action<JsonObject> edit, Action<Dictionary<string, Tensor>>? change = null, Action<JsonObject>? again = null)
    {
        var plan = PeftPlan.FromName(name, TinyModel.Config);
        HfAdapterFile.Save(TinyModel.Filled(plan), plan, _folder.Path);
        string file = _folder.File(HfAdapterFileConfig);
        JsonObject config = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        edit(config);
        again?.Invoke(config);
        File.WriteAllText(file, config.ToJsonString());
        if (change is null) return;
        var tensors = new Dictionary<string, Tensor>();
        using (var reader = SafetensorsReader.Open(_folder.File(HfAdapterFile.WeightsFileName)))
            foreach (string key in reader.Entries.Keys) tensors[key] = reader.Read(key);
        change(tensors);
        SafetensorsWriter.Write(_folder.File(HfAdapterFile.WeightsFileName), tensors);
    }
}
