using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace AutoPeft.Dashboard.Web;

/// <summary>The page's files, from the assembly: what is not in this table does not exist.</summary>
internal static class PageAssets
{
    /// <param name="Content">Bytes as sent.</param>
    /// <param name="Type">Content type.</param>
    /// <param name="Tag">Entity tag; null where it is not cached.</param>
    public sealed record Asset(ReadOnlyMemory<byte> Content, string Type, string? Tag);

    // One concept a file; they share one scope and are joined in this order.
    private static readonly ImmutableArray<string> Scripts =
    [
        "dom.js", "scales.js", "space.js", "server.js", "state.js", "known.js", "plot.js", "theme.js", "trial.js", "scatter.js",
        "history.js", "curves.js", "workers.js", "rows.js", "actions.js", "study.js", "studies.js", "main.js",
    ];

    /// <summary>By path.</summary>
    public static FrozenDictionary<string, Asset> ByPath { get; } = new Dictionary<string, Asset>
    {
        ["/app.js"] =
            Make("(() => {\n\"use strict\";\n" + string.Join("\n", Scripts.Select(Text)) + "})();\n", "text/javascript; charset=utf-8"),
        ["/app.css"] = Make(Text("report.css") + Text("dashboard.css"), "text/css; charset=utf-8"),
        ["/signin.js"] = Make(Text("signin.js"), "text/javascript; charset=utf-8"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The page, of the list and of each study alike.</summary>
    public static Asset Page { get; } = Make(Text("page.html"), "text/html; charset=utf-8");

    /// <summary>The page that asks for the token.</summary>
    public static Asset SignIn { get; } = Make(Text("signin.html"), "text/html; charset=utf-8") with { Tag = null };

    private static Asset Make(string text, string type)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new Asset(bytes, type, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"");
    }

    private static string Text(string name)
    {
        string full = "AutoPeft.Dashboard." + name;
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(full)
            ?? throw new InvalidOperationException($"The assembly lacks its resource '{full}'.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
