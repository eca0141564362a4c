namespace AutoPeft.Dashboard.Browser;

/// <summary>What was measured and looked at, a line each; whether all of it is as it has to be.</summary>
internal sealed class Findings
{
    /// <summary>Whether nothing was found wrong.</summary>
    public bool Good { get; private set; } = true;

    /// <summary>A number that has to be below a bound.</summary>
    public void Below(string what, double value, double most, string unit)
    {
        Console.WriteLine($"{what}: {value:0} {unit} (below {most} {unit}){(value < most ? "" : "  <-- WRONG")}");
        Good &= value < most;
    }

    /// <summary>Something that has to hold; said where it does not.</summary>
    public void Holds(bool holds, string otherwise)
    {
        if (holds) return;
        Console.WriteLine($"{otherwise}  <-- WRONG");
        Good = false;
    }

    /// <summary>Complaints, of which there must be none.</summary>
    public void None(string where, IEnumerable<string> complaints)
    {
        foreach (string complaint in complaints) Holds(false, $"{where}: {complaint}");
    }
}
