using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.Lora;

/// <summary>
/// LoRA, rsLoRA and DoRA: <c>P.lora_A.weight</c> [r, in], <c>P.lora_B.weight</c> [out, r], <c>P.lora_magnitude_vector</c> [out].
/// </summary>
internal sealed class HfLora : HfFamily
{
    private const string A = ".lora_A.weight", B = ".lora_B.weight", Magnitude = ".lora_magnitude_vector";

    public override string PeftType => "LORA";

    public override string Methods => "LoRA, DoRA";

    protected override bool Takes(AdapterBlock block) => block is LoraBlock or DoraMagnitude;

    public override void Require(PeftPlan plan, AdaptableShape shape)
    {
        var updates = plan.Blocks.OfType<LoraBlock>().ToList();
        var decomposed = plan.Blocks.Count - updates.Count;
        var why = updates.Select(u => u.Dropout).Distinct().Count() > 1 ? "its maps have different dropouts"
            : decomposed != 0 && decomposed != updates.Count ? "DoRA is on for some maps and off for others"
            : updates.Select(u => u.Site).Distinct().Count() < updates.Count ? "two updates stand at one map"
            : null;
        if (why is not null) throw new InvalidInputException($"'{plan.Name}' cannot be written in Hugging Face peft's format: {why}");
    }

    public override void Write(
        nn.Module model, AdaptableShape shape, PeftPlan plan, Dictionary<string, JsonNode?> values, Dictionary<string, Tensor> tensors)
    {
        var updates = plan.Blocks.OfType<LoraBlock>().ToList();
        var decomposed = plan.Blocks.Count - updates.Count;
        var stabilised = updates.All(u => IsWhole(u.Scale * Math.Sqrt(u.Rank))) && !updates.All(u => IsWhole(u.Scale * u.Rank));
        double Alpha(LoraBlock update)
        {
            var alpha = update.Scale * (stabilised ? Math.Sqrt(update.Rank) : update.Rank);
            return IsWhole(alpha) ? Math.Round(alpha) : alpha;
        }
        var rank = updates.GroupBy(u => u.Rank).MaxBy(g => g.Count())!.Key;
        var usual = updates.GroupBy(Alpha).MaxBy(g => g.Count())!.Key;
        var (targets, layers) = TargetModules(updates.Select(u => u.Site), shape);
        values["alpha_pattern"] = new JsonObject(
            updates.Where(u => Alpha(u) != usual).Select(u => KeyValuePair.Create(u.Site.Path, (JsonNode?)Alpha(u))));
        values["bias"] = "none";
        // GPT-2's maps are convolutions there, whose weights lie transposed.
        values["fan_in_fan_out"] = shape.Family == SiteFamily.Gpt2;
        values["init_lora_weights"] = true;
        values["layers_pattern"] = layers is null ? null : LayersPattern(shape);
        values["layers_to_transform"] = layers;
        values["lora_alpha"] = IsWhole(usual) ? (JsonNode)(long)usual : usual;
        values["lora_dropout"] = updates[0].Dropout;
        values["r"] = rank;
        values["rank_pattern"] =
            new JsonObject(updates.Where(u => u.Rank != rank).Select(u => KeyValuePair.Create(u.Site.Path, (JsonNode?)u.Rank)));
        values["target_modules"] = targets;
        values["use_dora"] = decomposed > 0;
        values["use_rslora"] = stabilised;
        foreach (var update in updates)
        {
            var block = TensorsOf(model, update);
            (tensors[KeyPrefix + update.Site.Path + A], tensors[KeyPrefix + update.Site.Path + B]) = (block["A"], block["B"]);
        }
        foreach (var magnitude in plan.Blocks.OfType<DoraMagnitude>())
            tensors[KeyPrefix + magnitude.Site.Path + Magnitude] = TensorsOf(model, magnitude)[DoraMagnitude.Vector];
    }

    public override HfContent Read(
        HfAdapterConfig config, AdaptableShape shape, SafetensorsReader reader, IReadOnlyDictionary<string, string> keys)
    {
        var settings = Settings.Read(config, shape);
        var sites = SitesByPath(shape);
        var maps = ByModule(reader, keys);
        var (blocks, tensors) = (new List<AdapterBlock>(), new List<HfTensor>());
        foreach (var (path, found) in maps)
        {
            var site = SiteOf(path, sites, reader, shape);
            if (!found.TryGetValue(A, out var a)) throw Alone(reader, found, A);
            if (!found.TryGetValue(B, out var b)) throw Alone(reader, found, B);
            var (inFeatures, outFeatures) = shape.Features(site);
            var rank = settings.RankOf(path);
            if (reader.Entries[a].Shape is [var stored, _] && stored != rank)
                throw new InvalidInputException(
                    $"{reader.Path}: tensor '{a}' has rank {stored}, but {HfAdapterConfig.FileName} says {rank}");
            reader.RequireWeights(a, [rank, inFeatures]);
            reader.RequireWeights(b, [outFeatures, rank]);
            var update = new LoraBlock(site, rank)
            {
                Scale = settings.AlphaOf(path) / (settings.Stabilised ? Math.Sqrt(rank) : rank),
                Dropout = settings.Dropout,
            };
            blocks.Add(update);
            tensors.AddRange([new HfTensor(update, "A", a), new HfTensor(update, "B", b)]);
            if (found.TryGetValue(Magnitude, out var m) != settings.Decomposed)
                throw settings.Decomposed
                    ? Alone(reader, found, Magnitude)
                    : new InvalidInputException(
                        $"{reader.Path}: tensor '{m}' is DoRA's, but {HfAdapterConfig.FileName} says use_dora = false");
            if (!settings.Decomposed) continue;
            reader.RequireWeights(m!, [outFeatures]);
            blocks.Add(new DoraMagnitude(site));
            tensors.Add(new HfTensor(blocks[^1], DoraMagnitude.Vector, m!));
        }
        if (blocks.Count == 0) throw new InvalidInputException($"{reader.Path}: holds no LoRA tensors");
        settings.Targets.Require(shape, maps.Keys, reader);
        return new HfContent(
            new PeftPlan { Name = settings.Decomposed ? "dora" : "lora", Blocks = blocks }, tensors, settings.Idle(maps.Keys));
    }

    /// <summary>The file's tensors by module path, then by which tensor of LoRA they are.</summary>
    private static SortedDictionary<string, Dictionary<string, string>> ByModule(
        SafetensorsReader reader, IReadOnlyDictionary<string, string> keys)
    {
        var maps = new SortedDictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (var (name, key) in keys)
        {
            var part = ((string[])[A, B, Magnitude]).FirstOrDefault(p => name.EndsWith(p, StringComparison.Ordinal))
                ?? throw new InvalidInputException($"{reader.Path}: tensor '{key}' is none that LoRA has");
            var path = name[..^part.Length];
            if (!maps.TryGetValue(path, out var found)) maps[path] = found = new Dictionary<string, string>(StringComparer.Ordinal);
            found[part] = key;
        }
        return maps;
    }

    private static InvalidInputException Alone(SafetensorsReader reader, Dictionary<string, string> found, string missing) =>
        new($"{reader.Path}: tensor '{found.Values.First()}' has no '{missing.TrimStart('.')}' beside it");

    /// <summary>LoRA's settings in <c>adapter_config.json</c> (peft 0.18), every one checked.</summary>
    private sealed record Settings(bool Stabilised, bool Decomposed, double Dropout, int Rank, double Alpha, HfTargets Targets,
        IReadOnlyList<(HfPattern Pattern, double Value)> Ranks, IReadOnlyList<(HfPattern Pattern, double Value)> Alphas)
    {
        // Starts that leave the base weights as they are: the stored A and B are then all that there is to know.
        private static readonly string[] HarmlessStarts = ["gaussian", "eva", "orthogonal"];

        public static Settings Read(HfAdapterConfig config, AdaptableShape shape)
        {
            var fields = config.Fields;
            RequireHarmlessStart(config);
            if (fields.Text("bias") is { } bias and not "none") throw fields.Bad("bias", bias, null);
            RequireLayout(config, shape);
            fields.RequireOff(
                "lora_bias", "layer_replication", "alora_invocation_tokens", "megatron_config", "trainable_token_indices",
                "target_parameters", "use_qalora", "use_bdlora", "arrow_config", "velora_config", "monteclora_config", "kasa_config",
                "ensure_weight_tying");
            // The first and last are parts of settings that are off; the others only describe a start.
            fields.Ignore("megatron_core", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "qalora_group_size");
            var dropout = fields.Number("lora_dropout") ?? 0;
            if (!(dropout >= 0 && dropout < 1)) throw fields.Bad("lora_dropout", dropout, "a number in [0, 1)");
            var settings = new Settings(
                fields.Flag("use_rslora") ?? false,
                fields.Flag("use_dora") ?? false,
                dropout,
                config.RequiredInteger("r", 1),
                config.RequiredNumber("lora_alpha"),
                new HfTargets(config),
                Patterns(config, "rank_pattern"),
                Patterns(config, "alpha_pattern"));
            if (settings.Ranks.FirstOrDefault(r => !(r.Value >= 1 && r.Value == Math.Floor(r.Value))) is { Pattern: { } pattern } bad)
                throw fields.Bad($"rank_pattern.{pattern.Text}", bad.Value, "an integer of at least 1");
            // What is trained besides: the head, which the weights' names tell.
            fields.Ignore("modules_to_save");
            fields.RefuseUnread();
            return settings;
        }

        public int RankOf(string path) =>
            (int)(Ranks.FirstOrDefault(r => r.Pattern.Match(path).Success) is { Pattern: not null } own ? own.Value : Rank);

        public double AlphaOf(string path) =>
            Alphas.FirstOrDefault(r => r.Pattern.Match(path).Success) is { Pattern: not null } own ? own.Value : Alpha;

        /// <summary>The patterns that name no adapted module.</summary>
        public IReadOnlyList<string> Idle(IReadOnlyCollection<string> adapted)
        {
            IEnumerable<string> Of(string key, IEnumerable<(HfPattern Pattern, double Value)> patterns) => patterns
                .Where(p => !adapted.Any(path => p.Pattern.Match(path).Success))
                .Select(p => $"{HfAdapterConfig.FileName}: {key} '{p.Pattern.Text}' names no adapted module");
            return [.. Of("rank_pattern", Ranks), .. Of("alpha_pattern", Alphas)];
        }

        private static List<(HfPattern, double)> Patterns(HfAdapterConfig config, string key) =>
            [.. config.Fields.Numbers(key).Select(n => (HfPattern.OfPathEnd(n.Name, $"{config.Path}: {key}"), n.Value))];

        private static void RequireHarmlessStart(HfAdapterConfig config)
        {
            const string Key = "init_lora_weights";
            var node = config.Fields.Node(Key);
            if (node is null || node.GetValueKind() is JsonValueKind.True or JsonValueKind.False) return;
            if (node.GetValueKind() == JsonValueKind.String && HarmlessStarts.Contains(config.Fields.Text(Key))) return;
            // PiSSA, OLoRA, CorDA and LoftQ change the base weights, and the adapter is right on those only.
            throw config.Fields.Bad(
                Key, node, $"true, false, {string.Join(", ", HarmlessStarts)}: any other start changes the base model's weights");
        }
    }

    private static bool IsWhole(double value) => Math.Abs(value - Math.Round(value)) < 1e-9;
}
