using System.Text.RegularExpressions;

namespace AutoPeft.Scaling.Data;

/// <summary>
/// Finds the column of each role: the one a person named, else the first that carries one of the role's usual spellings
/// (most specific first). Reads unit suffixes such as "params (B)", "tokens_billions" or "compute_pfdays".
/// </summary>
public sealed partial class ColumnResolver(RunTable table, ColumnChoice choice)
{
    // Letters and digits only, lower case, most specific first: "val_loss" wins over "train_loss" when both are there, and
    // a smoothed loss wins over a last-step loss, because the published fits use it.
    private static readonly Dictionary<ColumnRole, string[]> s_spellings = new()
    {
        [ColumnRole.Params] = ["nnonembedding", "nnonemb", "nonembeddingparams", "nonembparams", "paramsnonembedding", "paramsnonemb",
            "paramsnoemb", "paramsnoembed",
            "nonembeddingparameters", "nparamsnonembedding", "n", "params", "nparams", "numparams", "parameters", "nparameters",
            "numparameters", "numberofparameters",
            "modelsize", "modelparams", "modelparameters", "totalparams", "paramcount", "parametercount", "size", "model"],
        [ColumnRole.Tokens] = ["d", "tokens", "ntokens", "numtokens", "traintokens", "trainingtokens", "datasetsize", "datasize", "dataset",
            "tokensseen", "totaltokens", "trainedontokens",
            "trainedtokens", "numtraintokens", "numberoftokens", "trainingdata", "data"],
        [ColumnRole.Compute] = ["c", "flops", "flop", "compute", "trainingflop", "trainingflops", "trainflops", "trainflop", "totalflops",
            "totalflop", "computeflops",
            "computeflop", "trainingcompute", "traincompute", "budget", "pfdays", "computepfdays"],
        [ColumnRole.Loss] = ["smoothloss", "smoothedloss", "lossfinalsmooth", "finalsmoothloss", "valloss", "validationloss", "evalloss",
            "evaluationloss", "heldoutloss", "testloss", "finalloss",
            "loss", "lossval", "lossfinal", "trainloss", "trainingloss", "lmloss", "meanloss", "lossmean", "bestloss", "crossentropy",
            "xent", "ce", "l", "sl", "nll",
            "bpb", "bitsperbyte", "valbpb", "bpc", "bitspercharacter", "bitspertoken"],
        [ColumnRole.LearningRate] =
            ["lr", "learningrate", "peaklr", "maxlr", "peaklearningrate", "maxlearningrate", "lrpeak", "lrmax", "baselr", "eta"],
        [ColumnRole.BatchSize] = ["bs", "batchsize", "batch", "globalbatchsize", "gbs", "globalbatch", "batchsizeseqs",
            "batchsizesequences", "bst", "batchsizetokens",
            "batchtokens", "tokensperbatch", "bstokens", "tokenbatchsize", "tokensbatchsize", "b"],
        [ColumnRole.SequenceLength] = ["seqlen", "sequencelength", "seqlength", "contextlength", "ctxlen", "seq", "maxseqlen"],
        [ColumnRole.Steps] = ["ti", "steps", "nsteps", "numsteps", "trainsteps", "totalsteps", "iterations", "iters", "totaliters",
            "trainiters", "maxsteps"],
    };

    private static readonly Dictionary<string, double> s_units = new()
    {
        ["b"] = 1e9,
        ["bn"] = 1e9,
        ["billion"] = 1e9,
        ["billions"] = 1e9,
        ["m"] = 1e6,
        ["mn"] = 1e6,
        ["million"] = 1e6,
        ["millions"] = 1e6,
        ["k"] = 1e3,
        ["thousand"] = 1e3,
        ["thousands"] = 1e3,
        ["t"] = 1e12,
        ["trillion"] = 1e12,
        ["trillions"] = 1e12,
        ["pfdays"] = 8.64e19,
        ["pfday"] = 8.64e19,
        ["petaflopdays"] = 8.64e19,
        ["petaflopsdays"] = 8.64e19,
        ["exaflop"] = 1e18,
        ["exaflops"] = 1e18,
        ["eflop"] = 1e18,
        ["eflops"] = 1e18,
        ["zflop"] = 1e21,
        ["zflops"] = 1e21,
        ["zettaflop"] = 1e21,
        ["zettaflops"] = 1e21,
        ["gflop"] = 1e9,
        ["gflops"] = 1e9,
        ["tflop"] = 1e12,
        ["tflops"] = 1e12,
        ["pflop"] = 1e15,
        ["pflops"] = 1e15,
    };

    private static readonly HashSet<string> s_flopUnits =
        ["flop", "flops", "gflop", "gflops", "tflop", "tflops", "pflop", "pflops", "exaflop", "exaflops", "zflop", "zflops", "pfdays"];

    private readonly HashSet<RunColumn> _used = [];

    /// <summary>Whether a column was found to have a role.</summary>
    public bool Uses(RunColumn column) => _used.Contains(column);

    /// <summary>The column of a role and the factor to base units, or null when there is none.</summary>
    /// <exception cref="ScalingDataException">The person named a column that is not there, or one that is not numeric.</exception>
    public (RunColumn Column, double Unit)? Find(ColumnRole role)
    {
        if (role == ColumnRole.Compute && choice.Names.TryGetValue(role, out string? none) && none == "none") return null;
        var found = Search(role);
        if (found is { } f) _used.Add(f.Column);
        return found;
    }

    private (RunColumn Column, double Unit)? Search(ColumnRole role)
    {
        if (choice.Names.TryGetValue(role, out var named))
        {
            var c = table.Require(named, $" for {Words(role)}");
            return (Numeric(c, role), Unit(role, c.Name));
        }
        // The whole name first; then its last part, as trackers write "throughput/total_tokens" and "run 7 - val_loss".
        foreach (bool last in new[] { false, true })
            foreach (var spelling in s_spellings[role])
                foreach (var c in table.Columns)
                    if (c.Numbers is not null && Matches(c.Name, spelling, last)) return (c, Unit(role, c.Name));
        return role switch
        {
            ColumnRole.Loss => FindLossByWord(),
            ColumnRole.Compute => FindComputeByUnit(),
            _ => null,
        };
    }

    private static bool Matches(string name, string spelling, bool last)
    {
        if (last)
        {
            int cut =
                Math.Max(name.LastIndexOf('/'), Math.Max(name.LastIndexOf(" - ", StringComparison.Ordinal) + 1, name.LastIndexOf('.')));
            if (cut <= 0) return false;
            name = name[(cut + 1)..];
        }
        var (stem, full, _) = Normal(name);
        return full == spelling || stem == spelling;
    }

    // Any single header that ends in a unit of FLOP ("train/total_gflops") and does not speak of a rate.
    private (RunColumn, double)? FindComputeByUnit()
    {
        var found = table.Columns.Where(c => c.Numbers is not null && Words().Matches(CamelCase().Replace(c.Name, "$1 $2")) is var w
            && w.Count > 1 && s_flopUnits.Contains(w[^1].Value.ToLowerInvariant())
            && !w.Any(m => m.Value.ToLowerInvariant() is "per" or "second" or "sec" or "s" or "peak" or "mfu" or "achieved" or "token"))
            .ToList();
        return found.Count == 1 ? (found[0], Unit(ColumnRole.Compute, found[0].Name)) : null;
    }

    /// <summary>
    /// The table's column that plays a role (N, D, loss, learning rate …), and the factor that takes its cells to the role's unit.
    /// </summary>
    /// <exception cref="ScalingDataException">There is none; the message names the columns there are.</exception>
    public (RunColumn Column, double Unit) Require(ColumnRole role, string option) =>
        Find(role) ?? throw (TextOf(role) is { } text ? NotNumeric(text, role) : new ScalingDataException(
            $"{table.Source}: no column recognised as {Words(role)}; the columns are: {table.NamesForMessage}. Name it with {option}."));

    // A column of the role's spelling that holds text: its first cell that is no number is what a person wants to hear of.
    private RunColumn? TextOf(ColumnRole role) =>
        s_spellings[role].Select(s => table.Columns.FirstOrDefault(c =>
            c.Texts is { } t && Matches(c.Name, s, false) && t.Any(x => NumberCell.TryParse(x, out _)))).FirstOrDefault(c => c is not null);

    // Any single header that speaks of a loss ("c4_val_loss@final"): taken only when there is exactly one.
    private (RunColumn, double)? FindLossByWord()
    {
        var found =
            table.Columns.Where(c => c.Numbers is not null && Normal(c.Name).Full.Contains("loss", StringComparison.Ordinal)).ToList();
        return found.Count == 1 ? (found[0], 1) : null;
    }

    private RunColumn Numeric(RunColumn c, ColumnRole role) => c.Numbers is not null ? c : throw NotNumeric(c, role);

    private ScalingDataException NotNumeric(RunColumn c, ColumnRole role)
    {
        int bad = Array.FindIndex(c.Texts!, s => s.Length > 0 && !NumberCell.TryParse(s, out _));
        string hint = bad >= 0 && c.Texts![bad].Count(x => x == ',') == 1 && c.Texts![bad].All(x => char.IsAsciiDigit(x) || x == ',')
            ? "; decimals are written with a point"
            : "";
        return new ScalingDataException(bad < 0
            ? $"{table.Source}: column '{c.Name}' for {Words(role)} is empty."
            : $"{table.Source}: column '{c.Name}' for {Words(role)} is not numeric: row {table.RowNumber(bad)} holds "
                + $"'{ShortList.Of([c.Texts![bad]])}'{hint}.");
    }

    private double Unit(ColumnRole role, string name)
    {
        double? stated = role switch
        {
            ColumnRole.Params => choice.ParamsUnit,
            ColumnRole.Tokens => choice.TokensUnit,
            ColumnRole.Compute => choice.ComputeUnit,
            _ => 1,
        };
        return stated ?? Normal(name).Unit;
    }

    private static (string Stem, string Full, double Unit) Normal(string name)
    {
        var words = Words().Matches(CamelCase().Replace(name, "$1 $2")).Select(m => m.Value.ToLowerInvariant()).ToList();
        var full = string.Concat(words);
        var bare = Regex.Replace(name.ToLowerInvariant(), "[^a-z0-9]", "");
        double unit = 1;
        if (words.Count > 1 && s_units.TryGetValue(words[^1], out var u)) (unit, words) = (u, words[..^1]);
        else if (words.Count > 1 && s_units.TryGetValue(string.Concat(words[^2..]), out u)) (unit, words) = (u, words[..^2]);
        else if (words.Count > 1 && words[0] is "log" or "ln" or "log10" or "log2") words = ["#", .. words]; // never a plain value
        return (string.Concat(words), words.Count > 0 && words[0] == "#" ? "#" : bare, unit);
    }

    [GeneratedRegex("[A-Za-z0-9]+")]
    private static partial Regex Words();

    [GeneratedRegex("([a-z])([A-Z])")]
    private static partial Regex CamelCase();

    private static string Words(ColumnRole role) => role switch
    {
        ColumnRole.Params => "model size N (parameters)",
        ColumnRole.Tokens => "training tokens D",
        ColumnRole.Compute => "training compute C (FLOP)",
        ColumnRole.Loss => "loss",
        ColumnRole.LearningRate => "learning rate",
        ColumnRole.BatchSize => "batch size",
        ColumnRole.SequenceLength => "sequence length",
        _ => "optimiser steps",
    };
}
