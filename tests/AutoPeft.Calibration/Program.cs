using System.Diagnostics;
using System.Globalization;
using AutoPeft;
using AutoPeft.Calibration;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.WriteLine($"libtorch threads {torch.get_num_threads()}, cores {Environment.ProcessorCount}, .NET {Environment.Version}");
var watch = Stopwatch.StartNew();
var arguments = Arguments.Parse([.. args.Skip(1)]);
try
{
    switch (args.FirstOrDefault())
    {
        case "demo-pretrain":
            Calibrations.PretrainDemo(arguments);
            break;
        case "pretrain":
            Calibrations.Pretrain(arguments);
            break;
        case "methods":
            Calibrations.Methods(arguments);
            break;
        case "untrained":
            Calibrations.AgainstUntrained(arguments);
            break;
        case "space":
            Calibrations.Space(arguments);
            break;
        case "self-tuning":
            await SelfTuningTable.Run(arguments);
            break;
        case "curves":
            CurveRecorder.Record(arguments);
            break;
        case "memory":
            Calibrations.Memory(arguments);
            break;
        default:
            Console.Error.WriteLine($"unknown command '{args.FirstOrDefault()}'; known: demo-pretrain, pretrain, methods, untrained, "
                + $"space, curves, self-tuning, memory");
            return 2;
    }
}
catch (InvalidInputException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
Console.WriteLine($"{watch.Elapsed.TotalSeconds:f1} s wall, {Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds:f1} s CPU, "
    + $"{Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB peak");
return 0;
