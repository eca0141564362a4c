using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AutoPeft.Tests.Reporting;

/// <summary>A report as a browser would take it apart.</summary>
internal sealed partial record ReportPageText(string Html)
{
    /// <summary>The data element's JSON.</summary>
    public JsonElement Data => JsonDocument.Parse(DataElement().Match(Html).Groups[1].Value).RootElement;

    /// <summary>What the browser would run.</summary>
    public string Script => ScriptElement().Match(Html).Groups[1].Value;

    /// <summary>The title as a person reads it.</summary>
    public string Title => WebUtility.HtmlDecode(TitleElement().Match(Html).Groups[1].Value);

    public string Policy => PolicyElement().Match(Html).Groups[1].Value;

    /// <summary>A number that may be one of the texts for what JSON cannot write.</summary>
    public static double Real(JsonElement e) =>
        e.ValueKind == JsonValueKind.Number
            ? e.GetDouble()
            : double.Parse(e.GetString()!, System.Globalization.CultureInfo.InvariantCulture);

    // An HTML parser ends the element at the first "</script", so a lazy match is what a browser sees.
    [GeneratedRegex("<script type=\"application/json\" id=\"data\">(.*?)</script", RegexOptions.Singleline)]
    private static partial Regex DataElement();

    [GeneratedRegex("<script>(.*?)</script", RegexOptions.Singleline)]
    private static partial Regex ScriptElement();

    [GeneratedRegex("<title>(.*?)</title>", RegexOptions.Singleline)]
    private static partial Regex TitleElement();

    [GeneratedRegex("Content-Security-Policy\" content=\"([^\"]*)\"")]
    private static partial Regex PolicyElement();
}
