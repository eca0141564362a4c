using System.Text.Json;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>
/// The winner and the importance of parameters by each objective, as the report has them, and of how many completed trials they speak.
/// </summary>
internal static class StudyInsight
{
    public static void Write(Utf8JsonWriter json, IStudyView study)
    {
        json.WriteNumber("completed", study.Completed.Count);
        ReportInsight.Write(json, study, repeats: null);
    }
}
