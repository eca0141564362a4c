using System.Collections.Frozen;
using System.Globalization;

namespace AutoPeft.Parquet.Tables;

/// <summary>
/// Walks the headers of a Parquet file (Thrift's compact protocol; the structs as in apache/parquet-format's parquet.thrift) without
/// building anything, and refuses what is malformed: every length is checked against the bytes that are left, every field against its type.
/// Parquet.Net, which trusts headers, then reads the same headers without looping or allocating beyond reason.
/// </summary>
internal static class ThriftWalk
{
    /// <summary>The field of a column chunk ("Chunk") that holds the chunk's statistics.</summary>
    public const int StatisticsField = 12;

    /// <summary>Parquet's deepest header has 8 levels.</summary>
    private const int MaximumDepth = 16;

    private enum Wire : byte { Stop, True, False, Byte, Int16, Int32, Int64, Double, Text, List, Set, Map, Struct }

    /// <summary>
    /// Told of each field of a struct: the struct's kind, the field's number, its value where that is a number, and the bytes of the value.
    /// </summary>
    public delegate void Visitor(string kind, int field, long value, int start, int end);

    // A struct a line: its fields by number, with their types; [a list], (a struct). "Empty" structs have no field.
    private static readonly FrozenDictionary<string, FrozenDictionary<int, string>> s_structs = new Dictionary<string, string>
    {
        ["File"] = "1:int 2:[Element] 3:long 4:[Group] 5:[Pair] 6:text 7:[Order]",
        ["Element"] = "1:int 2:int 3:int 4:text 5:int 6:int 7:int 8:int 9:int 10:(Logical)",
        ["Logical"] =
            "1:(Empty) 2:(Empty) 3:(Empty) 4:(Empty) 5:(Decimal) 6:(Empty) 7:(Time) 8:(Time) 10:(Integer) 11:(Empty) 12:(Empty) 13:(Empty)"
            + " 14:(Empty) 15:(Empty) 16:(Variant) 17:(Geometry) 18:(Geometry)",
        ["Decimal"] = "1:int 2:int",
        ["Time"] = "1:bool 2:(Unit)",
        ["Unit"] = "1:(Empty) 2:(Empty) 3:(Empty)",
        ["Integer"] = "1:byte 2:bool",
        ["Variant"] = "1:byte",
        ["Geometry"] = "1:text 2:int",
        ["Empty"] = "",
        ["Pair"] = "1:text 2:text",
        ["Order"] = "1:(Empty) 2:(Empty)",
        ["Group"] = "1:[Column] 2:long 3:long 4:[Sorting] 5:long 6:long 7:short",
        ["Sorting"] = "1:int 2:bool 3:bool",
        ["Column"] = "1:text 2:long 3:(Chunk) 4:long 5:int 6:long 7:int",
        ["Chunk"] = "1:int 2:[int] 3:[text] 4:int 5:long 6:long 7:long 8:[Pair] 9:long 10:long 11:long 12:(Statistics) "
            + "13:[PageStatistics] 14:long 15:int 16:(Sizes) 17:(Geospatial)",
        ["Statistics"] = "1:text 2:text 3:long 4:long 5:text 6:text 7:bool 8:bool",
        ["PageStatistics"] = "1:int 2:int 3:int",
        ["Sizes"] = "1:long 2:[long] 3:[long]",
        ["Geospatial"] = "1:(Box) 2:[int]",
        ["Box"] = "1:double 2:double 3:double 4:double 5:double 6:double 7:double 8:double",
        ["Page"] = "1:int 2:int 3:int 4:int 5:(DataPage) 6:(Empty) 7:(DictionaryPage) 8:(DataPage2)",
        ["DataPage"] = "1:int 2:int 3:int 4:int 5:(Statistics)",
        ["DictionaryPage"] = "1:int 2:int 3:bool",
        ["DataPage2"] = "1:int 2:int 3:int 4:int 5:int 6:int 7:bool 8:(Statistics)",
    }.ToFrozenDictionary(s => s.Key, s => s.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(f => f.Split(':')).ToFrozenDictionary(f => int.Parse(f[0], CultureInfo.InvariantCulture), f => f[1]));

    /// <summary>Walks a struct; returns where the byte after the struct lies.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="at">Where the struct begins.</param>
    /// <param name="end">Nothing from this byte on belongs to the struct.</param>
    /// <param name="kind">What the struct is: "File" for the footer, "Page" for the header of a page.</param>
    /// <param name="visit">Told of every known field, of inner structs too, after the field was walked.</param>
    /// <exception cref="InvalidDataException">The struct is malformed, or has more fields of structs than this version of the format
    /// knows.</exception>
    public static int Struct(ReadOnlySpan<byte> bytes, int at, int end, string kind, Visitor? visit = null)
    {
        var cursor = new Cursor(bytes[..end]) { At = at };
        Struct(ref cursor, kind, visit, 0);
        return cursor.At;
    }

    private static void Struct(ref Cursor cursor, string kind, Visitor? visit, int depth)
    {
        if (depth > MaximumDepth) throw new InvalidDataException("a header is nested too deeply");
        FrozenDictionary<int, string> fields = s_structs[kind];
        for (int number = 0; ;)
        {
            byte head = cursor.Byte();
            // The whole byte: Parquet.Net takes a stop with a field's number for a field, and reads on for ever.
            if (head == (byte)Wire.Stop) return;
            var wire = (Wire)(head & 0xF);
            number = head >> 4 == 0 ? (short)cursor.Number() : number + (head >> 4);
            int start = cursor.At;
            string type = fields.GetValueOrDefault(number, "any");
            if (!Fits(type, wire)) throw new InvalidDataException($"a header has a field of the wrong type ({kind} {number})");
            long value = Value(ref cursor, type, wire, visit, depth);
            if (type != "any") visit?.Invoke(kind, number, value, start, cursor.At);
        }
    }

    private static long Value(ref Cursor cursor, string type, Wire wire, Visitor? visit, int depth)
    {
        switch (wire)
        {
            case Wire.True or Wire.False: return wire == Wire.True ? 1 : 0;
            case Wire.Byte: return cursor.Byte();
            case Wire.Int16 or Wire.Int32 or Wire.Int64: return cursor.Number();
            case Wire.Double: cursor.Skip(8); return 0;
            case Wire.Text: cursor.Skip(cursor.Length()); return 0;
            case Wire.List: List(ref cursor, type, visit, depth); return 0;
            // Parquet.Net passes over a struct that it does not know only if the struct is empty.
            case Wire.Struct: Struct(ref cursor, type == "any" ? "Empty" : type[1..^1], visit, depth + 1); return 0;
            default: throw new InvalidDataException("a header has a field of an unknown type");
        }
    }

    private static void List(ref Cursor cursor, string type, Visitor? visit, int depth)
    {
        byte head = cursor.Byte();
        var wire = (Wire)(head & 0xF);
        long count = head >> 4 == 15 ? cursor.Length() : head >> 4;
        string element = type == "any" ? "any" : type[1..^1];
        string inner = s_structs.ContainsKey(element) ? $"({element})" : element;
        if (count > 0 && !Fits(inner, wire)) throw new InvalidDataException("a header has a list of the wrong type");
        for (; count > 0; count--)
        {
            if (wire is Wire.True or Wire.False) cursor.Skip(1);
            else Value(ref cursor, inner, wire, visit, depth);
        }
    }

    private static bool Fits(string type, Wire wire) => wire switch
    {
        _ when type == "any" => true,
        Wire.True or Wire.False => type == "bool",
        Wire.Byte => type == "byte",
        Wire.Int16 => type == "short",
        Wire.Int32 => type == "int",
        Wire.Int64 => type == "long",
        Wire.Double => type == "double",
        Wire.Text => type == "text",
        Wire.List => type[0] == '[',
        Wire.Struct => type[0] == '(',
        _ => false,
    };

    private ref struct Cursor(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public int At { get; set; }

        public byte Byte() => At < _bytes.Length ? _bytes[At++] : throw new InvalidDataException("a header ends in the middle");

        public void Skip(int count)
        {
            if (count > _bytes.Length - At) throw new InvalidDataException("a header ends in the middle");
            At += count;
        }

        /// <summary>A count of things of at least a byte each.</summary>
        public int Length() =>
            Unsigned() is var n && n <= (ulong)(_bytes.Length - At)
                ? (int)n
                : throw new InvalidDataException("a header ends in the middle");

        public long Number() => Unsigned() is var n ? (long)(n >> 1) ^ -(long)(n & 1) : 0;

        private ulong Unsigned()
        {
            ulong value = 0;
            for (int shift = 0; shift < 70; shift += 7)
            {
                byte b = Byte();
                value |= (ulong)(b & 0x7F) << shift;
                if (b < 0x80) return value;
            }
            throw new InvalidDataException("a header has a number that does not end");
        }
    }
}
