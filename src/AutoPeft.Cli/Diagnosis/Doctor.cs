using System.Reflection;
using System.Runtime.InteropServices;
using AutoPeft.MLNet;
using AutoPeft.Parquet.Tables;
using AutoPeft.Peft.Native;
using TorchSharp;

namespace AutoPeft.Cli.Diagnosis;

/// <summary>What this installation has.</summary>
internal static class Doctor
{
    /// <summary>GPUs that libtorch sees; 0 where there is no libtorch.</summary>
    public static int CudaDevices()
    {
        try
        {
            TorchRuntime.Load();
            return torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        }
        catch (Exception e) when (IsNoTorch(e)) { return 0; }
    }

    /// <summary>Name and finding, a row each.</summary>
    public static IReadOnlyList<(string What, string Found, bool Ok)> Examine() =>
    [
        ("AutoPeft", typeof(InvalidInputException).Assembly.GetName().Version?.ToString(3) ?? "?", true),
        (".NET",
            $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
            true),
        Torch(),
        ("Devices", Devices(), true),
        ("Parquet", ParquetFile.Library, true),
        ("Orleans", $"Microsoft.Orleans {VersionOf(Assembly.Load("Orleans.Runtime"))}", true),
        ("ML.NET AutoML", MLNetSamplers.IsAvailable ? "on" : "not in this build (dotnet build -p:MLNetAutoML=true, where a feed has it)",
            true),
    ];

    private static (string, string, bool) Torch()
    {
        string api = $"TorchSharp {VersionOf(typeof(torch).Assembly)}";
        try
        {
            TorchRuntime.Load();
            string where = TorchRuntime.Origin is { } folder ? $" of {folder}" : "";
            return ("Torch", $"{api}, libtorch {torch.__version__.TrimEnd('0').TrimEnd('.')}{where}, {torch.get_num_threads()} thread(s)",
                true);
        }
        catch (Exception e) when (IsNoTorch(e))
        {
            return ("Torch", $"{api}: {(e.InnerException ?? e).Message.Split('\n')[0]}", false);
        }
    }

    private static string? VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+', ' ')[0].TrimEnd('.');

    private static string Devices()
    {
        int gpus = CudaDevices();
        return $"{Environment.ProcessorCount} CPU core(s)" + (gpus > 0 ? $", {gpus} GPU(s)" : ", no GPU that libtorch sees");
    }

    private static bool IsNoTorch(Exception e) => e is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException
        or NotSupportedException or InvalidInputException;
}
