using System.Text.Json.Nodes;
using AutoPeft.Peft.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters.HuggingFace;

/// <summary>An adapter that was read and attached.</summary>
/// <param name="Plan">The plan that is attached to the model now.</param>
/// <param name="Notes">What the folder says in vain, such as a pattern that names no adapted module; a line each.</param>
public sealed record LoadedAdapter(PeftPlan Plan, IReadOnlyList<string> Notes);

/// <summary>
/// Adapters in Hugging Face peft's format: a folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. LoRA,
/// rsLoRA, DoRA, (IA)³, prefix tuning and prompt tuning can be written and read.
/// </summary>
/// <remarks>
/// A prefix made by an MLP is written as the keys and values that it makes, as peft does, and read back without the MLP. peft
/// counts a prefix as tokens read before: a prefix that was trained otherwise carries the key <c>autopeft_shift_positions</c> =
/// false, which we read and peft ignores.
/// </remarks>
public static class HfAdapterFile
{
    /// <summary>File name of the adapter's weights in Hugging Face peft's format.</summary>
    public const string WeightsFileName = "adapter_model.safetensors";

    /// <summary>What peft calls the tasks of our models.</summary>
    internal const string Classification = "SEQ_CLS", Generation = "CAUSAL_LM";

    /// <summary>Refuses a plan that the format cannot hold; to be asked before anything is trained.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="config">The base model's shape.</param>
    /// <exception cref="InvalidInputException">One line that says why.</exception>
    public static void Require(PeftPlan plan, BertConfig config) => RequirePlan(plan, config);

    /// <summary>Refuses a decoder's plan that the format cannot hold; to be asked before anything is trained.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="config">The base model's shape.</param>
    /// <exception cref="InvalidInputException">One line that says why.</exception>
    public static void Require(PeftPlan plan, DecoderConfig config) => RequirePlan(plan, config);

    private static void RequirePlan(PeftPlan plan, AdaptableShape shape)
    {
        if (plan.Base != BaseTraining.Frozen)
            throw new InvalidInputException($"'{plan.Name}' trains the base model itself: save the checkpoint instead of an adapter");
        HfFamily.Of(plan).Require(plan, shape);
    }

    /// <summary>Writes what is attached to a model.</summary>
    /// <param name="model">The model, with a plan attached and not merged.</param>
    /// <param name="plan">That plan.</param>
    /// <param name="directory">The folder; created where absent.</param>
    /// <param name="baseModel">What <c>base_model_name_or_path</c> says; null: null.</param>
    /// <exception cref="InvalidInputException">The format cannot hold the plan, or a file cannot be written.</exception>
    public static void Save(BertForSequenceClassification model, PeftPlan plan, string directory, string? baseModel = null) =>
        Save(model, model.Config, Classification, plan, directory, baseModel);

    /// <summary>Writes what is attached to a decoder: LoRA, rsLoRA, DoRA or (IA)³.</summary>
    /// <param name="model">The model, with a plan attached and not merged.</param>
    /// <param name="plan">That plan.</param>
    /// <param name="directory">The folder; created where absent.</param>
    /// <param name="baseModel">What <c>base_model_name_or_path</c> says; null: null.</param>
    /// <exception cref="InvalidInputException">The format cannot hold the plan, or a file cannot be written.</exception>
    public static void Save(DecoderModel model, PeftPlan plan, string directory, string? baseModel = null) =>
        Save(model, model.Config, Generation, plan, directory, baseModel);

    private static void Save(
        nn.Module model, AdaptableShape shape, string taskType, PeftPlan plan, string directory, string? baseModel)
    {
        RequirePlan(plan, shape);
        var family = HfFamily.Of(plan);
        var values = new Dictionary<string, JsonNode?>
        {
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = baseModel,
            ["inference_mode"] = true,
            ["peft_type"] = family.PeftType,
            ["revision"] = null,
            ["task_type"] = taskType,
        };
        var head = taskType == Classification ? HeadModules(plan.Head) : [];
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        family.Write(model, shape, plan, values, tensors);
        if (!family.IsPrompt) values["modules_to_save"] = new JsonArray([.. head.Select(h => JsonValue.Create(h))]);
        foreach (var (name, parameter) in model.named_parameters())
            if (IsOfHead(name, plan.Head)) tensors[family.KeyPrefix + name] = parameter;

        try
        {
            HfAdapterConfig.Write(directory, values);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{directory}: cannot be written: {e.Message}", e);
        }
        SafetensorsWriter.Write(Path.Combine(directory, WeightsFileName), tensors);
    }

    /// <summary>Attaches an adapter from a folder, with its weights and the head that came with it.</summary>
    /// <param name="model">The base model, with nothing attached.</param>
    /// <param name="directory">The folder.</param>
    /// <returns>The plan that was attached, and what the folder says in vain.</returns>
    /// <exception cref="InvalidInputException">
    /// A file is absent or malformed, a setting is not supported, or a tensor does not fit the model. Everything is read and checked
    /// first: the model is then as it was.
    /// </exception>
    /// <exception cref="InvalidOperationException">Something is attached already.</exception>
    public static LoadedAdapter Load(BertForSequenceClassification model, string directory) =>
        Load(model, model.Config, Classification, directory, plan => PeftModel.Apply(model, plan, seed: 0));

    /// <summary>Attaches an adapter from a folder to a decoder, with its weights.</summary>
    /// <param name="model">The base model, with nothing attached.</param>
    /// <param name="directory">The folder.</param>
    /// <returns>The plan that was attached, and what the folder says in vain.</returns>
    /// <exception cref="InvalidInputException">
    /// A file is absent or malformed, a setting is not supported, or a tensor does not fit the model. Everything is read and checked
    /// first: the model is then as it was.
    /// </exception>
    /// <exception cref="InvalidOperationException">Something is attached already.</exception>
    public static LoadedAdapter Load(DecoderModel model, string directory) =>
        Load(model, model.Config, Generation, directory, plan => PeftModel.Apply(model, plan, seed: 0));

    private static LoadedAdapter Load(
        nn.Module model, AdaptableShape shape, string taskType, string directory, Action<PeftPlan> attach)
    {
        var config = HfAdapterConfig.Read(directory, taskType);
        var family = HfFamily.Of(config);
        using var reader = SafetensorsReader.Open(Path.Combine(directory, WeightsFileName));
        using var scope = NewDisposeScope();
        using var mode = no_grad();

        var names = HfKeys.ByName(reader, NameOf);
        var head = names.Where(n => IsOfHead(n.Key, HeadTraining.PoolerAndClassifier)).ToDictionary();
        var own = new SortedDictionary<string, string>(names.Where(n => !head.ContainsKey(n.Key)).ToDictionary(), StringComparer.Ordinal);
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        var training = HeadOf(config, reader, head, parameters);
        var content = family.Read(config, shape, reader, own);
        var plan = content.Plan with { Head = training };
        var values = content.Tensors.Select(t => (t.Block, t.Name, Value: Form(t, Finite(reader, t.Key)))).ToList();
        var heads = head.Select(h => (Name: h.Key, Value: Finite(reader, h.Value))).ToList();

        attach(plan);
        foreach (var (block, name, value) in values) HfFamily.TensorsOf(model, block)[name].copy_(value);
        foreach (var (name, value) in heads) parameters[name].copy_(value);
        return new LoadedAdapter(plan, content.Notes);
    }

    private static Tensor Form(HfTensor tensor, Tensor stored) => tensor.Form is null ? stored : tensor.Form(stored);

    private static string NameOf(string key) => HfKeys.Unprefixed(key)
        .Replace(".modules_to_save.default", "", StringComparison.Ordinal)
        .Replace(".modules_to_save", "", StringComparison.Ordinal);

    private static Tensor Finite(SafetensorsReader reader, string key)
    {
        var value = reader.Read(key);
        if (value.numel() > 0 && !value.isfinite().all().ToBoolean())
            throw new InvalidInputException($"{reader.Path}: tensor '{key}' holds values that are no finite numbers");
        return value;
    }

    /// <summary>What of the head came with the adapter; whole, of the model's shape, and as the configuration says.</summary>
    private static HeadTraining HeadOf(
        HfAdapterConfig config,
        SafetensorsReader reader,
        Dictionary<string, string> head,
        Dictionary<string, TorchSharp.Modules.Parameter> model)
    {
        var saved = config.Fields.Texts("modules_to_save") ?? [];
        bool Comes(string module) => head.Keys.Any(k => k.StartsWith(module + ".", StringComparison.Ordinal))
            || saved.Any(s => s == module || module.EndsWith("." + s, StringComparison.Ordinal));
        var (classifier, pooler) = (Comes("classifier"), Comes("bert.pooler"));
        if (pooler && !classifier)
            throw new InvalidInputException($"{reader.Path}: holds the pooler but no classifier; both make the head");
        foreach (var name in model.Keys.Where(
            n => classifier && IsOfHead(n, pooler ? HeadTraining.PoolerAndClassifier : HeadTraining.Classifier)))
            reader.RequireWeights(head.GetValueOrDefault(name, name), model[name].shape);
        return pooler ? HeadTraining.PoolerAndClassifier : classifier ? HeadTraining.Classifier : HeadTraining.Frozen;
    }

    private static string[] HeadModules(HeadTraining head) => head switch
    {
        HeadTraining.Frozen => [],
        HeadTraining.Classifier => ["classifier"],
        _ => ["classifier", "pooler"],
    };

    private static bool IsOfHead(string name, HeadTraining head) =>
        head != HeadTraining.Frozen && name is "classifier.weight" or "classifier.bias"
        || head == HeadTraining.PoolerAndClassifier && name is "bert.pooler.dense.weight" or "bert.pooler.dense.bias";
}
