namespace AutoPeft.Cli.Terminal;

/// <summary>A share in per cent, redrawn in place on standard error.</summary>
internal sealed class ShareLine : IProgress<double>
{
    private readonly ProgressOutput _output = new();
    private readonly string _what;

    private ShareLine(string what) => _what = what;

    /// <summary>A line for a person at a terminal; null where output is redirected.</summary>
    /// <param name="what">What the share is of.</param>
    public static ShareLine? Create(string what) => Console.IsOutputRedirected || Console.IsErrorRedirected ? null : new ShareLine(what);

    public void Report(double value) => _output.Show(() =>
        Console.Error.Write(value < 1 ? $"\r{value:P0} of the {_what} " : "\r\u001b[K"));
}
