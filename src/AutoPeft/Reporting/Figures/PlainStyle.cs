using System.Text.RegularExpressions;

namespace AutoPeft.Reporting;

/// <summary>
/// Turns the classes of a figure into literal styles, for files that Inkscape, LaTeX and print shops read: they know neither CSS
/// variables nor colour schemes.
/// </summary>
internal static partial class PlainStyle
{
    private static readonly Dictionary<string, string> s_colours = Palette.LightColours;

    /// <summary>The elements with style attributes in place of class attributes.</summary>
    public static string Inline(string elements) =>
        ClassAttribute().Replace(elements, m => Of(m.Groups[1].Value.Split(' ')) is { Length: > 0 } style ? $"style=\"{style}\"" : "");

    /// <summary>Text style of a whole figure.</summary>
    public static string Root => $"font:12px Helvetica,Arial,sans-serif;fill:{s_colours["ink"]}";

    private static string Of(string[] classes)
    {
        string colour = s_colours[classes.FirstOrDefault(c => c == "ink" || c.Length == 2 && c[0] == 's') ?? "ink"];
        return string.Join(';', classes.Select(c => Rule(c, colour)).Where(r => r.Length > 0));
    }

    private static string Rule(string name, string colour) => name switch
    {
        "t" => $"fill:{s_colours["muted"]};font-size:11px",
        "l" => $"fill:{s_colours["ink"]};font-size:12px",
        "h" => "font-weight:600",
        "halo" => $"paint-order:stroke;stroke:{s_colours["panel"]};stroke-width:3px;stroke-linejoin:round",
        "axis" => $"stroke:{s_colours["line"]};fill:none",
        "grid" => $"stroke:{s_colours["grid"]};fill:none",
        "curve" => $"fill:none;stroke:{colour};stroke-width:1.8;stroke-linejoin:round",
        "thin" => $"fill:none;stroke:{colour};stroke-width:1",
        "dash" => "stroke-dasharray:4 3",
        "dot" or "lab" => $"fill:{colour}",
        "ring" => $"fill:{s_colours["panel"]};stroke:{colour};stroke-width:1.6",
        "soft" => $"fill:{colour};fill-opacity:0.38",
        "faint" or "band" => $"fill:{colour};fill-opacity:0.16;stroke:none",
        "mark" => $"stroke:{s_colours["panel"]};stroke-width:1.4",
        "iso" => "stroke-width:0.5",
        ['r', var digit] when char.IsAsciiDigit(digit) => $"fill:{s_colours[name]};stroke:{s_colours[name]}",
        _ => "",
    };

    [GeneratedRegex("class=\"([^\"]*)\"")]
    private static partial Regex ClassAttribute();
}
