namespace AutoPeft.Spaces;

/// <summary>A parameter that is true or false.</summary>
public sealed record BoolParameter : Parameter
{
    /// <summary>Makes a parameter of this name that is true or false.</summary>
    public BoolParameter(string name) : base(name) { }

    /// <inheritdoc/>
    public override long? Cardinality => 2;

    /// <inheritdoc/>
    public override bool IsOrdered => true;

    /// <inheritdoc/>
    public override bool IsValid(double code) => code is 0 or 1;

    /// <inheritdoc/>
    public override double ToUnit(double code) => code;

    /// <inheritdoc/>
    public override double FromUnit(double unit) => unit >= 0.5 ? 1 : 0;

    /// <inheritdoc/>
    public override double CodeAt(long index) => index;

    /// <inheritdoc/>
    public override long IndexOf(double code) => (long)code;

    /// <inheritdoc/>
    public override object ToValue(double code) => code == 1;

    /// <inheritdoc/>
    public override double FromValue(object? value) => value is bool b ? (b ? 1 : 0) : throw Refuse(value);

    /// <inheritdoc/>
    public override string Domain => "true or false";
}
