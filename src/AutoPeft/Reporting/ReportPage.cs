using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace AutoPeft.Reporting;

/// <summary>Puts the template, the style sheet, the scripts and the data together.</summary>
internal static partial class ReportPage
{
    // One concept a file; they share one scope and are joined in this order.
    private static readonly ImmutableArray<string> Scripts =
    [
        "dom.js", "scales.js", "space.js", "model.js", "state.js", "brush.js", "plot.js", "trial.js", "header.js", "front.js",
        "progress.js", "axes.js", "parallel.js",
        "winner.js", "importance.js", "dependence.js", "effects.js", "curves.js", "table.js", "final.js", "failures.js", "main.js",
    ];

    /// <param name="title">As people wrote it; escaped here.</param>
    /// <param name="json">JSON in which '&lt;' stands only as an escape, so that nothing in it can end the script element.</param>
    public static string Fill(string title, string json)
    {
        if (json.Contains('<')) throw new ArgumentException("The data of a page must have '<' escaped.", nameof(json));
        string script = "(() => {\n\"use strict\";\n" + string.Join("\n", Scripts.Select(Resource)) + "})();\n";
        // Only this very script may run, and nothing may be fetched: an injected element would be dead text.
        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));
        string policy = $"default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
            + $"form-action 'none'";
        // One pass: what is put in is never searched for further slots.
        return Slot().Replace(Resource("report.html"), slot => slot.Groups[1].Value switch
        {
            "title" => WebUtility.HtmlEncode(title),
            "policy" => policy,
            "style" => Resource("report.css"),
            "data" => json,
            "script" => script,
            var other => throw new InvalidOperationException($"The report's template has an unknown slot '{other}'."),
        });
    }

    [GeneratedRegex(@"\{\{([a-z]+)\}\}")]
    private static partial Regex Slot();

    private static string Resource(string name)
    {
        string full = "AutoPeft.Reporting." + name;
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(full)
            ?? throw new InvalidOperationException($"The assembly lacks its resource '{full}'.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
