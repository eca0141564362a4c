using Microsoft.Extensions.Logging;

namespace AutoPeft.Orleans.Hosting;

/// <summary>A line an event on standard error.</summary>
internal sealed class LineLoggerProvider : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new LineLogger(categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose() { }

    private sealed class LineLogger(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            string text = formatter(state, exception).ReplaceLineEndings(" ");
            if (exception is not null) text += $" ({exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")})";
            string level = logLevel >= LogLevel.Error ? "error: " : logLevel == LogLevel.Warning ? "warning: " : "";
            Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {category}: {level}{text}");
        }
    }
}
