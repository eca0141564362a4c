using AutoPeft.Parquet.Embedded;
using AutoPeft.Parquet.Tables;

namespace AutoPeft.Parquet;

/// <summary>Which codec this build has.</summary>
public static class ParquetCodecs
{
    /// <summary>The one that AutoPeft uses: Parquet.Net where this build has it, else the embedded writer and reader.</summary>
    public static IParquetCodec Default { get; } =
        new ParquetNetCodec();
}
