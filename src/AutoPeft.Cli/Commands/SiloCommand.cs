using System.CommandLine;
using System.Net;
using AutoPeft.Cli.Cluster;
using AutoPeft.Cli.Sweeps;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft silo</c>: makes this machine's devices part of a cluster.</summary>
internal static class SiloCommand
{
    public static Command Create()
    {
        var workers = new Option<int>("--workers") { Description = "Trials at once, one device slot each; 0 for a silo that keeps studies and runs nothing.", DefaultValueFactory = _ => 1 };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        var threads = new Option<int?>("--threads") { Description = "Threads of each worker; default: the cores shared evenly." };
        var hang = new Option<double>("--hang-timeout") { Description = "Seconds without a sign of life after which a worker is killed and its trial runs again.", DefaultValueFactory = _ => 600 };
        var address = new Option<string>("--address") { Description = "Address by which the other silos and clients reach this one.", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int?>("--port") { Description = "Port for other silos; default: the first free one from 11111." };
        var gateway = new Option<int?>("--gateway-port") { Description = "Port for `sweep --cluster`; default: the first free one from 30000." };
        var trials = new Option<string?>("--trials-dir") { Description = "Where trials keep checkpoints. On a disk that silos share, a trial goes on from there on another silo." };
        var logs = new Option<string?>("--logs-dir") { Description = "Where what workers print on standard error is kept." };
        var location = new ClusterAddress();
        var command = new Command("silo", "Joins a cluster and runs trials of its studies.") { workers, device, threads, hang, address, port, gateway, trials, logs };
        location.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var gpus = new AutoPeft.Running.GpuClaims();
            var arguments = new SiloArguments
            {
                Location = location.Read(parsed),
                Endpoint = new AutoPeft.Orleans.Endpoints.SiloEndpoint
                {
                    Address = IPAddress.TryParse(parsed.GetValue(address), out IPAddress? ip) ? ip : throw new InvalidInputException($"--address takes an IP address, not '{parsed.GetValue(address)}'."),
                    SiloPort = PortOf(parsed, port),
                    GatewayPort = PortOf(parsed, gateway),
                },
                Slots = parsed.GetValue(workers) == 0 ? [] : SweepRun.Slots(new RunArguments { Workers = parsed.GetValue(workers), Device = parsed.GetValue(device)!, Threads = parsed.GetValue(threads) }, gpus),
                HangTimeout = parsed.GetValue(hang) is > 0 and var h ? TimeSpan.FromSeconds(h) : throw new InvalidInputException("--hang-timeout takes seconds above 0."),
                TrialDirectory = parsed.GetValue(trials),
                LogDirectory = parsed.GetValue(logs),
            };
            await SiloRun.RunAsync(arguments, cancellationToken).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    private static int? PortOf(ParseResult parsed, Option<int?> option) =>
        parsed.GetValue(option) is not { } n ? null : n is > 0 and < 65536 ? n : throw new InvalidInputException($"{option.Name} takes a port from 1 to 65535, not {n}.");
}
