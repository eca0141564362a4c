using System.Runtime.CompilerServices;
using AutoPeft.Peft.Native;

namespace AutoPeft.Peft.Tests.Native;

/// <summary>Some tests of this assembly use TorchSharp before they use AutoPeft.Peft.</summary>
internal static class LoadsTorch
{
    [ModuleInitializer]
    internal static void Load() => TorchRuntime.Load();
}
