using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AutoPeft.Cli.Terminal;

/// <summary>
/// Has everything that this program prints, tables and lines alike, pass <see cref="VisibleText"/>; only the sequences that draw tables and
/// colours reach the terminal as they are.
/// </summary>
internal static class VisibleConsole
{
    /// <summary>Called once, before anything is printed.</summary>
    public static void Install()
    {
        TextWriter output = Console.Out;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new StandardOutput(output) });
        console.Pipeline.Attach(new Hook());
        AnsiConsole.Console = console;
        Console.SetOut(new VisibleWriter(output, mayFail: false));
        Console.SetError(new VisibleWriter(Console.Error, mayFail: true));
    }

    private sealed class StandardOutput(TextWriter writer) : IAnsiConsoleOutput
    {
        private readonly AnsiConsoleOutput _measured = new(writer);

        public TextWriter Writer => writer;

        public bool IsTerminal => !Console.IsOutputRedirected;

        public int Width => _measured.Width;

        public int Height => _measured.Height;

        public void SetEncoding(Encoding encoding) => _measured.SetEncoding(encoding);
    }

    private sealed class Hook : IRenderHook
    {
        public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
            renderables.Select(r => new Visible(r));
    }

    private sealed class Visible(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner.Render(options, maxWidth)
                .Select(s => s.IsControlCode || s.IsLineBreak ? s : new Segment(VisibleText.Of(s.Text), s.Style));
    }
}
