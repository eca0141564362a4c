using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Pareto;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Fidelity.Benchmarks;

/// <summary>
/// Configurations of one space on one task with their learning curves to the last epoch, as `AutoPeft.Calibration curves` wrote them.
/// </summary>
internal sealed class RecordedSet
{
    /// <summary>The demo's patience in epochs: recorded curves go on to their last epoch, trials do not.</summary>
    private const int Patience = 4;

    private readonly Dictionary<Configuration, TrialCurve> _curves = [];

    private RecordedSet(string name, SearchSpace space, double score, double parameters)
    {
        Name = name;
        Definition = new StudyDefinition(space,
            [Objective.Maximize("dev_score", score), Objective.Minimize("trainable_parameters", parameters) with { Log = true }])
        {
            Name =
                name
        };
    }

    public string Name { get; }

    public StudyDefinition Definition { get; }

    public List<Configuration> Configurations { get; } = [];

    /// <summary>The step of the last report that a trial can give.</summary>
    public string End => Configurations.Max(c => _curves[c].Reports[^1].Step).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Non-dominated ones, had all been trained to their end.</summary>
    public HashSet<Configuration> Front { get; } = [];

    public TrialCurve this[Configuration configuration] => _curves[configuration];

    /// <summary>Reads a set.</summary>
    /// <param name="path">NAME.jsonl; the name says which space and model.</param>
    public static RecordedSet Read(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        // The demo's base model, of which the space needs width and depth; the reference is what knows nothing and trains everything.
        var model = new BertConfig
        {
            HiddenSize = 64,
            IntermediateSize = 128,
            NumHiddenLayers = 4,
            NumAttentionHeads = 4,
            VocabSize = 1_024,
            MaxPositionEmbeddings = 64,
        };
        SearchSpace space = ShippedSpaces.Get(name.EndsWith("lora", StringComparison.Ordinal) ? "lora" : "autopeft").For(model);
        var set = new RecordedSet(name, space, name.StartsWith("acceptability", StringComparison.Ordinal) ? 0 : 0.5, 204_000);
        foreach (string line in File.ReadLines(path)) set.Add(JsonDocument.Parse(line).RootElement);
        double[][] losses =
            [.. set.Configurations.Select(c => set[c].Values.Select((v, j) => set.Definition.Objectives[j].ToLoss(v)).ToArray())];
        set.Front.UnionWith(Dominance.NonDominated(losses).Select(i => set.Configurations[i]));
        return set;
    }

    private void Add(JsonElement e)
    {
        double[] codes =
            [.. e.GetProperty("codes").EnumerateArray().Select(c => c.ValueKind == JsonValueKind.Null ? double.NaN : c.GetDouble())];
        Configuration configuration = Definition.Space.FromCodes(codes);
        if (_curves.ContainsKey(configuration)) return;
        double parameters = e.GetProperty("parameters").GetDouble(), best = double.NegativeInfinity;
        var reports = new List<(long, ImmutableSortedDictionary<string, double>)>();
        int since = 0, patience = Patience * (e.TryGetProperty("evaluations", out JsonElement perEpoch) ? perEpoch.GetInt32() : 1);
        foreach (JsonElement row in e.GetProperty("curve").EnumerateArray())
        {
            double[] r = [.. row.EnumerateArray().Select(v => v.GetDouble())];
            since = r[0] > best ? 0 : since + 1;
            best = Math.Max(best, r[0]);
            reports.Add((reports.Count + 1,
                ImmutableSortedDictionary<string, double>.Empty.Add("dev_score", r[0]).Add("trainable_parameters", parameters)
                    .Add("loss", r[1]).Add("train_loss", r[2]).Add("gradient_norm", r[3])));
            if (since >= patience) break;
        }
        _curves.Add(configuration, new TrialCurve(reports, [best, parameters]));
        Configurations.Add(configuration);
    }
}
