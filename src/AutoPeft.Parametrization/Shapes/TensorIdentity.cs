using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// Which memory a tensor is. Two modules that share a weight may hold it by two handles (TorchSharp's embedding makes a new one at every
/// call), so handles do not tell whether weights are tied.
/// </summary>
/// <param name="Address">The storage's address; for a dtype without a typed storage the handle.</param>
/// <param name="Offset">Where the tensor begins in the storage, in numbers.</param>
/// <param name="Count">How many numbers it has.</param>
internal readonly record struct TensorIdentity(IntPtr Address, long Offset, long Count)
{
    /// <summary>The identity of a tensor.</summary>
    public static TensorIdentity Of(Tensor tensor) => new(tensor.dtype switch
    {
        ScalarType.Float32 => tensor.storage<float>().data_ptr(),
        ScalarType.Float64 => tensor.storage<double>().data_ptr(),
        _ => tensor.Handle,
    }, tensor.storage_offset(), tensor.numel());
}
