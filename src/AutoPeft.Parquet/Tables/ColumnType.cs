namespace AutoPeft.Parquet.Tables;

/// <summary>What the values of a <see cref="Column"/> are, and how they lie in a Parquet file.</summary>
public enum ColumnType
{
    /// <summary><see cref="bool"/>; Parquet BOOLEAN.</summary>
    Bool,

    /// <summary><see cref="int"/>; Parquet INT32.</summary>
    Int32,

    /// <summary><see cref="long"/>; Parquet INT64.</summary>
    Int64,

    /// <summary><see cref="float"/>; Parquet FLOAT. Every bit pattern survives, NaN payloads too.</summary>
    Float,

    /// <summary><see cref="double"/>; Parquet DOUBLE. Every bit pattern survives, NaN payloads too.</summary>
    Double,

    /// <summary><see cref="string"/>; Parquet BYTE_ARRAY with the STRING annotation, UTF-8.</summary>
    String,

    /// <summary><see cref="DateTimeOffset"/> in UTC, whole milliseconds; Parquet INT64 with TIMESTAMP(UTC, MILLIS).</summary>
    TimestampMillis,

    /// <summary><see cref="DateTimeOffset"/> in UTC, whole microseconds; Parquet INT64 with TIMESTAMP(UTC, MICROS).</summary>
    TimestampMicros,

    /// <summary>
    /// A list of <see cref="string"/>; Parquet LIST of elements as <see cref="String"/> has them. A row may have a list without elements,
    /// or none.
    /// </summary>
    StringList,
}
