using System.Text.Json.Nodes;
using AutoPeft.Peft.Files;

namespace AutoPeft.Peft.Models;

/// <summary>How a model that was trained further on longer texts stretches its rotary positions. Immutable.</summary>
internal abstract record RopeScaling
{
    /// <summary>The frequency in place of another.</summary>
    public abstract double Scaled(double frequency);

    /// <summary>As <c>rope_scaling</c> in <c>config.json</c>.</summary>
    public abstract JsonObject ToJson();

    /// <summary>What a file's <c>rope_scaling</c> or <c>rope_parameters</c> says; null: nothing is stretched.</summary>
    /// <exception cref="InvalidInputException">The kind is not known, or a number is missing or out of range.</exception>
    public static RopeScaling? Read(JsonFields rope)
    {
        double Number(string key, double least) => rope.Number(key) is { } value
            ? value >= least ? value : throw rope.Bad(key, value, FormattableString.Invariant($"a number of at least {least}"))
            : throw rope.Bad(key, null, "a number");
        string kind = rope.Text("rope_type") ?? rope.Text("type") ?? "default";
        switch (kind)
        {
            case "default":
                return null;
            case "linear":
                return new LinearRopeScaling(Number("factor", 1));
            case "llama3":
                double low = Number("low_freq_factor", 1e-6), high = Number("high_freq_factor", 1e-6);
                if (high <= low) throw rope.Bad("high_freq_factor", high, FormattableString.Invariant($"above low_freq_factor = {low}"));
                return new Llama3RopeScaling(Number("factor", 1), low, high, Number("original_max_position_embeddings", 1));
            default:
                throw rope.Bad("rope_type", kind, "default, linear or llama3");
        }
    }
}

/// <summary>Positions divided by a factor (Chen et al., 2023).</summary>
/// <param name="Factor">The factor, at least 1.</param>
internal sealed record LinearRopeScaling(double Factor) : RopeScaling
{
    /// <inheritdoc/>
    public override double Scaled(double frequency) => frequency / Factor;

    /// <inheritdoc/>
    public override JsonObject ToJson() => new() { ["rope_type"] = "linear", ["factor"] = Factor };
}

/// <summary>
/// LLaMA 3.1's: wavelengths up to original / high stay, those from original / low on are stretched by the factor, those between by a
/// mixture.
/// </summary>
/// <param name="Factor">The factor, at least 1.</param>
/// <param name="Low">How many of the longest stretched wave fit the original positions.</param>
/// <param name="High">How many of the shortest stretched wave fit them.</param>
/// <param name="Original">Positions before stretching.</param>
internal sealed record Llama3RopeScaling(double Factor, double Low, double High, double Original) : RopeScaling
{
    /// <inheritdoc/>
    public override double Scaled(double frequency)
    {
        double waves = Original * frequency / (2 * Math.PI);
        double kept = Math.Clamp((waves - Low) / (High - Low), 0, 1);
        return (1 - kept) * frequency / Factor + kept * frequency;
    }

    /// <inheritdoc/>
    public override JsonObject ToJson() => new()
    {
        ["rope_type"] = "llama3",
        ["factor"] = Factor,
        ["low_freq_factor"] = Low,
        ["high_freq_factor"] = High,
        ["original_max_position_embeddings"] = (long)Original,
    };
}
