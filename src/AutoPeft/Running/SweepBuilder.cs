using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>Collects what a sweep needs, then runs it in this process. Each call returns the builder.</summary>
/// <typeparam name="T">What the objective is given.</typeparam>
public sealed class SweepBuilder<T> where T : notnull
{
    private readonly SearchSpace _space;
    private readonly Func<Configuration, T> _read;
    private readonly List<Objective> _objectives = [];
    private readonly List<OutcomeConstraint> _outcomes = [];
    private string _name = "study";
    private Func<ISampler>? _sampler;
    private string _samplerText = "auto";
    private IScheduler? _scheduler;
    private string _schedulerText = "none";
    private ISweepObserver? _observer;
    private ulong _seed;
    private int _trials = 50;
    private int _workers = 1;
    private string? _journal;
    private IStudyStore? _store;
    private string? _trialDirectory;

    internal SweepBuilder(SearchSpace space, Func<Configuration, T> read) => (_space, _read) = (space, read);

    /// <summary>An objective where smaller is better; in the order in which the objective function gives its values.</summary>
    /// <param name="name">Its name in tables.</param>
    /// <param name="reference">Its coordinate of the hypervolume's reference point; inferred where null.</param>
    /// <param name="log">Whether it counts on a logarithmic scale, as counts and times over several orders of magnitude do.</param>
    /// <param name="formula">Where the configuration alone decides the value, what it is, over the space's parameter names (<see cref="Objective.Formula"/>); it is then known everywhere instead of learnt.</param>
    public SweepBuilder<T> Minimize(string name, double? reference = null, bool log = false, string? formula = null) => Do(() => _objectives.Add(Objective.Minimize(name, reference) with { Log = log, Formula = formula }));

    /// <summary>An objective where larger is better; see <see cref="Minimize"/>.</summary>
    public SweepBuilder<T> Maximize(string name, double? reference = null, bool log = false, string? formula = null) => Do(() => _objectives.Add(Objective.Maximize(name, reference) with { Log = log, Formula = formula }));

    /// <summary>A measurement that has to stay within bounds; its values follow the objectives' in what the objective function gives.</summary>
    public SweepBuilder<T> Constrain(string name, double? max = null, double? min = null) => Do(() => _outcomes.Add(new OutcomeConstraint(name, max, min)));

    /// <summary>Which sampler; "auto" unless stated. Population-based training brings its scheduler along: <c>pbt:population=8,interval=1,max=20</c>.</summary>
    public SweepBuilder<T> Sampler(string name) => Do(() =>
    {
        _ = SamplerCatalog.Create(name);
        (_sampler, _samplerText) = (null, name);
    });

    /// <summary>A sampler of your own.</summary>
    public SweepBuilder<T> Sampler(ISampler sampler) => Do(() => _sampler = () => sampler);

    /// <summary>What decides on reports, as in <c>asha:min=1,eta=4,max=16</c>; nothing is stopped unless stated.</summary>
    public SweepBuilder<T> Scheduler(string text) => Do(() =>
    {
        _ = SchedulerCatalog.Create(text);
        (_scheduler, _schedulerText) = (null, text);
    });

    /// <summary>A scheduler of your own.</summary>
    public SweepBuilder<T> Scheduler(IScheduler scheduler) => Do(() => (_scheduler, _schedulerText) = (scheduler, scheduler.Name));

    /// <summary>The study's name in tables and reports.</summary>
    public SweepBuilder<T> Named(string name) => Do(() => _name = name);

    /// <summary>All randomness hangs on this; 0 unless stated.</summary>
    public SweepBuilder<T> Seed(ulong seed) => Do(() => _seed = seed);

    /// <summary>Trials to run in all; 50 unless stated.</summary>
    public SweepBuilder<T> Trials(int trials) => Do(() => _trials = trials > 0 ? trials : throw new InvalidInputException($"A sweep needs at least one trial, not {trials}."));

    /// <summary>Trials at once; 1 unless stated. The objective must then be thread-safe.</summary>
    public SweepBuilder<T> Workers(int workers) => Do(() => _workers = workers > 0 ? workers : throw new InvalidInputException($"A sweep needs at least one worker, not {workers}."));

    /// <summary>
    /// Keeps the study in a journal file: running the same program again goes on where it stopped. In memory unless stated. One program at a time runs a journal's trials; a second is
    /// refused.
    /// </summary>
    public SweepBuilder<T> Journal(string path) => Do(() => _journal = path);

    /// <summary>Keeps the study in a store of your own, which you dispose. One sweep at a time runs a study; many machines run one together through the Orleans host.</summary>
    public SweepBuilder<T> Store(IStudyStore store) => Do(() => _store = store);

    /// <summary>
    /// Where each trial gets a directory of its own, <see cref="TrialAssignment.WorkDirectory"/>, for checkpoints; none unless stated. A trial that goes on from another's checkpoint finds there what that one had when it paused.
    /// </summary>
    public SweepBuilder<T> TrialDirectory(string path) => Do(() => _trialDirectory = path);

    /// <summary>Who is told what goes on.</summary>
    public SweepBuilder<T> Observe(ISweepObserver observer) => Do(() => _observer = observer);

    /// <summary>Runs the sweep with a function that gives one number per objective (and per outcome, after them).</summary>
    public Task<SweepResult<T>> RunAsync(Func<T, double[]> objective, CancellationToken cancellationToken = default) =>
        RunAsync((value, _, _) => Task.FromResult(objective(value)), cancellationToken);

    /// <summary>Runs the sweep with a function that can report as it goes and hears of cancellation.</summary>
    /// <exception cref="InvalidInputException">The journal has another study, or the space cannot be sampled.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a journal goes on next time.</exception>
    public Task<SweepResult<T>> RunAsync(Func<T, SweepTrial, CancellationToken, Task<double[]>> objective, CancellationToken cancellationToken = default) =>
        RunWithAsync(_ => new DelegateRunner<T>(_read, objective, _objectives.Count), cancellationToken);

    /// <summary>
    /// Runs the sweep over a set of tasks, one configuration for all: the function is called for each task with its name, and gives one number per objective (and per outcome); each objective's value is
    /// <paramref name="tasks"/>' aggregate. <c>Scheduler("race:aggregate=…")</c> stops configurations that lose before they have run every task. See <see cref="TaskSetRunner"/>.
    /// </summary>
    public Task<SweepResult<T>> RunAsync(TaskSetOptions tasks, Func<T, string, SweepTrial, CancellationToken, Task<double[]>> objective, CancellationToken cancellationToken = default) =>
        RunWithAsync(study => new TaskSetRunner(study, tasks, [.. tasks.Tasks.Select(task => new DelegateRunner<T>(_read, (value, trial, token) => objective(value, task.Name, trial, token), _objectives.Count))]), cancellationToken);

    /// <summary>Runs the sweep with a runner of your own, made for the study; it serves every worker at once, and has to be thread-safe where there are several.</summary>
    public async Task<SweepResult<T>> RunWithAsync(Func<StudyDefinition, ITrialRunner> runners, CancellationToken cancellationToken = default)
    {
        (string samplerText, string schedulerText) = _sampler is null && _scheduler is null ? PopulationPairing.Pair(_samplerText, _schedulerText) : (_samplerText, _schedulerText);
        ISampler sampler = _sampler?.Invoke() ?? SamplerCatalog.Create(samplerText);
        IScheduler scheduler = _scheduler ?? SchedulerCatalog.Create(schedulerText);
        // A name alone as the sampler writes it, however it was typed.
        var definition = new StudyDefinition(_space, _objectives, _outcomes) { Name = _name, Sampler = _sampler is null && samplerText.Contains(':') ? samplerText : sampler.Name, Seed = _seed, Budget = _trials, Scheduler = schedulerText };
        // What is wrong with the runner is known before a study is made.
        ITrialRunner runner = runners(definition);
        await using IStudyStore? own = _store is null ? await StoreAsync(cancellationToken).ConfigureAwait(false) : null;
        StudyLog log = await LogAsync(_store ?? own!, definition, cancellationToken).ConfigureAwait(false);
        await using StudySession session = await StudySession.OpenAsync(log, new StudyPolicy { Sampler = sampler, Scheduler = scheduler }, cancellationToken).ConfigureAwait(false);
        log.Observe(_observer);
        IWorker[] workers = [.. DeviceSlot.Cpu(_workers).Select(d => new InProcessWorker(runner, d))];
        var attempts = new AttemptRunner(workers, new SweepOptions { TrialDirectory = _trialDirectory });
        await new LocalSweep(session, attempts).RunAsync(cancellationToken).ConfigureAwait(false);
        return new SweepResult<T>(session.Study, _read);
    }

    private async Task<IStudyStore> StoreAsync(CancellationToken cancellationToken)
    {
        if (_journal is null) return new MemoryStore();
        JournalStore store = await JournalStore.OpenOrCreateAsync(_journal, cancellationToken).ConfigureAwait(false);
        try
        {
            store.Own();
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<StudyLog> LogAsync(IStudyStore store, StudyDefinition definition, CancellationToken cancellationToken)
    {
        bool empty = true;
        await foreach (StudyEvent _ in store.ReadAsync(0, cancellationToken).ConfigureAwait(false))
        {
            empty = false;
            break;
        }
        if (empty) await store.TryAppendAsync(0, [new StudyCreated(TimeProvider.System.GetUtcNow(), definition)], cancellationToken).ConfigureAwait(false);
        StudyLog log = await StudyLog.OpenAsync(store, declared: definition.Space, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (log.Study.Definition.IsSameStudyAs(definition)) return log;
        log.Dispose();
        throw new InvalidInputException($"{_journal ?? "The store"} has another study ('{log.Study.Definition.Name}'): its space, objectives, seed or budget differ. Choose another {(_journal is null ? "name" : "file")}.");
    }

    private SweepBuilder<T> Do(Action set)
    {
        set();
        return this;
    }
}
