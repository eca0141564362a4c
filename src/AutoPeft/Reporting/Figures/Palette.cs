namespace AutoPeft.Reporting;

/// <summary>
/// Colours and type of every figure and report, as CSS variables with a light and a dark value. Series colours keep
/// apart for readers with red-green blindness (blue, orange, teal, purple) and never carry meaning alone.
/// </summary>
internal static class Palette
{
    /// <summary>Sequential ramp for loss surfaces, best first: --r0 … --r5.</summary>
    public const int RampSteps = 6;

    private const string Light =
        "--bg:#fcfcfa;--panel:#ffffff;--ink:#1d2329;--muted:#66707a;--line:#d5d9dd;--grid:#eceef0;" +
        "--s0:#1f5fa8;--s1:#c2560c;--s2:#12806a;--s3:#7a4aa8;--s4:#8a6d1c;--s5:#7b8590;--warn:#8a3b00;--warnbg:#fff4e8;" +
        "--r0:#0b4f8a;--r1:#2f7fbd;--r2:#74b0da;--r3:#b4d5ec;--r4:#dfecf5;--r5:#f3f5f6;--onramp:#ffffff;";

    private const string Dark =
        "--bg:#14171a;--panel:#1a1e22;--ink:#e4e7ea;--muted:#98a2ac;--line:#3a4148;--grid:#262b30;" +
        "--s0:#6cb0f0;--s1:#f0934a;--s2:#4fc4a8;--s3:#b995e0;--s4:#d0b25c;--s5:#8d97a2;--warn:#f5b983;--warnbg:#2e241a;" +
        "--r0:#8fd0ff;--r1:#4d9bd6;--r2:#2f6c9e;--r3:#254e72;--r4:#20384d;--r5:#1d2730;--onramp:#10202e;";

    /// <summary>The light colours by name, for files without CSS variables.</summary>
    public static Dictionary<string, string> LightColours { get; } =
        Light.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split(':')).ToDictionary(p => p[0].TrimStart('-'), p => p[1]);

    /// <summary>Rules for the variables under a selector.</summary>
    public static string Variables(string selector) => $"{selector}{{{Light}}}@media (prefers-color-scheme:dark){{{selector}{{{Dark}}}}}";

    /// <summary>Classes that figures use; scoped to .fig so that they may live in a page.</summary>
    public const string FigureRules =
        ".fig{font:12px system-ui,-apple-system,'Segoe "
        + "UI',Roboto,Helvetica,Arial,sans-serif;fill:var(--ink);font-variant-numeric:tabular-nums}" +
        ".fig .t{fill:var(--muted);font-size:11px}.fig .l{fill:var(--ink);font-size:12px}.fig .h{font-weight:600}" +
        ".fig .halo{paint-order:stroke;stroke:var(--panel);stroke-width:3px;stroke-linejoin:round}" +
        ".fig .axis{stroke:var(--line);fill:none}.fig .grid{stroke:var(--grid);fill:none}" +
        ".fig .s0{--c:var(--s0)}.fig .s1{--c:var(--s1)}.fig .s2{--c:var(--s2)}.fig .s3{--c:var(--s3)}.fig .s4{--c:var(--s4)}.fig "
        + ".s5{--c:var(--s5)}.fig .ink{--c:var(--ink)}" +
        ".fig .curve{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}.fig .thin{fill:none;stroke:var(--c);stroke-width:1}"
        +
        ".fig .dash{stroke-dasharray:4 3}.fig .dot{fill:var(--c)}.fig .ring{fill:var(--panel);stroke:var(--c);stroke-width:1.6}" +
        ".fig .soft{fill:var(--c);fill-opacity:.38}.fig .faint{fill:var(--c);fill-opacity:.16}.fig "
        + ".band{fill:var(--c);fill-opacity:.16;stroke:none}.fig .lab{fill:var(--c)}" +
        ".fig .mark{stroke:var(--panel);stroke-width:1.4}" +
        ".fig .r0{fill:var(--r0);stroke:var(--r0)}.fig .r1{fill:var(--r1);stroke:var(--r1)}.fig .r2{fill:var(--r2);stroke:var(--r2)}" +
        ".fig .r3{fill:var(--r3);stroke:var(--r3)}.fig .r4{fill:var(--r4);stroke:var(--r4)}.fig .r5{fill:var(--r5);stroke:var(--r5)}.fig "
        + ".iso{stroke-width:.5}";
}
