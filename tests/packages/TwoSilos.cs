// Two silos of one cluster, whose members and study are in PostgreSQL, from packages alone: as two machines would, each with a store and
// a worker of its own.
using AutoPeft.Catalogs;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Postgres;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

await using PostgresProcess server = await PostgresProcess.StartAsync();
StoreAddress address = StoreAddress.Parse(server.Url);
const string study = "rosenbrock";
SearchSpace space = SearchSpace.Build(s => s.Float("x", -2, 2).Float("y", -2, 2));
var definition = new StudyDefinition(space, [Objective.Minimize("loss")]) { Name = study, Budget = 30 };
await using PostgresStore store = await PostgresStore.CreateAsync(address, study);
(await StudyLog.CreateAsync(definition, store)).Dispose();

ClusterSilo[] silos = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => ClusterSilo.StartAsync(new ClusterSiloOptions
{
    ConnectionString = address.ConnectionString,
    Study = study,
    OpenStore = async token => await PostgresStore.OpenAsync(address, study, cancellationToken: token),
    Policy = d => StudyPolicy.Of(SamplerCatalog.Create(d.Sampler)),
    Runner = new AttemptRunner([new InProcessWorker(new Rosenbrock(), DeviceSlot.Cpu(1)[0])], new SweepOptions()),
})));
await Task.WhenAll(silos.Select(s => s.Completion));
foreach (ClusterSilo silo in silos) await silo.DisposeAsync();

using StudyLog log = await StudyLog.OpenAsync(store);
int workers = log.Study.Trials.Select(t => t.Worker).Distinct().Count();
Console.WriteLine($"{log.Study.Completed.Count} trials on {workers} silos");

internal sealed class Rosenbrock : ITrialRunner
{
    public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        // Long enough that the second silo has joined before the first has run every trial.
        await Task.Delay(300, cancellationToken);
        double x = trial.Configuration.GetDouble("x"), y = trial.Configuration.GetDouble("y");
        return TrialOutcome.Of(Math.Pow(1 - x, 2) + 100 * Math.Pow(y - x * x, 2));
    }
}
