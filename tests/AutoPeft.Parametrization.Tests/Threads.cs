using System.Runtime.CompilerServices;
using TorchSharp;

namespace AutoPeft.Parametrization.Tests;

/// <summary>One thread: the tensors here are small, and several test programs share the cores.</summary>
internal static class Threads
{
#pragma warning disable CA2255 // The tests have no entry point of their own.
    [ModuleInitializer]
    internal static void One()
    {
        AutoPeft.Peft.Native.TorchRuntime.Load();
        torch.set_num_threads(1);
    }
#pragma warning restore CA2255
}
