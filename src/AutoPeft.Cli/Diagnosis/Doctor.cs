using System.Runtime.InteropServices;
using AutoPeft.Parquet.Tables;
using TorchSharp;

namespace AutoPeft.Cli.Diagnosis;

/// <summary>What this installation has.</summary>
internal static class Doctor
{
    /// <summary>GPUs that libtorch sees; 0 where there is no libtorch.</summary>
    public static int CudaDevices()
    {
        try { return torch.cuda.is_available() ? torch.cuda.device_count() : 0; }
        catch (Exception e) when (IsNoTorch(e)) { return 0; }
    }

    /// <summary>Name and finding, a row each.</summary>
    public static IReadOnlyList<(string What, string Found, bool Ok)> Examine() =>
    [
        ("AutoPeft", typeof(InvalidInputException).Assembly.GetName().Version?.ToString(3) ?? "?", true),
        (".NET", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}", true),
        Torch(),
        ("Devices", Devices(), true),
        ("Parquet", ParquetFile.Library, true),
        ("Orleans", Has("Orleans.Runtime") ? "on" : "not on this package feed", true),
        ("ML.NET AutoML", Has("Microsoft.ML.AutoML") ? "on" : "not on this package feed", true),
    ];

    private static (string, string, bool) Torch()
    {
        string api = typeof(torch).Assembly.GetName() is { Name: "TorchSharp" } a ? $"TorchSharp {a.Version?.ToString(3)}" : "AutoPeft.Torch";
        try
        {
            return ("Torch", $"{api} over libtorch {torch.__version__}, {torch.get_num_threads()} thread(s)", true);
        }
        catch (Exception e) when (IsNoTorch(e))
        {
            return ("Torch", $"{api}: {(e.InnerException ?? e).Message.Split('\n')[0]}", false);
        }
    }

    private static string Devices()
    {
        int gpus = CudaDevices();
        return $"{Environment.ProcessorCount} CPU core(s)" + (gpus > 0 ? $", {gpus} GPU(s)" : ", no GPU that libtorch sees");
    }

    private static bool Has(string assembly)
    {
        try
        {
            System.Reflection.Assembly.Load(assembly);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or FileLoadException or BadImageFormatException)
        {
            return false;
        }
    }

    private static bool IsNoTorch(Exception e) => e is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or NotSupportedException;
}
