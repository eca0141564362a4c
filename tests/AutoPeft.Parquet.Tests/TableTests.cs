using AutoPeft.Parquet.Tables;

namespace AutoPeft.Parquet.Tests;

public sealed class TableTests
{
    [Fact]
    public void Columns_of_different_lengths_are_refused_by_name()
    {
        var e = Assert.Throws<ArgumentException>(() => new Table("trials", [Column.Int32("a", [1, 2]), Column.Int32("b", [1])]));
        Assert.Contains("'b' has 1 rows, 'a' has 2", e.Message);
    }

    [Fact]
    public void Two_columns_of_one_name_are_refused() =>
        Assert.Contains("two columns named 'a'",
            Assert.Throws<ArgumentException>(() => new Table("trials", [Column.Int32("a", [1]), Column.Bool("a", [true])])).Message);

    [Fact]
    public void A_table_without_columns_is_refused() => Assert.Throws<ArgumentException>(() => new Table("trials", []));

    [Fact]
    public void The_reserved_metadata_key_is_refused() =>
        Assert.Throws<ArgumentException>(() => new Table("trials", [Column.Int32("a", [1])], [KeyValuePair.Create(Table.NameKey, "x")]));

    [Fact]
    public void Half_a_surrogate_pair_is_refused_because_no_file_could_hold_it()
    {
        Assert.Throws<ArgumentException>(() => Column.String("a", ["ok", "\uD83C"]));
        Assert.Throws<ArgumentException>(() => Column.String("\uD83C", ["ok"]));
    }

    [Fact]
    public void A_missing_text_is_refused_where_the_column_is_required() =>
        Assert.Throws<ArgumentException>(() => Column.String("a", ["ok", null], nullable: false));

    [Fact]
    public void Instants_are_rounded_down_to_the_unit_in_UTC()
    {
        var local = new DateTimeOffset(2026, 3, 1, 13, 0, 0, TimeSpan.FromHours(1)).AddTicks(1_234_567);
        var expected = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(expected.AddTicks(1_234_560), Column.Timestamp("t", [local])[0]);
        Assert.Equal(expected.AddTicks(1_230_000), Column.Timestamp("t", [local], ColumnType.TimestampMillis)[0]);
        Assert.Equal(TimeSpan.Zero, ((DateTimeOffset)Column.Timestamp("t", [local])[0]!).Offset);
    }

    [Fact]
    public void A_column_is_found_by_name_and_a_wrong_name_says_which_there_are()
    {
        var table = new Table("trials", [Column.Int32("a", [1]), Column.Int32("b", [2])]);
        Assert.Equal(2, table["b"][0]);
        Assert.Contains("a, b", Assert.Throws<KeyNotFoundException>(() => table["c"]).Message);
    }
}
