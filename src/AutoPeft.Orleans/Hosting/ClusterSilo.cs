using System.Diagnostics;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Postgres;
using AutoPeft.Orleans.Studies;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace AutoPeft.Orleans.Hosting;

/// <summary>
/// Runs a study's trials on this machine's slots together with other machines: a silo of the cluster that lives in a PostgreSQL database. A
/// silo that the others have declared dead, because the network was cut or the machine slept, joins again as a fresh one by itself.
/// </summary>
/// <remarks>
/// Who may join: whoever can read the database. Connections between silos are TLS, and a silo takes only peers that have the private key of
/// the cluster's certificate. The first silo makes the certificate and keeps it in the database;
/// <see cref="ClusterSiloOptions.Certificate"/> names another one, from a file that every machine has.
/// </remarks>
public sealed class ClusterSilo : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(30),
        Silent = TimeSpan.FromSeconds(10), StartPatience = TimeSpan.FromMinutes(2);

    private readonly ClusterSiloOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private SiloHost? _silo;

    private ClusterSilo(ClusterSiloOptions options, SiloHost silo)
    {
        (_options, _silo) = (options, silo);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Joins the cluster; the silo begins with the study's trials at once.</summary>
    /// <param name="options">Where and what.</param>
    /// <param name="cancellationToken">Stops the start; to leave the cluster, dispose the silo.</param>
    /// <exception cref="InvalidInputException">The database cannot be used, the port is taken, or the other silos cannot be
    /// reached.</exception>
    public static async Task<ClusterSilo> StartAsync(ClusterSiloOptions options, CancellationToken cancellationToken = default)
    {
        // A database that goes away while the silo starts comes back, as a rule; one that cannot be used at all is told at once.
        bool told = false;
        for (long start = Stopwatch.GetTimestamp(); ;)
        {
            try { return new ClusterSilo(options, await JoinAsync(options, cancellationToken).ConfigureAwait(false)); }
            catch (Exception e) when (IsPassing(e))
            {
                if (Stopwatch.GetElapsedTime(start) > StartPatience)
                    throw new InvalidInputException($"The silo cannot join the cluster: {e.Message.Split('\n')[0]}", e);
                if (!told) options.Notice?.Invoke($"This silo cannot join the cluster yet: {e.Message.Split('\n')[0]}");
                told = true;
            }
            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends when the study has finished.</summary>
    /// <exception cref="InvalidInputException">A worker cannot serve this study at all, the machine loses every worker, or the store cannot
    /// be written: this machine leaves, others go on.</exception>
    public Task Completion => _running;

    /// <summary>Why the study ended before its budget was used up, in one line; null where it did not.</summary>
    public string? EndedBecause { get; private set; }

    /// <summary>Time that slots spent on attempts so far, summed over the slots.</summary>
    public TimeSpan Busy => _options.Runner?.Busy ?? TimeSpan.Zero;

    /// <summary>The address and generation by which the cluster knows the silo now.</summary>
    public SiloAddress? Address => Volatile.Read(ref _silo)?.Address;

    /// <summary>The silo's services, its grain factory among them; those of a fresh silo after it had to join again.</summary>
    public IServiceProvider? Services => Volatile.Read(ref _silo)?.Services;

    /// <summary>Number of times that the silo joined the cluster again.</summary>
    public int Rejoined { get; private set; }

    /// <summary>
    /// Leaves the cluster. Running trials are stopped and back in the queue when this returns, unless the cluster cannot be reached; then
    /// the other silos put them back.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        // Whoever waits for the completion hears why it ended.
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Interlocked.Exchange(ref _silo, null) is { } silo) await silo.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the silo as a crash of its machine would: the study is told nothing.</summary>
    internal async Task CrashAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Interlocked.Exchange(ref _silo, null) is { } silo) await silo.AbandonAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            SiloHost silo = _silo!;
            Task first = await Task.WhenAny(silo.Pump.Ended, silo.Fatal, Task.Delay(Timeout.Infinite, _stop.Token)).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            if (first != silo.Fatal)
            {
                EndedBecause = silo.Pump.EndedBecause;
                await first.ConfigureAwait(false);
                return;
            }
            _options.Notice?.Invoke($"This silo is out of the cluster ({await silo.Fatal.ConfigureAwait(false)}); it joins again.");
            Volatile.Write(ref _silo, null);
            await silo.AbandonAsync().ConfigureAwait(false);
            Volatile.Write(ref _silo, await JoinAgainAsync().ConfigureAwait(false));
            Rejoined++;
        }
    }

    /// <summary>Joins as a fresh silo, however long that takes.</summary>
    private async Task<SiloHost> JoinAgainAsync()
    {
        for (TimeSpan pause = Pause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            // A silo's name has the second in which it started in it.
            await Task.Delay(pause, _stop.Token).ConfigureAwait(false);
            try { return await JoinAsync(_options, _stop.Token).ConfigureAwait(false); }
            catch (Exception e) when ((e is InvalidInputException || IsPassing(e)) && !_stop.IsCancellationRequested)
            {
                _options.Notice?.Invoke($"This silo cannot join again yet: {e.Message.Split('\n')[0]}");
            }
        }
    }

    private static bool IsPassing(Exception e) =>
        e is OrleansException or TimeoutException or Npgsql.NpgsqlException or IOException or System.Net.Sockets.SocketException;

    private static async Task<SiloHost> JoinAsync(ClusterSiloOptions options, CancellationToken cancellationToken)
    {
        ClusterIdentity cluster = await ClusterTables.EnsureAsync(options.ConnectionString, cancellationToken).ConfigureAwait(false);
        string name = $"{cluster.Name}/{options.Study}";
        PortReservation port = PortReservation.Take(options.Endpoint.Address, options.Endpoint.Port);
        using var joining = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task burying = BuryAsync(options, name, joining.Token);
        try
        {
            return await SiloHost.StartAsync(
                builder => builder.Services.AddSingleton<IStudySessions>(new StoredStudies(
                    (name, token) => name == options.Study ? options.OpenStore(token) :
                        throw new InvalidInputException($"This silo serves the study '{options.Study}' and no '{name}'."),
                    options.Policy)),
                builder =>
                {
                    // From a factory, so that the silo's services give the port back with the silo.
                    builder.Services.AddSingleton<IConfigurationValidator>(_ => port);
                    builder.ConfigureEndpoints(options.Endpoint.Address, port.Port, gatewayPort: 0);
                    // A cluster for each study: machines that share nothing but the database need not reach each other.
                    builder.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (name, "autopeft"));
                    builder.Configure<ClusterMembershipOptions>(o => Watch(o, options.ProbeTimeout));
                    builder.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", options.ConnectionString));
                    (options.Certificate ?? cluster.Load()).Use(builder);
                    builder.AddAutoPeft(o => (o.Studies, o.Runner) = ([options.Study], options.Runner));
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            port.Dispose();
            throw;
        }
        finally
        {
            await joining.CancelAsync().ConfigureAwait(false);
            await burying.ConfigureAwait(false);
        }
    }

    /// <summary>While a silo joins: makes way where members were killed and nobody is left who could declare them dead.</summary>
    private static async Task BuryAsync(ClusterSiloOptions options, string cluster, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await ClusterTables.BuryAsync(options.ConnectionString, cluster, Silent, cancellationToken).ConfigureAwait(false);
                await Task.Delay(options.ProbeTimeout, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException || cancellationToken.IsCancellationRequested) { }
        catch (Exception e) when (e is Npgsql.NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
        {
            /* The silo hears of it, and joins again. */
        }
    }

    /// <summary>
    /// Orleans' own settings take half a minute to find a silo that was killed, and as long to let a silo join after it. One silo's word is
    /// enough here: to be declared dead by mistake costs a silo no more than to join again, and with two votes the last of three silos
    /// could declare nobody dead.
    /// </summary>
    private static void Watch(ClusterMembershipOptions o, TimeSpan probe)
    {
        (o.ProbeTimeout, o.NumMissedProbesLimit, o.NumVotesForDeathDeclaration) = (probe, 3, 1);
        (o.IAmAliveTablePublishTimeout, o.TableRefreshTimeout, o.MaxJoinAttemptTime) = (probe, 5 * probe, TimeSpan.FromMinutes(1));
    }
}
