// Training steps of this repository's model against another side, interleaved pair by pair.
//   dotnet run -c Release --project tests/AutoPeft.Peft.Benchmarks -- [--against plain] [--shape 6x384] [--pairs 5] [--seconds 3]
//       [--threads 1] [--dropout 0.1] [--method lora] [--most 1.05]
// --against: plain, the model written by hand on TorchSharp; or the AutoPeft.Peft.Benchmarks.dll of another version of this repository.
// --shape: layers x width of one model; all of StepShape.All without it. --method: lora or full. --seconds: of each side in a pair.
// Each side is a process of its own with the same thread settings; while one works, the other waits for its next command.
// Exit code 0 where every median ratio of processor time is at most --most.
using System.Globalization;
using AutoPeft.Peft.Benchmarks;
using static TorchSharp.torch;

if (args.Length > 0 && args[0] is "step" or "plain")
{
    var own = StepShape.Parse(args[1..]);
    set_num_threads(own.Threads);
    using var step = new TrainingStep(own, args[0] == "plain");
    Console.WriteLine("ready");
    while (Console.ReadLine() is { } line)
    {
        var words = line.Split(' ');
        Console.WriteLine(step.Answer(words[0], int.Parse(words[1], CultureInfo.InvariantCulture)));
    }
    return 0;
}

string Option(string name, string fallback) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : fallback;
double Number(string name, double fallback) =>
    double.Parse(Option(name, fallback.ToString("R", CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
var (against, name, pairs, threads) =
    (Option("--against", "plain"), Option("--shape", ""), (int)Number("--pairs", 5), (int)Number("--threads", 1));
var worst = 0.0;
foreach (var shape in StepShape.All.Where(s => name is "" || s.Name == name))
{
    var asked = shape with { Threads = threads, Dropout = Number("--dropout", shape.Dropout), Full = Option("--method", "lora") == "full" };
    using var ours = new Side(null, "step", asked);
    using var theirs = against == "plain" ? new Side(null, "plain", asked) : new Side(against, "step", asked);
    var (a, b) = (ours.Ask("check 5"), theirs.Ask("check 5"));
    var difference = a.Zip(b).Max(p => Math.Abs(p.First - p.Second));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{shape.Name}, batch {shape.Batch} x {shape.Tokens}, {threads} thread(s): first 5 losses differ by at most {difference:g2}"));
    if (difference > 1e-3) { Console.Error.WriteLine("The two sides do not compute the same model."); return 1; }

    ours.Ask("time 2");
    var count = Math.Max(1, (int)(Number("--seconds", 3) / (theirs.Ask("time 2")[0] / 2)));
    var (wall, processor) = (new Ratios(), new Ratios());
    for (var i = 0; i < pairs; i++)
    {
        // Who goes first alternates, so that a machine that slows down favours nobody.
        var (first, second) = i % 2 == 0 ? (ours, theirs) : (theirs, ours);
        var (x, y) = (first.Ask($"time {count}"), second.Ask($"time {count}"));
        var (mine, other) = i % 2 == 0 ? (x, y) : (y, x);
        wall.Add(mine[0], other[0]);
        processor.Add(mine[1], other[1]);
    }
    worst = Math.Max(worst, processor.Median);
    Console.WriteLine($"  wall time:      {wall.Describe(count)}");
    // On a machine that others use as well, the processor's time is what compares.
    Console.WriteLine($"  processor time: {processor.Describe(count)}");
}
return worst <= Number("--most", 1.05) ? 0 : 1;
