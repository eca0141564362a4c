using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>Whether people have paused the study, and why.</summary>
internal static class StudyPause
{
    public static void Write(Utf8JsonWriter json, IStudyView study)
    {
    }
}
