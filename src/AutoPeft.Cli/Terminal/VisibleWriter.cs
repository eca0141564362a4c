using System.Text;

namespace AutoPeft.Cli.Terminal;

/// <summary>Writes what <see cref="VisibleText"/> makes of a text.</summary>
/// <param name="inner">Where to.</param>
/// <param name="mayFail">Whether a text that cannot be written is dropped: on standard error, where a failure could be told to
/// nobody.</param>
internal sealed class VisibleWriter(TextWriter inner, bool mayFail) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Write(string? value)
    {
        if (string.IsNullOrEmpty(value)) return;
        try { inner.Write(VisibleText.Of(value)); }
        catch (IOException) when (mayFail) { }
    }

    public override void WriteLine() => Write(Environment.NewLine);

    public override void WriteLine(string? value) => Write(value + Environment.NewLine);

    public override Task WriteAsync(string? value)
    {
        Write(value);
        return Task.CompletedTask;
    }

    public override Task WriteLineAsync(string? value)
    {
        WriteLine(value);
        return Task.CompletedTask;
    }

    public override void Flush()
    {
        try { inner.Flush(); }
        catch (IOException) when (mayFail) { }
    }
}
