using System.Buffers.Binary;
using System.Text;

namespace AutoPeft.Peft.Native;

/// <summary>
/// A shared library of 64-bit Linux, as far as needed to change what the library asks of others. The format: elf(5), and "Symbol
/// Versioning" in the Linux Standard Base. Numbers are little-endian; a name is an offset into the table of names.
/// </summary>
/// <param name="bytes">The whole file, which <see cref="DoWithout"/> changes.</param>
/// <exception cref="InvalidDataException">The file lacks a table that every shared library with versioned symbols has.</exception>
internal sealed class ElfFile(byte[] bytes)
{
    // Where the tables lie in the file: the functions, the version of each, the versions asked of other libraries, and the names of all.
    private readonly Section _functions = Section.OfType(bytes, 11);
    private readonly Section _versions = Section.OfType(bytes, 0x6fffffff);
    private readonly Section _demands = Section.OfType(bytes, 0x6ffffffe);
    private readonly Section _names = Section.At(bytes, Section.OfType(bytes, 11).Link);

    /// <summary>
    /// Lets the library load on a system without <paramref name="version"/> of libstdc++. The demand for the version becomes weak, which
    /// the system's loader lets pass where it is not met; and calls of <paramref name="function"/> go to libc's <c>sched_yield</c>, which
    /// like the function takes nothing, and whose result nobody reads.
    /// </summary>
    /// <param name="function">The mangled name of a function of that version, taking and returning nothing: the only one the library
    /// uses.</param>
    /// <param name="version">Such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <exception cref="InvalidDataException">The library does not ask for the function, the version, or libc.</exception>
    public void DoWithout(string function, string version)
    {
        const string substitute = "sched_yield", versionOfSubstitute = "GLIBC_2.2.5";
        const ushort weak = 2;
        int index = IndexOf(function);
        int demand = DemandFor("libstdc++.so.6", version);
        ushort libc = UInt16(DemandFor("libc.so.6", versionOfSubstitute) + 6);

        Write(demand + 4, weak);
        Write(_versions.Offset + index * 2, libc);
        int name = NameAt(_functions.Offset + index * 24);
        bytes.AsSpan(name, function.Length).Clear();
        Encoding.ASCII.GetBytes(substitute, bytes.AsSpan(name));
    }

    /// <summary>
    /// The number of an undefined function in the table of functions, 24 bytes each: name (4), kind (2), section (2; 0 if undefined).
    /// </summary>
    private int IndexOf(string function)
    {
        for (int i = 0; i < _functions.Size / 24; i++)
        {
            int at = _functions.Offset + i * 24;
            if (UInt16(at + 6) == 0 && Text(NameAt(at)) == function) return i;
        }
        throw new InvalidDataException($"The library does not ask for the function {function}.");
    }

    /// <summary>
    /// Where a demand lies: hash (4), flags (2), number by which functions refer to the version (2), name (4), distance to the next (4).
    /// The demands on one library follow its header: format (2), count (2), library (4), distance to the first (4) and to the next header
    /// (4).
    /// </summary>
    private int DemandFor(string library, string version)
    {
        for (int header = _demands.Offset, next = -1; next != 0; header += next)
        {
            next = Int32(header + 12);
            if (Text(_names.Offset + Int32(header + 4)) != library) continue;
            int demand = header + Int32(header + 8);
            for (int left = UInt16(header + 2); left > 0; left--, demand += Int32(demand + 12))
            {
                if (Text(NameAt(demand + 8)) == version) return demand;
            }
        }
        throw new InvalidDataException($"The library does not ask for {version} of {library}.");
    }

    private int NameAt(int at) => _names.Offset + Int32(at);

    private string Text(int at) => Encoding.ASCII.GetString(bytes.AsSpan(at, bytes.AsSpan(at).IndexOf((byte)0)));

    private int Int32(int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));

    private ushort UInt16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private void Write(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), value);

    /// <summary>A table of the file: where, how many bytes, and the number of the table that the table refers to.</summary>
    private readonly record struct Section(int Offset, int Size, int Link)
    {
        // The file's header says where the list of sections is (at 40), how long an entry (at 58), and how many (at 60).
        private static int List(byte[] bytes) => (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(40));
        private static int EntrySize(byte[] bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(58));
        private static int Count(byte[] bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(60));

        public static Section OfType(byte[] bytes, uint type)
        {
            for (int i = 0; i < Count(bytes); i++)
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(List(bytes) + i * EntrySize(bytes) + 4)) == type)
                    return At(bytes, i);
            }
            throw new InvalidDataException($"The library has no section of type {type:x}.");
        }

        public static Section At(byte[] bytes, int number)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(List(bytes) + number * EntrySize(bytes), EntrySize(bytes));
            return new Section(
                (int)BinaryPrimitives.ReadInt64LittleEndian(entry[24..]),
                (int)BinaryPrimitives.ReadInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadInt32LittleEndian(entry[40..]));
        }
    }
}
