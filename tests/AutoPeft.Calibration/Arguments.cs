using System.Globalization;

namespace AutoPeft.Calibration;

/// <summary><c>--name value</c> pairs.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];

    public static Arguments Parse(string[] args)
    {
        var arguments = new Arguments();
        for (int i = 0; i + 1 < args.Length; i += 2) arguments._values[args[i].TrimStart('-')] = args[i + 1];
        return arguments;
    }

    public string Text(string name, string standard) => _values.GetValueOrDefault(name, standard);

    public double Number(string name, double standard) =>
        _values.TryGetValue(name, out string? value) ? double.Parse(value, CultureInfo.InvariantCulture) : standard;

    public int Count(string name, int standard) => (int)Number(name, standard);

    public double? Maybe(string name) => _values.ContainsKey(name) ? Number(name, 0) : null;
}
