using System.Globalization;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp;

public static class TensorExtensionMethods
{
    /// <summary>Turns a tensor into a parameter; the tensor itself is left empty.</summary>
    public static Modules.Parameter AsParameter(this Tensor tensor) => new(tensor);

    public static float ToSingle(this Tensor value) => Single(value).ToSingle();

    public static double ToDouble(this Tensor value) => Single(value).ToDouble();

    public static Half ToHalf(this Tensor value) => Single(value).ToHalf();

    public static sbyte ToSByte(this Tensor value) => Single(value).ToSByte();

    public static byte ToByte(this Tensor value) => Single(value).ToByte();

    public static short ToInt16(this Tensor value) => Single(value).ToInt16();

    public static int ToInt32(this Tensor value) => Single(value).ToInt32();

    public static long ToInt64(this Tensor value) => Single(value).ToInt64();

    public static bool ToBoolean(this Tensor value) => Single(value).ToBoolean();

    /// <summary>Bytes of one element.</summary>
    public static int ElementSize(this ScalarType type) => type switch
    {
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 or ScalarType.ComplexFloat32 => 8,
        ScalarType.ComplexFloat64 => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Elements of this type have no size that is known."),
    };

    public static string str(this Tensor tensor, string? fltFormat = null, int? width = null, string? newLine = null, CultureInfo? cultureInfo = null, TensorStringStyle style = TensorStringStyle.Default) =>
        tensor.ToString(style, fltFormat, width, cultureInfo, newLine);

    public static string metastr(this Tensor tensor) => tensor.ToString(TensorStringStyle.Metadata);

    public static string npstr(this Tensor tensor, string? fltFormat = "g5", int? width = 100, string? newLine = null, CultureInfo? cultureInfo = null) =>
        tensor.ToString(TensorStringStyle.Numpy, fltFormat, width, cultureInfo, newLine);

    /// <summary>TorchSharp's own format: element type, rank and sizes in LEB128, then the raw elements.</summary>
    public static void Save(this Tensor tensor, BinaryWriter writer)
    {
        using var onCpu = tensor.is_cpu() && tensor.is_contiguous() ? null : tensor.detach().cpu().contiguous();
        var source = onCpu ?? tensor;
        Leb128.Write(writer, (long)source.dtype);
        Leb128.Write(writer, source.dim());
        foreach (var size in source.shape) Leb128.Write(writer, size);
        writer.Flush();
        source.WriteBytesToStream(writer.BaseStream, 1 << 16);
    }

    public static void Save(this Tensor tensor, Stream stream)
    {
        using var writer = new BinaryWriter(stream);
        tensor.Save(writer);
        stream.Flush();
    }

    public static void Save(this Tensor tensor, string location)
    {
        using var stream = File.Create(location);
        tensor.Save(stream);
    }

    public static Tensor Load(BinaryReader reader, bool skip = false)
    {
        Tensor? tensor = null;
        Load(ref tensor, reader, skip);
        return tensor!;
    }

    /// <summary>Reads the stored elements into an existing tensor of the same type and shape.</summary>
    public static void Load(this Tensor tensor, BinaryReader reader, bool skip = false)
    {
        var (type, shape) = ReadHeader(reader);
        if (type != tensor.dtype)
            throw new ArgumentException("Mismatched tensor data types while loading. Make sure that the model you are loading into is exactly the same as the origin.");
        ReadElements(tensor, shape, reader, skip);
    }

    public static void Load(ref Tensor? tensor, BinaryReader reader, bool skip = false)
    {
        var (type, shape) = ReadHeader(reader);
        tensor ??= torch.zeros(shape, type);
        ReadElements(tensor, shape, reader, skip);
    }

    private static (ScalarType Type, long[] Shape) ReadHeader(BinaryReader reader)
    {
        var type = (ScalarType)Leb128.Read(reader);
        var shape = new long[Leb128.Read(reader)];
        for (int i = 0; i < shape.Length; i++) shape[i] = Leb128.Read(reader);
        return (type, shape);
    }

    private static void ReadElements(Tensor tensor, long[] shape, BinaryReader reader, bool skip)
    {
        if (skip)
        {
            reader.BaseStream.Seek(shape.Aggregate(1L, (a, b) => a * b) * tensor.ElementSize, SeekOrigin.Current);
            return;
        }
        if (!shape.AsSpan().SequenceEqual(tensor.shape))
            throw new ArgumentException("Mismatched tensor shape while loading. Make sure that the model you are loading into is exactly the same as the origin.");
        using var off = no_grad();
        using var elements = torch.empty(shape, tensor.dtype, CPU);
        elements.ReadBytesFromStream(reader.BaseStream, 1 << 16);
        tensor.copy_(elements);
    }

    private static Scalar Single(Tensor value) =>
        value.NumberOfElements == 1 ? value.ToScalar() : throw new ArgumentException("Number of elements in the tensor must be 1");
}
