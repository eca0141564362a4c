
namespace AutoPeft.Parquet.Tables;

/// <summary>Whether Parquet.Net's smallest and largest value of a column chunk are right, and how many of its rows have no value.</summary>
/// <param name="AreRight">
/// False where the chunk has no value at all (Parquet.Net writes 0), a NaN (which Parquet.Net writes where the NaN comes first), a negative
/// zero (by which a reader that tells zeros apart would skip rows), or a text with a character beyond U+FFFF (Parquet orders texts by their
/// UTF-8, Parquet.Net by their UTF-16).
/// </param>
/// <param name="Nulls">Rows without a value.</param>
internal readonly record struct ChunkBounds(bool AreRight, int Nulls)
{
    /// <summary>The bounds of <paramref name="rows"/> rows of <paramref name="column"/> from row <paramref name="from"/> on.</summary>
    public static ChunkBounds Of(Column column, int from, int rows)
    {
        int nulls = 0;
        bool right = true;
        for (int row = from; row < from + rows; row++)
        {
            if (column.IsNull(row)) nulls++;
            else if (column is Column<double> d && d.TryGet(row, out double x)) right &= !double.IsNaN(x) && !IsNegativeZero(x);
            else if (column is Column<float> f && f.TryGet(row, out float y)) right &= !float.IsNaN(y) && !IsNegativeZero(y);
            else if (column is Column<string> s && s.TryGet(row, out string? text))
                right &= !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
        }
        return new ChunkBounds(right && nulls < rows, nulls);
    }

    private static bool IsNegativeZero(double value) => value == 0 && double.IsNegative(value);
}
