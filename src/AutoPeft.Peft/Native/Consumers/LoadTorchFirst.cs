using System.Runtime.CompilerServices;

/// <summary>Compiled into every program that references AutoPeft.Peft (Directory.Build.targets): the program may use TorchSharp first.</summary>
file static class LoadTorchFirst
{
#pragma warning disable CA2255 // The program's authors cannot be asked to remember a call before their first tensor.
    [ModuleInitializer]
    internal static void Initialize() => RuntimeHelpers.RunModuleConstructor(typeof(AutoPeft.Peft.Native.TorchRuntime).Module.ModuleHandle);
#pragma warning restore CA2255
}
