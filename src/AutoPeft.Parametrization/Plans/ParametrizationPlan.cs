using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AutoPeft.Parametrization;

/// <summary>
/// What a parametrisation asks of one model: for every tensor its initial scale and its factors, for some modules a forward multiplier.
/// Immutable; written beside a checkpoint, it says what the weights were trained under.
/// </summary>
public sealed record ParametrizationPlan
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The parametrisation's name, such as "muP".</summary>
    public required string Parametrization { get; init; }

    /// <summary>The optimiser that the factors are for.</summary>
    public required OptimizerFamily Optimizer { get; init; }

    /// <summary>One entry for each parameter, in the model's order.</summary>
    public required IReadOnlyList<TensorPlan> Tensors { get; init; }

    /// <summary>The forward multipliers that are no part of weights; empty where all of them are folded.</summary>
    public IReadOnlyList<ModuleMultiplier> Multipliers { get; init; } = [];

    /// <summary>
    /// Factor of 1 − β, the rate at which both of Adam's averages take up a new gradient, so that they reach over the same share of a
    /// longer training. Default: 1, as under all rules but Complete(d)P's.
    /// </summary>
    public double AveragingRate { get; init; } = 1;

    /// <summary>Adam's decay rate of an average for this training.</summary>
    /// <param name="tuned">The base's rate, β₁ or β₂, at least 0 and below 1.</param>
    /// <returns>1 − <see cref="AveragingRate"/> × (1 − β).</returns>
    /// <exception cref="InvalidInputException">
    /// The batch has grown so much that an average would have to reach over less than one update: the rule ends there.
    /// </exception>
    public double Beta(double tuned)
    {
        if (AveragingRate == 1) return tuned;
        double beta = 1 - AveragingRate * (1 - tuned);
        return beta >= 0 ? beta : throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
            $"{Parametrization}: with {1 / AveragingRate:0.####} times the updates a decay rate of {tuned} would become "
            + $"{beta:0.####}; the rule "
            + $"ends where it is 0, at {1 - tuned:0.####} times the updates"));
    }

    /// <summary>Remarks for the reader, such as that the model has the base's own shapes and every factor is 1.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The entry of one tensor.</summary>
    /// <exception cref="InvalidInputException">The plan has no tensor of this name.</exception>
    public TensorPlan this[string name] =>
        Tensors.FirstOrDefault(t => t.Name == name) ?? throw new InvalidInputException($"{name}: the plan has no such tensor");

    /// <summary>A number that two plans share only if they ask the same of initial values and forward passes.</summary>
    internal long Fingerprint
    {
        get
        {
            var text = new StringBuilder(Parametrization);
            foreach (TensorPlan t in Tensors)
                text.Append(CultureInfo.InvariantCulture, $"|{t.Name}:{t.Role}:{t.InitialScale:R}");
            foreach (ModuleMultiplier m in Multipliers) text.Append(CultureInfo.InvariantCulture, $"|{m.Module}:{m.Value:R}:{m.OnInput}");
            return BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
        }
    }

    /// <summary>Writes the plan to a file as JSON.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    public void Save(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, s_json) + "\n");

    /// <summary>Reads a plan from the JSON file that <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidInputException">The file is absent or is no plan; the message names it.</exception>
    public static ParametrizationPlan Load(string path)
    {
        string text = InputFile.ReadText(path, InputFile.MostOfSettings, "write one with ParametrizationPlan.Save");
        try
        {
            return JsonSerializer.Deserialize<ParametrizationPlan>(text, s_json) ?? throw new JsonException("empty");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{path}: no plan of a parametrisation: {e.Message}", e);
        }
    }

    /// <summary>The plan as a table of plain text: a line for each tensor, the multipliers, the notes.</summary>
    public override string ToString()
    {
        int width = Math.Max(6, Tensors.Max(t => t.Name.Length));
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Parametrization}, {Optimizer}");
        text.AppendLine($"{"tensor".PadRight(width)}  role       init      rate     decay   epsilon");
        foreach (TensorPlan t in Tensors)
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{t.Name.PadRight(width)}  {t.Role.ToString().ToLowerInvariant(),-7} {N(t.InitialScale)} {N(t.LearningRate)} "
                + $"{N(t.WeightDecay)} {N(t.Epsilon)}");
        foreach (ModuleMultiplier m in Multipliers)
            text.AppendLine(CultureInfo.InvariantCulture, $"{m.Module}: {(m.OnInput ? "input" : "output")} × {m.Value:0.######}");
        foreach (string note in Notes) text.AppendLine(note);
        return text.ToString();
    }

    private static string N(double value) => value.ToString("0.######", CultureInfo.InvariantCulture).PadLeft(9);
}
