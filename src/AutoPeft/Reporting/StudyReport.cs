using System.Text;
using AutoPeft.Studies;

namespace AutoPeft.Reporting;

/// <summary>
/// A study as one web page that stands alone: styles, script and data are inside, and its content security policy forbids every request.
/// The same study and options give the same bytes.
/// </summary>
public static class StudyReport
{
    /// <summary>Writes the page. A reader sees the old file or the new one, never half of one.</summary>
    /// <param name="path">File to write; its folder is created.</param>
    /// <param name="study">Running or finished, with any number of trials.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, IStudyView study, StudyReportOptions? options = null)
    {
        string html = Html(study, options);
        string full = Path.GetFullPath(path);
        // In the same folder: a rename is atomic only within one file system.
        string temporary = $"{full}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                file.Write(Encoding.UTF8.GetBytes(html));
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            try { File.Delete(temporary); }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException) { }
            throw new InvalidInputException(
                $"The report cannot be written to '{path}': {e.Message.TrimEnd('.')}. Free some space or choose another folder.", e);
        }
    }

    /// <summary>Writes the report of a study as one self-contained HTML page.</summary>
    public static string Html(IStudyView study, StudyReportOptions? options = null)
    {
        options ??= new StudyReportOptions();
        return ReportPage.Fill(options.Title ?? study.Definition.Name, ReportData.Json(study, options));
    }
}
