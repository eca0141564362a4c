using System.Text.Json;
using Jint;

namespace AutoPeft.Tests.Reporting;

/// <summary>Scripts of the page, run without a browser.</summary>
internal static class PageScripts
{
    /// <summary>An engine that has run these scripts; what they ask of a document at their start is there.</summary>
    public static Engine Load(params IEnumerable<string> scripts)
    {
        var engine = new Engine();
        engine.Execute("const document = { getElementById: () => ({ namespaceURI: '' }) };");
        foreach (string script in scripts) engine.Execute(Text(script));
        return engine;
    }

    /// <summary>What an expression gives, as JSON.</summary>
    public static JsonElement Json(this Engine engine, string expression) =>
        JsonDocument.Parse(engine.Evaluate($"JSON.stringify({expression})").AsString()).RootElement;

    /// <summary>A script's text.</summary>
    public static string Text(string script)
    {
        using Stream stream = typeof(AutoPeft.Reporting.StudyReport).Assembly.GetManifestResourceStream("AutoPeft.Reporting." + script)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
