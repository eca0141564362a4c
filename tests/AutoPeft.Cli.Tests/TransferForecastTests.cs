using System.Text.Json;
using AutoPeft.Cli.Transfers;
using AutoPeft.Parametrization;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Tests;

/// <summary>What is written down before the largest size is trained.</summary>
public sealed class TransferForecastTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private sealed class Watch(string file, List<bool> there) : ISweepObserver
    {
        public void Started(IStudyView study, Trial trial) => there.Add(File.Exists(file));

        public void Reported(IStudyView study, Trial trial) { }

        public void Ended(IStudyView study, Trial trial) { }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_written_when_no_smaller_size_is_left_whether_or_not_a_training_failed(bool oneFails)
    {
        string file = Path.Combine(_directory, "foretold.json");
        var grid = new MupTransfer(["mup"], [16, 32, 64, 128], [0.125, 0.25, 0.5, 1], 2, "parabolas");
        var there = new List<bool>();
        var forecast = new TransferForecast(new Watch(file, there), file, 128, trial =>
        {
            var (name, size, rate, seed) = MupTransfer.Read(trial.Configuration);
            return new TransferRun(name, size, rate, seed, trial.Values[0]);
        });
        await Sweep.Over(grid.Space).Minimize("loss").Trials(32).Workers(1).Sampler(new GridSampler(4)).Enqueue(grid.Points())
            .Observe(forecast).RunAsync((point, _, _) =>
            {
                var (_, size, rate, seed) = MupTransfer.Read(point);
                if (oneFails && size == 32 && rate == 1 && seed == 1) throw new InvalidOperationException("a training that failed");
                return Task.FromResult<double[]>([2 + Math.Pow(Math.Log2(rate) + 1.2, 2) + 0.01 * seed]);
            });
        // Twenty-four trainings of the smaller sizes began without the file, all eight of the largest with it.
        Assert.Equal([.. Enumerable.Repeat(false, 24), .. Enumerable.Repeat(true, 8)], there);
        JsonElement foretold = JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement[0];
        Assert.Equal(128, foretold.GetProperty("size").GetDouble());
        Assert.Equal(-1.2, foretold.GetProperty("log2_learning_rate").GetProperty("value").GetDouble(), 2);
    }
}
