using AutoPeft.Parquet.Tables;

namespace AutoPeft.Parquet.Tests;

/// <summary>What the files in Assets hold (see the README there).</summary>
internal static class OtherWriters
{
    public static void AssertRead(string file)
    {
        Table table = ParquetFile.Read(Path.Combine(AppContext.BaseDirectory, "Assets", file));
        Assert.Equal(Path.GetFileNameWithoutExtension(file), table.Name);
        Assert.Equal(200, table.RowCount);
        Assert.Contains(table.Columns, c => c.Name == "at_us");
        foreach (Column column in table.Columns)
        {
            Assert.Equal(Enumerable.Range(0, 200).Select(i => Expected(column.Name, i)), Enumerable.Range(0, 200).Select(i => column[i]));
        }
    }

    /// <summary>The value that row <paramref name="i"/> of a column must have.</summary>
    private static object? Expected(string column, int i)
    {
        DateTimeOffset start = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        return column switch
        {
            "number" => i,
            "big" => i % 5 == 0 ? null : i * 10_000_000_000L,
            "flag" => i % 7 == 0 ? null : i % 3 == 0,
            "f" => i * 0.25f,
            "d" => i % 4 == 1 ? null : i / 8.0,
            "s" => i % 6 == 2 ? null : $"name {i % 4}",
            "u" => $"row {i}",
            "at_us" => i % 9 == 0 ? null : start.AddMicroseconds(i * 1_000_001L),
            "at_ms" => start.AddMilliseconds(i),
            "at_ns" => start.AddMicroseconds(i * 1001L / 1000),
            "i8" => i % 100,
            "u16" => 65_535 - i,
            "u32" => 4_294_967_295L - i,
            _ => throw new ArgumentException($"No such column: {column}"),
        };
    }
}
