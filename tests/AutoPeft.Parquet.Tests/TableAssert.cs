using AutoPeft.Parquet.Tables;

namespace AutoPeft.Parquet.Tests;

internal static class TableAssert
{
    /// <summary>
    /// Equal to the last bit: names, types, nullability, order, values (NaN payloads and the sign of zero too), metadata.
    /// </summary>
    public static void Same(Table expected, Table actual)
    {
        Assert.Equal(expected.Name, actual.Name);
        Assert.Equal(expected.Metadata, actual.Metadata);
        Assert.Equal(expected.Columns.Select(Describe), actual.Columns.Select(Describe));
        Assert.Equal(expected.RowCount, actual.RowCount);
        for (int c = 0; c < expected.Columns.Count; c++)
        {
            Column e = expected.Columns[c], a = actual.Columns[c];
            Assert.Equal(e.NullCount, a.NullCount);
            for (int row = 0; row < e.Count; row++)
            {
                Assert.True(Equals(Bits(e[row]), Bits(a[row])),
                    $"column '{e.Name}' row {row}: expected {e[row] ?? "nothing"}, read {a[row] ?? "nothing"}");
            }
        }
    }

    private static (string, ColumnType, bool, int) Describe(Column c) => (c.Name, c.Type, c.IsNullable, c.Count);

    private static object? Bits(object? value) => value switch
    {
        double d => BitConverter.DoubleToInt64Bits(d),
        float f => BitConverter.SingleToInt32Bits(f),
        DateTimeOffset t => (t.Ticks, t.Offset),
        _ => value,
    };
}
