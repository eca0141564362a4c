namespace AutoPeft.Scaling.Data;

/// <summary>Depth and width columns of a table, where it has them: enough for N and for DeepSeek's model scale.</summary>
internal sealed class Architecture
{
    private readonly double[] _layers, _width;
    private readonly double[]? _ffn, _active, _sequence;

    private Architecture(double[] layers, double[] width, double[]? ffn, double[]? active, double[]? sequence) =>
        (_layers, _width, _ffn, _active, _sequence) = (layers, width, ffn, active, sequence);

    public static Architecture? Find(RunTable table)
    {
        double[]? Any(params string[] names) => names
            .Select(n => table.Columns.FirstOrDefault(c => string.Equals(c.Name, n, StringComparison.OrdinalIgnoreCase))?.Numbers)
            .FirstOrDefault(c => c is not null);
        var layers = Any("numl", "n_layers", "num_layers", "n_layer", "layers", "depth");
        var width = Any("h", "hidden_size", "d_model", "width", "n_embd");
        return layers is null || width is null
            ? null
            : new Architecture(layers, width, Any("ffnh", "d_ff", "ffn_hidden", "intermediate_size"), Any("Na", "active_params"),
                Any("seq_len"));
    }

    /// <summary>N = layers·(4h² + 3·h·ffn): attention and gated feed-forward weights (Step Law's count).</summary>
    public double[]? NonEmbeddingParams() =>
        _ffn is { } f ? [.. _layers.Select((l, i) => l * (4 * _width[i] * _width[i] + 3 * _width[i] * f[i]))] : null;

    /// <summary>
    /// M = 6·N + 12·layers·h·sequence: non-embedding FLOP per token with attention (DeepSeek LLM, arXiv:2401.02954, eq. 2,
    /// with 6·N for 72·layers·h²). Mixtures of experts compute with their active parameters, which are used where stated.
    /// </summary>
    public double DeepSeekScale(int row, double n) =>
        6 * (_active is { } a ? a[row] : n) + 12 * _layers[row] * _width[row] * (_sequence is { } s ? s[row] : 2048);
}
