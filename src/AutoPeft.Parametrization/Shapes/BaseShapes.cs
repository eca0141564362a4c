using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// The shapes and the initial scales of a base model: what a larger model is compared with to see which of its dimensions have grown, and
/// by how much. Immutable.
/// </summary>
/// <remarks>Neither model is trained; both are looked at as they are right after their construction.</remarks>
public sealed class BaseShapes
{
    private const string Format = "autopeft-base-shapes";
    private readonly Dictionary<string, BaseTensor> _tensors;

    private BaseShapes(IReadOnlyList<BaseTensor> tensors)
    {
        Tensors = tensors;
        _tensors = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        Lists = new BlockLists(tensors.Select(t => (t.Name, t.Shape)));
    }

    /// <summary>The base model's tensors, in its order.</summary>
    public IReadOnlyList<BaseTensor> Tensors { get; }

    internal BlockLists Lists { get; }

    /// <summary>Reads a base model, and with it a delta model that differs from the base in every dimension that may grow.</summary>
    /// <param name="baseModel">The model whose tuned learning rate is to be carried over; freshly constructed.</param>
    /// <param name="delta">
    /// A model of another width (and depth, if depth may grow); null: the dimensions that grow are those in which a model differs from
    /// the base when the rules are applied to it.
    /// </param>
    /// <exception cref="InvalidInputException">Delta has other tensors than the base, or no dimension grows between them.</exception>
    public static BaseShapes From(nn.Module baseModel, nn.Module? delta = null)
    {
        ArgumentNullException.ThrowIfNull(baseModel);
        BaseTensor[] tensors =
            [.. ModelTensor.Of(baseModel).Select(t => new BaseTensor(t.Name, [.. t.Parameter.shape], null, t.Scale()))];
        if (tensors.Length == 0) throw new InvalidInputException("the base model has no parameters");
        var shapes = new BaseShapes(tensors);
        return delta is null ? shapes : new BaseShapes([.. shapes.WithGrowth(delta)]);
    }

    /// <summary>Reads base shapes from the JSON file that <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidInputException">The file is absent or is no file of base shapes; the message names it.</exception>
    public static BaseShapes Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string text = InputFile.ReadText(path, InputFile.MostOfSettings, "write one with BaseShapes.Save");
        try
        {
            JsonNode root = JsonNode.Parse(text, documentOptions: StrictJson.Options) ?? throw new JsonException("empty");
            if ((string?)root["format"] != Format) throw new JsonException($"\"format\" is not \"{Format}\"");
            return new BaseShapes([.. root["tensors"]!.AsArray().Select(node => Read(node!))]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or ArgumentException)
        {
            throw new InvalidInputException($"{path}: no file of base shapes: {e.Message}", e);
        }
    }

    /// <summary>Writes the shapes as JSON, so that a large model can be built without its base.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var root = new JsonObject
        {
            ["format"] = Format,
            ["tensors"] = new JsonArray([.. Tensors.Select(Write)]),
        };
        File.WriteAllText(path, root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    /// <summary>
    /// The base tensor that a tensor of a larger model answers to: that of its own name, or, in a list of equal blocks, that of the
    /// first block. Null: the base has none.
    /// </summary>
    internal BaseTensor? Find(string name)
    {
        if (_tensors.TryGetValue(name, out BaseTensor? exact)) return exact;
        foreach (var (prefix, _, rest) in BlockLists.Positions(name))
            if (Lists.Counts.ContainsKey(prefix) && Find($"{prefix}0{rest}") is { } first) return first;
        return null;
    }

    private IEnumerable<BaseTensor> WithGrowth(nn.Module delta)
    {
        IReadOnlyList<ModelTensor> others = ModelTensor.Of(delta);
        var grown = new Dictionary<string, bool[]>(StringComparer.Ordinal);
        foreach (ModelTensor other in others)
        {
            BaseTensor tensor = Find(other.Name)
                ?? throw new InvalidInputException($"{other.Name}: the delta model has this tensor and the base has not; build both alike");
            if (tensor.Shape.Count != other.Parameter.shape.Length)
                throw new InvalidInputException($"{other.Name}: {tensor.Shape.Count} dimensions in the base, "
                    + $"{other.Parameter.shape.Length} in the delta model");
            bool[] differs = [.. tensor.Shape.Zip(other.Parameter.shape, (a, b) => a != b)];
            grown.TryAdd(tensor.Name, differs);
        }
        if (Tensors.FirstOrDefault(t => !grown.ContainsKey(t.Name)) is { } absent)
            throw new InvalidInputException($"{absent.Name}: the base has this tensor and the delta model has not; build both alike");
        bool deeper = !Lists.Counts.Order().SequenceEqual(
            new BlockLists(others.Select(o => (o.Name, (IReadOnlyList<long>)o.Parameter.shape))).Counts.Order());
        if (!deeper && grown.Values.All(dimensions => dimensions.All(d => !d)))
            throw new InvalidInputException("the delta model has the base's shapes; it must differ in every dimension that may grow");
        return Tensors.Select(t => t with { Grows = grown[t.Name] });
    }

    private static JsonNode Write(BaseTensor tensor)
    {
        var node = new JsonObject
        {
            ["name"] = tensor.Name,
            ["shape"] = new JsonArray([.. tensor.Shape.Select(d => JsonValue.Create(d))]),
            ["scale"] = tensor.Scale,
        };
        if (tensor.Grows is { } grows) node["grows"] = new JsonArray([.. grows.Select(g => JsonValue.Create(g))]);
        return node;
    }

    private static BaseTensor Read(JsonNode node)
    {
        long[] shape = [.. node["shape"]!.AsArray().Select(d => (long)d!)];
        bool[]? grows = node["grows"] is JsonArray array ? [.. array.Select(g => (bool)g!)] : null;
        if (grows is not null && grows.Length != shape.Length) throw new JsonException($"{node["name"]}: shape and grows differ in length");
        return new BaseTensor((string)node["name"]!, shape, grows, (double)node["scale"]!);
    }
}
