namespace AutoPeft.Scaling.Data;

/// <summary>What a loss is measured in. Fits do not depend on it; messages and labels do.</summary>
public enum LossUnit
{
    /// <summary>Nats per token.</summary>
    Nats,
    /// <summary>Bits per byte.</summary>
    BitsPerByte,
    /// <summary>Bits per character or token.</summary>
    Bits,
}
