using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Tests;

/// <summary>
/// The public data sets, where a developer has them: AUTOPEFT_DATA names a folder with steplaw/ and chinchilla/ in it.
/// They are not committed. Tests on them also check something on generated data, so that they never pass by doing nothing.
/// </summary>
internal static class PublicData
{
    public static RunTable? Find(string relative) =>
        Environment.GetEnvironmentVariable("AUTOPEFT_DATA") is { Length: > 0 } root && File.Exists(Path.Combine(root, relative))
            ? CsvTable.Read(Path.Combine(root, relative))
            : null;

    public static RunTable? Dense => Find("steplaw/dense_lr_bs_loss.csv");
    public static RunTable? Moe => Find("steplaw/moe_lr_bs_loss.csv");
    public static RunTable? Chinchilla => Find("chinchilla/svg_extracted_data.csv");
}
