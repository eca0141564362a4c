using AutoPeft.Reporting;

namespace AutoPeft.Scaling.Reports;

/// <summary>What every fit can say of itself: to a person at a terminal, to a program, and as pictures.</summary>
public interface IFitReport
{
    /// <summary>The figures, in reading order.</summary>
    IReadOnlyList<SvgFigure> Figures { get; }

    /// <summary>Writes the report as JSON for programs to read.</summary>
    string ToJson();

    /// <summary>Writes the report as one self-contained HTML page.</summary>
    string ToHtml();

    /// <summary>Writes a summary of the report as plain text for a terminal.</summary>
    void WriteConsole(TextWriter writer);

    /// <summary>Writes the page to a file, creating its folder.</summary>
    void WriteHtml(string path) => WriteText(path, ToHtml());

    /// <summary>Writes the machine-readable form to a file, creating its folder.</summary>
    void WriteJson(string path) => WriteText(path, ToJson());

    /// <summary>Writes each figure into a folder: an SVG file of literal colours, and its numbers as CSV.</summary>
    void WriteFigures(string folder)
    {
        foreach (var f in Figures)
        {
            WriteText(Path.Combine(folder, f.Name + ".svg"), f.ToStandaloneSvg());
            if (f.ToCsv() is { Length: > 0 } numbers) WriteText(Path.Combine(folder, f.Name + ".csv"), numbers);
        }
    }

    private static void WriteText(string path, string text)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        File.WriteAllText(path, text);
    }
}
