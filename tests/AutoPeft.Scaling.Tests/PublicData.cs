using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Tests;

/// <summary>
/// The public data sets, where a developer has them: AUTOPEFT_DATA names a folder with steplaw/ and chinchilla/ in it.
/// They are not committed. A test on one is skipped, visibly, where the data set is not there.
/// </summary>
internal static class PublicData
{
    private static RunTable Require(string relative)
    {
        string path = Path.Combine(Environment.GetEnvironmentVariable("AUTOPEFT_DATA") ?? "", relative);
        Skip.IfNot(File.Exists(path), $"AUTOPEFT_DATA names no folder with {relative}");
        return CsvTable.Read(path);
    }

    public static RunTable Dense => Require("steplaw/dense_lr_bs_loss.csv");
    public static RunTable Moe => Require("steplaw/moe_lr_bs_loss.csv");
    public static RunTable Chinchilla => Require("chinchilla/svg_extracted_data.csv");
}
