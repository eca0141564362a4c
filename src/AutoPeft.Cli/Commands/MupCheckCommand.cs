using System.CommandLine;
using AutoPeft.Cli.Decoders;
using AutoPeft.Cli.Terminal;
using AutoPeft.Cli.Transfers;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft mup check</c>: the coordinate check of a decoder.</summary>
internal static class MupCheckCommand
{
    private const string Widths = "64,128,256,512", Depths = "2,4,8,16";

    public static Command Create()
    {
        Option<CoordinateAxis> axis = AxisOption.Create<CoordinateAxis>();
        var sizes = new Option<string?>("--sizes")
        {
            Description = $"Widths (default {Widths}) or layers (default {Depths}); the smallest is the base.",
            HelpName = "N,N,…",
        };
        var width = new Option<int>("--width") { Description = "Width, where depths are checked.", DefaultValueFactory = _ => 64 };
        var layers = new Option<int>("--layers") { Description = "Layers, where widths are checked.", DefaultValueFactory = _ => 2 };
        var name = new Option<string>("--parametrization")
        {
            Description = "Which.",
            DefaultValueFactory = _ => "mup",
            HelpName = GrowingDecoder.Names,
        };
        var steps = new Option<int>("--steps") { Description = "Updates of each model.", DefaultValueFactory = _ => 8 };
        var seeds = new Option<int>("--seeds") { Description = "Models of each size.", DefaultValueFactory = _ => 3 };
        var rate = new Option<double>("--learning-rate")
        {
            DefaultValueFactory = _ => 1e-2,
            Description = "The base's rate: larger than for training, so that faults show.",
        };
        var text = new Option<string?>("--text")
        {
            Description = "A text file; default: a text of the synthetic language.",
            HelpName = "FILE",
        };
        var svg = new Option<string?>("--svg") { Description = "Write the curves as a picture.", HelpName = "FILE" };
        var command = new Command("check", "Coordinate check: no module's output may depend on the size. Exit code 1 if one does.")
        {
            axis, sizes, width, layers, name, steps, seeds, rate, text, svg,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            CoordinateAxis grows = parsed.GetValue(axis);
            var check = new DecoderCheck(
                grows, NumberList.Read("--sizes", parsed.GetValue(sizes) ?? (grows == CoordinateAxis.Depth ? Depths : Widths)),
                parsed.GetValue(width), parsed.GetValue(layers), parsed.GetRequiredValue(name))
            { LearningRate = parsed.GetValue(rate) };
            var options = new CoordinateCheckOptions { Steps = parsed.GetValue(steps), Seeds = parsed.GetValue(seeds) };
            CoordinateReport report = check.Run(ByteText.Read(parsed.GetValue(text)), options, ShareLine.Create("models"),
                cancellationToken);
            Console.Out.Write(report);
            if (parsed.GetValue(svg) is { } file) WholeFile.Write(file, report.ToSvg());
            return Task.FromResult(report.Passed ? 0 : 1);
        });
        return command;
    }
}
