using AutoPeft.Parquet.Tables;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Parquet.Tests;

/// <summary>Tables of every column type, with and without missing values, in stretches of repeats as well as at random.</summary>
internal static class TableGenerator
{
    private static readonly Gen<double> Doubles = Gen.OneOf(
        ArbMap.Default.GeneratorFor<double>(),
        Gen.Elements(0.0, -0.0, double.NaN, BitConverter.Int64BitsToDouble(0x7FF8_0000_0000_BEEF), double.Epsilon,
            double.MinValue, double.MaxValue, double.PositiveInfinity, double.NegativeInfinity));

    private static readonly Gen<float> Floats = Gen.OneOf(
        ArbMap.Default.GeneratorFor<float>(),
        Gen.Elements(0f, -0f, float.NaN, float.Epsilon, float.MinValue, float.MaxValue, float.NegativeInfinity));

    private static readonly Gen<int> Ints =
        Gen.OneOf(Gen.Choose(-3, 3), ArbMap.Default.GeneratorFor<int>(), Gen.Elements(int.MinValue, int.MaxValue));

    private static readonly Gen<long> Longs = Gen.OneOf(
        Gen.Choose(-3, 3).Select(i => (long)i), Gen.Elements(long.MinValue, long.MaxValue, 1L << 40), ArbMap.Default.GeneratorFor<long>());

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements("", "lora", "dora", "ia3", "a longer text that repeats, a longer text that repeats", "Grüße, 数据, 🎯",
            "tab\tand\nline\0"),
        ArbMap.Default.GeneratorFor<string>()
            .Where(s => s is not null && System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(s)) == s));

    private static readonly Gen<DateTimeOffset> Instants =
        from micros in Gen.OneOf(Gen.Choose(-2_000_000, 2_000_000).Select(i => (long)i),
            Gen.Choose(0, int.MaxValue).Select(i => i * 1_000_003L))
        select DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    public static Arbitrary<Table> Tables { get; } = Arb.From(
        from rows in Gen.OneOf(Gen.Choose(0, 3), Gen.Choose(0, 90))
        from width in Gen.Choose(1, 6)
        from makers in Gen.ArrayOf(ColumnMaker(rows), width)
        from keys in Gen.ArrayOf(Texts.Two(), 2)
        select new Table("trials", makers.Select((make, i) => make($"column {i}")),
            keys.DistinctBy(k => k.Item1).Where(k => k.Item1.Length > 0 && k.Item1 != Table.NameKey)
                .Select(k => KeyValuePair.Create(k.Item1, k.Item2))));

    private static Gen<Func<string, Column>> ColumnMaker(int rows) => Gen.OneOf(
        Maker(rows, ArbMap.Default.GeneratorFor<bool>(), Column.Bool, Column.Bool),
        Maker(rows, Ints, Column.Int32, Column.Int32),
        Maker(rows, Longs, Column.Int64, Column.Int64),
        Maker(rows, Floats, Column.Float, Column.Float),
        Maker(rows, Doubles, Column.Double, Column.Double),
        Maker(rows, Instants, (n, v) => Column.Timestamp(n, v), (n, v) => Column.Timestamp(n, v)),
        Maker(rows, Instants, (n, v) => Column.Timestamp(n, v, ColumnType.TimestampMillis),
            (n, v) => Column.Timestamp(n, v, ColumnType.TimestampMillis)),
        from values in Stretches(rows, Texts)
        from missing in Stretches(rows, ArbMap.Default.GeneratorFor<bool>())
        from nullable in ArbMap.Default.GeneratorFor<bool>()
        select (Func<string, Column>)(name => Column.String(name, values.Select((v, i) => nullable && missing[i] ? null : v), nullable)));

    private static Gen<Func<string, Column>> Maker<T>(int rows, Gen<T> value,
        Func<string, IEnumerable<T>, Column> required, Func<string, IEnumerable<T?>, Column> optional) where T : struct =>
        from values in Stretches(rows, value)
        from missing in Stretches(rows, ArbMap.Default.GeneratorFor<bool>())
        from nullable in ArbMap.Default.GeneratorFor<bool>()
        select (Func<string, Column>)(name => nullable
            ? optional(name, values.Select((v, i) => missing[i] ? (T?)null : v))
            : required(name, values));

    /// <summary>Values that come in runs of 1 to 20, as run-length encoding meets them.</summary>
    private static Gen<T[]> Stretches<T>(int rows, Gen<T> value) =>
        from heads in Gen.ArrayOf(value, rows)
        from lengths in Gen.ArrayOf(Gen.OneOf(Gen.Constant(1), Gen.Choose(1, 20)), rows)
        select heads.SelectMany((head, i) => Enumerable.Repeat(head, lengths[i])).Take(rows).ToArray();
}
