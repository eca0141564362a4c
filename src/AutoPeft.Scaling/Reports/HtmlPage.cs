using System.Net;
using System.Text;
using AutoPeft.Reporting;

namespace AutoPeft.Scaling.Reports;

/// <summary>Builds a self-contained report page: no script, no request, light and dark, readable from a phone's width up.</summary>
internal sealed class HtmlPage(string title, string subtitle)
{
    private const string Rules =
        "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe "
        + "UI',Roboto,Helvetica,Arial,sans-serif;-webkit-text-size-adjust:100%}" +
        "main{max-width:1060px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;line-height:1.2;margin:0 0 "
        + "4px;font-weight:650;letter-spacing:-.01em}h2{font-size:18px;margin:44px 0 6px;font-weight:650}" +
        "p{margin:6px 0 12px;max-width:68ch}.sub,.note{color:var(--muted)}.note{font-size:14px}.law{font:500 17px/1.6 "
        + "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:2px 0;overflow-wrap:anywhere}" +
        ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:1px;background:var(--line);border:1px solid "
        + "var(--line);border-radius:8px;overflow:hidden;margin:20px 0}" +
        ".card{background:var(--panel);padding:12px 16px}.card "
        + "b{display:block;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}.card span{color:var(--muted);font-size:13px}" +
        ".warn{background:var(--warnbg);color:var(--warn);border-radius:8px;padding:10px 14px;margin:10px 0;font-size:15px}" +
        ".wrap{overflow-x:auto;margin:10px 0 "
        + "4px}table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;min-width:100%}th,td{padding:5px 12px 5px "
        + "0;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}" +
        "th{color:var(--muted);font-weight:500;font-size:13px}td:first-child,th:first-child{text-align:left}td.src" +
        "{white-space:normal;text-align:left;color:var(--muted);min-width:280px;font-size:13px}tr.us td{font-weight:600}" +
        ".figs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:28px "
        + "32px;margin-top:14px}.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,228px),1fr));gap:14px 18px}" +
        "figure{margin:0;min-width:0}figure "
        + "svg{width:100%;max-width:620px;height:auto;display:block;background:var(--panel);border-radius:6px}figure "
        + "h3{font-size:15px;margin:0 0 4px;font-weight:600}figcaption{color:var(--muted);font-size:13.5px;line-height:1.45;margin-top:4px}"
        +
        ".legend svg{max-width:470px}details{margin-top:20px;font-size:14px}summary{cursor:pointer;color:var(--muted)}li{margin:2px "
        + "0}@media(max-width:480px){main{padding:20px 14px "
        + "48px}h1{font-size:22px}.small{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}.law{font-size:15px}}" +
        "@media print{body{background:#fff}}";

    private readonly StringBuilder _body = new();

    public void Heading(string text) => _body.Append($"<h2>{E(text)}</h2>");

    public void Paragraph(string text, string css = "") => _body.Append($"<p{(css.Length > 0 ? $" class=\"{css}\"" : "")}>{E(text)}</p>");

    public void Cards(IEnumerable<(string Value, string Label)> cards) =>
        _body.Append("<div class=\"cards\">")
            .AppendJoin("", cards.Select(c => $"<div class=\"card\"><b>{E(c.Value)}</b><span>{E(c.Label)}</span></div>")).Append("</div>");

    public void Warnings(IEnumerable<string> warnings)
    {
        foreach (var w in warnings) _body.Append($"<div class=\"warn\">{E(char.ToUpperInvariant(w[0]) + w[1..])}.</div>");
    }

    public void List(string summary, IEnumerable<string> items) =>
        _body.Append($"<details><summary>{E(summary)}</summary><ul>").AppendJoin("", items.Select(i => $"<li>{E(i)}</li>"))
            .Append("</ul></details>");

    /// <summary>
    /// A table; rows whose first cell starts with '*' are set in bold, columns named "source" or "from" hold text and wrap.
    /// </summary>
    public void Table(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        _body.Append("<div class=\"wrap\"><table><thead><tr>")
            .AppendJoin("", header.Select(h => h is "source" or "from" ? $"<th style=\"text-align:left\">{E(h)}</th>" : $"<th>{E(h)}</th>"))
            .Append("</tr></thead><tbody>");
        foreach (var r in rows)
        {
            bool us = r[0].StartsWith('*');
            _body.Append(us ? "<tr class=\"us\">" : "<tr>")
                .AppendJoin("",
                    r.Select((c,
                        i) => $"<td{(header[i] is "source" or "from" ? " class=\"src\"" : "")}>{E(i == 0 ? c.TrimStart('*') : c)}</td>"))
                        .Append("</tr>");
        }
        _body.Append("</tbody></table></div>");
    }

    public void Figures(IEnumerable<SvgFigure> figures, string css = "")
    {
        bool small = css.Contains("small", StringComparison.Ordinal) || css.Contains("legend", StringComparison.Ordinal);
        _body.Append($"<div class=\"figs {css}\">");
        foreach (var f in figures)
            _body.Append("<figure>").Append(small ? "" : $"<h3>{E(f.Title)}</h3>").Append(f.ToInlineSvg())
                .Append(f.Caption.Length > 0 ? $"<figcaption>{E(f.Caption)}</figcaption>" : "").Append("</figure>");
        _body.Append("</div>");
    }

    public override string ToString() =>
        $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        + $"content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><title>{E(title)}</title>" +
        $"<style>{Palette.Variables(":root")}{Palette.FigureRules}{Rules}</style></head><body><main><h1>{E(title)}</h1><p "
        + $"class=\"sub\">{E(subtitle)}</p>{_body}</main></body></html>\n";

    private static string E(string s) => WebUtility.HtmlEncode(s);
}
