using Microsoft.Extensions.Logging;

namespace AutoPeft.Cli.Terminal;

/// <summary>Writes warnings and errors of the library as lines on standard error. Thread-safe.</summary>
internal sealed class TerminalLogger : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string cause = exception is null ? "" : $": {exception}";
        Console.Error.WriteLine($"autopeft: {formatter(state, exception)}{cause}");
    }
}
