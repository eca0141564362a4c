using System.Buffers.Binary;
using System.Text;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using FsCheck;
using FsCheck.Fluent;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Models;

public class SafetensorsTests
{
    private static readonly ScalarType[] Types = [ScalarType.Float32, ScalarType.Float64, ScalarType.Float16, ScalarType.BFloat16,
        ScalarType.Int64, ScalarType.Int32, ScalarType.Byte, ScalarType.Bool];

    private static readonly Arbitrary<(int Type, int[] Shape)[]> AnyTensors = (
        from count in Gen.Choose(0, 6)
        from tensors in (from type in Gen.Choose(0, Types.Length - 1)
                         from rank in Gen.Choose(0, 3)
                         from shape in Gen.Choose(0, 4).ArrayOf(rank)
                         select (type, shape)).ArrayOf(count)
        select tensors).ToArbitrary();

    [Fact]
    public void Whatever_is_written_is_read_back_bit_for_bit() =>
        Prop.ForAll(AnyTensors, tensors =>
        {
            using var folder = new ScratchFolder();
            using var scope = NewDisposeScope();
            var stored = Random(tensors);
            SafetensorsWriter.Write(folder.File("t"), stored);
            using var reader = SafetensorsReader.Open(folder.File("t"));
            Assert.Equal(stored.Keys.Order(), reader.Entries.Keys.Order());
            foreach (var (name, tensor) in stored)
            {
                var read = reader.Read(name);
                Assert.Equal(tensor.dtype, read.dtype);
                Assert.Equal(tensor.shape, read.shape);
                if (tensor.numel() > 0) Assert.True(tensor.bytes.SequenceEqual(read.bytes));
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_same_tensors_give_the_same_bytes_in_whatever_order_they_come() =>
        Prop.ForAll(AnyTensors, tensors =>
        {
            using var folder = new ScratchFolder();
            using var scope = NewDisposeScope();
            var stored = Random(tensors);
            SafetensorsWriter.Write(folder.File("a"), stored);
            SafetensorsWriter.Write(folder.File("b"), stored.Reverse());
            Assert.Equal(File.ReadAllBytes(folder.File("a")), File.ReadAllBytes(folder.File("b")));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_file_cut_short_anywhere_is_refused()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("whole"),
            new Dictionary<string, Tensor> { ["a"] = arange(6, dtype: ScalarType.Float32), ["b"] = ones(2, 3, dtype: ScalarType.Int64) });
        var bytes = File.ReadAllBytes(folder.File("whole"));
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(folder.File("cut"), bytes[..length]);
            var error = Assert.Throws<InvalidInputException>(() => SafetensorsReader.Open(folder.File("cut")));
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public void A_damaged_header_is_refused_or_still_consistent_but_never_crashes()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("whole"),
            new Dictionary<string, Tensor> { ["a"] = arange(6, dtype: ScalarType.Float32), ["b"] = ones(2, 3, dtype: ScalarType.Int64) });
        var bytes = File.ReadAllBytes(folder.File("whole"));
        var headerEnd = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Prop.ForAll(Gen.Choose(0, headerEnd - 1).SelectMany(at => Gen.Choose(0, 255).Select(value => (at, value))).ToArbitrary(), damage =>
        {
            var copy = (byte[])bytes.Clone();
            copy[damage.at] = (byte)damage.value;
            File.WriteAllBytes(folder.File("damaged"), copy);
            try
            {
                using var reader = SafetensorsReader.Open(folder.File("damaged"));
                foreach (var name in reader.Entries.Keys) reader.Read(name).Dispose();
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_file_in_the_published_layout_is_read()
    {
        using var folder = new ScratchFolder();
        // Written by hand from the format's specification: two float32, then one int64.
        WriteRaw(folder.File("t"),
            """{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"n":{"dtype":"I64","shape":["""
                + """],"data_offsets":[8,16]}}""",
            [.. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(-2f), .. BitConverter.GetBytes(7L)]);
        using var reader = SafetensorsReader.Open(folder.File("t"));
        Assert.Equal("pt", reader.Metadata["format"]);
        Assert.Equal([1.5f, -2f], reader.Read("w").data<float>().ToArray());
        Assert.Equal(7, reader.Read("n").item<long>());
    }

    [Fact]
    public void Files_carry_the_metadata_that_Hugging_Face_asks_for_and_an_aligned_header()
    {
        using var folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File("t"),
            new Dictionary<string, Tensor>
            {
                ["half"] = ones(3, dtype: ScalarType.Float16),
                ["wide"] = ones(1, dtype: ScalarType.Float64),
            });
        var bytes = File.ReadAllBytes(folder.File("t"));
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(bytes) % 8);
        using var reader = SafetensorsReader.Open(folder.File("t"));
        Assert.Equal("pt", Assert.Single(reader.Metadata, m => m.Key == "format").Value);
        Assert.Equal(0, reader.Entries["wide"].Begin);
        Assert.Equal(8, reader.Entries["half"].Begin);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12,
        "begins at byte 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}""", 16,
        "begins at byte 12")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "12 are there")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}""", 8, "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}""", 8, "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "data offsets [8, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8,
        "appears twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "JSON")]
    [InlineData("""{"a":3}""", 0, "JSON")]
    [InlineData("""[1,2]""", 0, "not a JSON object")]
    [InlineData("""{"a":""", 0, "JSON")]
    public void A_header_that_breaks_a_promise_is_refused_in_one_line(string header, int dataBytes, string says)
    {
        using var folder = new ScratchFolder();
        WriteRaw(folder.File("t"), header, new byte[dataBytes]);
        var error = Assert.Throws<InvalidInputException>(() => SafetensorsReader.Open(folder.File("t")));
        Assert.Contains(says, error.Message);
        Assert.StartsWith(folder.File("t"), error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Null_as_metadata_is_none()
    {
        using var folder = new ScratchFolder();
        WriteRaw(
            folder.File("t"), """{"__metadata__":null,"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}""", BitConverter.GetBytes(7L));
        using var reader = SafetensorsReader.Open(folder.File("t"));
        Assert.Empty(reader.Metadata);
        Assert.Equal(7, reader.Read("n").item<long>());
    }

    [Fact]
    public void An_element_type_of_the_future_refuses_the_one_tensor_and_not_the_file()
    {
        using var folder = new ScratchFolder();
        const string header =
            """{"new":{"dtype":"F4","shape":[3],"data_offsets":[0,2]},"n":{"dtype":"I64","shape":[],"data_offsets":[2,10]}}""";
        WriteRaw(folder.File("t"), header, [1, 2, .. BitConverter.GetBytes(7L)]);
        using var reader = SafetensorsReader.Open(folder.File("t"));
        Assert.Equal(7, reader.Read("n").item<long>());
        Assert.Contains("tensor 'new' has dtype F4; only F64", Assert.Throws<InvalidInputException>(() => reader.Read("new")).Message);
    }

    [Fact]
    public void A_tensor_of_a_thousand_dimensions_is_refused()
    {
        using var folder = new ScratchFolder();
        string shape = string.Join(',', Enumerable.Repeat("1", 1000));
        WriteRaw(folder.File("t"), $$$"""{"a":{"dtype":"F32","shape":[{{{shape}}}],"data_offsets":[0,4]}}""", new byte[4]);
        Assert.Contains("1000 dimensions", Assert.Throws<InvalidInputException>(() => SafetensorsReader.Open(folder.File("t"))).Message);
    }

    [Fact]
    public void A_huge_header_length_is_refused_without_reading_it()
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder.File("t"), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, (byte)'{']);
        Assert.Contains("more than the format's",
            Assert.Throws<InvalidInputException>(() => SafetensorsReader.Open(folder.File("t"))).Message);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_refused_in_one_line()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("file"), "");
        var error = Assert.Throws<InvalidInputException>(
            () => SafetensorsWriter.Write(Path.Combine(folder.File("file"), "below"), new Dictionary<string, Tensor>()));
        Assert.Contains("cannot be written", error.Message);
    }

    private static void WriteRaw(string path, string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. data]);
    }

    private static Dictionary<string, Tensor> Random((int Type, int[] Shape)[] tensors) =>
        tensors.Select((t,
            i) => (Name: $"t.{(i * 7) % 10}{i}.\"é", Tensor: (rand([.. t.Shape.Select(s => (long)s)]) * 100).to(Types[t.Type])))
            .ToDictionary(t => t.Name, t => t.Tensor);
}
