namespace AutoPeft.Scaling.Data;

/// <summary>What a loss is measured in. Fits do not depend on it; messages and labels do.</summary>
public enum LossUnit
{
    /// <summary>Losses are in nats per token.</summary>
    Nats,
    /// <summary>Losses are in bits per byte of text.</summary>
    BitsPerByte,
    /// <summary>Bits per character or token.</summary>
    Bits,
}
