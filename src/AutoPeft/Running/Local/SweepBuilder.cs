using AutoPeft.Analysis.Stopping;
using AutoPeft.Catalogs;
using AutoPeft.Samplers;
using AutoPeft.Samplers.Transfer;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AutoPeft.Running;

/// <summary>Collects what a sweep needs, then runs it in this process. Each call returns the builder.</summary>
/// <typeparam name="T">What the objective is given.</typeparam>
public sealed partial class SweepBuilder<T> where T : notnull
{
    private readonly SearchSpace _space;
    private readonly Func<Configuration, T> _read;
    private readonly Func<T, Configuration> _write;
    private readonly List<Objective> _objectives = [];
    private readonly List<OutcomeConstraint> _outcomes = [];
    private string _name = "study";
    private Func<ISampler>? _sampler;
    private string _samplerText = "auto";
    private IScheduler? _scheduler;
    private string _schedulerText = "none";
    private readonly List<ISweepObserver> _observers = [];
    private readonly List<Configuration> _enqueued = [];
    private readonly List<IStopRule> _stopRules = [];
    private readonly List<IStudyView> _earlier = [];
    private readonly List<(IStudyView Study, int Count)> _beginWith = [];
    private IProgress<SweepProgress>? _progress;
    private ILogger _logger = NullLogger.Instance;
    private TimeSpan? _timeout;
    private TimeSpan? _trialTimeout;
    private bool _retryFailed;
    private ulong _seed;
    private int? _trials;
    private int _workers = 1;
    private string? _journal;
    private IStudyStore? _store;
    private string? _trialDirectory;

    private const int DefaultTrials = 50;

    internal SweepBuilder(SearchSpace space, Func<Configuration, T> read, Func<T, Configuration> write) =>
        (_space, _read, _write) = (space, read, write);

    /// <summary>An objective where smaller is better; in the order in which the objective function gives its values.</summary>
    /// <param name="name">Its name in tables.</param>
    /// <param name="reference">Its coordinate of the hypervolume's reference point; inferred where null.</param>
    /// <param name="log">Whether it counts on a logarithmic scale, as counts and times over several orders of magnitude do.</param>
    /// <param name="formula">Where the configuration alone decides the value, what it is, over the space's parameter names
    /// (<see cref="Objective.Formula"/>); it is then known everywhere instead of learnt.</param>
    public SweepBuilder<T> Minimize(string name, double? reference = null, bool log = false, string? formula = null) =>
        Do(() => _objectives.Add(Objective.Minimize(name, reference) with { Log = log, Formula = formula }));

    /// <summary>An objective where larger is better; see <see cref="Minimize"/>.</summary>
    public SweepBuilder<T> Maximize(string name, double? reference = null, bool log = false, string? formula = null) =>
        Do(() => _objectives.Add(Objective.Maximize(name, reference) with { Log = log, Formula = formula }));

    /// <summary>
    /// A measurement that has to stay within bounds; its values follow the objectives' in what the objective function gives.
    /// </summary>
    public SweepBuilder<T> Constrain(string name, double? max = null, double? min = null) =>
        Do(() => _outcomes.Add(new OutcomeConstraint(name, max, min)));

    /// <summary>
    /// Which sampler; "auto" unless stated. Population-based training brings its scheduler along:
    /// <c>pbt:population=8,interval=1,max=20</c>.
    /// </summary>
    public SweepBuilder<T> Sampler(string name) => Do(() =>
    {
        _ = SamplerCatalog.Create(name);
        (_sampler, _samplerText) = (null, name);
    });

    /// <summary>Proposes configurations by a sampler of your own.</summary>
    public SweepBuilder<T> Sampler(ISampler sampler) => Do(() => _sampler = () => sampler);

    /// <summary>What decides on reports, as in <c>asha:min=1,eta=4,max=16</c>; nothing is stopped unless stated.</summary>
    public SweepBuilder<T> Scheduler(string text) => Do(() =>
    {
        _ = SchedulerCatalog.Create(text);
        (_scheduler, _schedulerText) = (null, text);
    });

    /// <summary>Prunes and promotes trials by a scheduler of your own.</summary>
    public SweepBuilder<T> Scheduler(IScheduler scheduler) => Do(() => (_scheduler, _schedulerText) = (scheduler, scheduler.Name));

    /// <summary>The study's name in tables and reports.</summary>
    public SweepBuilder<T> Named(string name) => Do(() => _name = name);

    /// <summary>All randomness hangs on this; 0 unless stated.</summary>
    public SweepBuilder<T> Seed(ulong seed) => Do(() => _seed = seed);

    /// <summary>
    /// Trials to run in all; 50 unless stated, or what a journal's study has. A journal whose study has another number goes on to this
    /// one, unless more trials were made already. The number that the study was made with changes nothing: a person may have given it more
    /// since.
    /// </summary>
    public SweepBuilder<T> Trials(int trials) =>
        Do(() => _trials = trials > 0 ? trials : throw new InvalidInputException($"A sweep needs at least one trial, not {trials}."));

    /// <summary>Sets how many trials run at once. Default 1; above 1 the objective must be thread-safe.</summary>
    public SweepBuilder<T> Workers(int workers) =>
        Do(() => _workers = workers > 0 ? workers : throw new InvalidInputException($"A sweep needs at least one worker, not {workers}."));

    /// <summary>
    /// Keeps the study in a journal file: running the same program again goes on where it stopped. In memory unless stated. One program at
    /// a time runs a journal's trials; a second is refused.
    /// </summary>
    public SweepBuilder<T> Journal(string path) => Do(() => _journal = path);

    /// <summary>
    /// Keeps the study in a store of your own, which you dispose. One sweep at a time runs a study; many machines run one together through
    /// the Orleans host.
    /// </summary>
    public SweepBuilder<T> Store(IStudyStore store) => Do(() => _store = store);

    /// <summary>
    /// Where each trial gets a directory of its own, <see cref="TrialAssignment.WorkDirectory"/>, for checkpoints; none unless stated. A
    /// trial that goes on from another's checkpoint finds there what that one had when it paused.
    /// </summary>
    public SweepBuilder<T> TrialDirectory(string path) => Do(() => _trialDirectory = path);

    /// <summary>
    /// Configurations of your own, run before the sampler is asked; they count towards the trials. Those that a journal's study has already
    /// are left out.
    /// </summary>
    /// <exception cref="InvalidInputException">One is outside the space.</exception>
    public SweepBuilder<T> Enqueue(params IEnumerable<T> configurations) => Do(() => _enqueued.AddRange(configurations.Select(_write)));

    /// <summary>
    /// Earlier studies, of this space or another, as a belief that is weighted by how well it predicts this study's own results; it brings
    /// its own sampler. <see cref="Study.OpenAsync"/> reads one.
    /// </summary>
    public SweepBuilder<T> From(params IEnumerable<IStudyView> earlier) => Do(() => _earlier.AddRange(earlier));

    /// <summary>Runs the best configurations of earlier studies first, made diverse, <paramref name="count"/> in all.</summary>
    public SweepBuilder<T> BeginWithBestOf(int count, params IEnumerable<IStudyView> earlier) => Do(() =>
    {
        if (count < 1) throw new InvalidInputException($"A sweep can begin with 1 configuration or more, not {count}.");
        _beginWith.AddRange(earlier.Select(e => (e, count)));
    });

    /// <summary>
    /// Ends the study early when the rule says so: a target, a number, an expected gain (<see cref="TargetReached"/>,
    /// <see cref="TimeLimit"/>, <see cref="NoImprovementLeft"/>).
    /// </summary>
    public SweepBuilder<T> StopWhen(IStopRule rule) => Do(() => _stopRules.Add(rule));

    /// <summary>
    /// Starts no trial later than this after the run began; what runs then runs to its end, and a journal goes on next time. No limit
    /// unless stated.
    /// </summary>
    public SweepBuilder<T> Timeout(TimeSpan time) =>
        Do(() => _timeout = time > TimeSpan.Zero ? time : throw new InvalidInputException("A sweep's timeout must be above 0."));

    /// <summary>
    /// A trial that takes longer fails; its objective hears of it through its cancellation token. No limit unless stated.
    /// </summary>
    public SweepBuilder<T> TrialTimeout(TimeSpan time) =>
        Do(() => _trialTimeout = time > TimeSpan.Zero ? time : throw new InvalidInputException("A trial's timeout must be above 0."));

    /// <summary>Runs the failed trials of a journal's study again, each as a new attempt.</summary>
    public SweepBuilder<T> RetryFailed() => Do(() => _retryFailed = true);

    /// <summary>Adds an observer that is told what goes on in the sweep; several may be added.</summary>
    public SweepBuilder<T> Observe(ISweepObserver observer) => Do(() => _observers.Add(observer));

    /// <summary>Is told after each trial how far the sweep has come.</summary>
    public SweepBuilder<T> Progress(IProgress<SweepProgress> progress) => Do(() => _progress = progress);

    /// <summary>
    /// Hears what a person may have to know: exceptions of trials with their stacks, reports that are left out, a scheduler that never
    /// acted. Nobody unless stated; the library writes to no console.
    /// </summary>
    public SweepBuilder<T> Logger(ILogger logger) => Do(() => _logger = logger);

    /// <summary>Runs the sweep with a function that gives one number per objective (and per outcome, after them).</summary>
    /// <exception cref="InvalidInputException">As the other overloads; also where a scheduler was named, which this function, that reports
    /// nothing, would leave without anything to decide on.</exception>
    public Task<SweepResult<T>> RunAsync(Func<T, double[]> objective, CancellationToken cancellationToken = default) =>
        (_scheduler
            ?? SchedulerCatalog.Create(_sampler is null ? PopulationPairing.Pair(_samplerText, _schedulerText).Scheduler : _schedulerText))
            is RunToEnd
            ? RunAsync((value, _, _) => Task.FromResult(objective(value)), cancellationToken)
            : throw new InvalidInputException(
                $"Scheduler '{_scheduler?.Name ?? _schedulerText}' can never act: this objective function reports nothing on its way. "
                    + $"Take a SweepTrial too, (value, trial, token) => …, and call trial.ReportAsync(step, values).");

    /// <summary>Runs the sweep with a function that can report as it goes and hears of cancellation.</summary>
    /// <exception cref="InvalidInputException">The journal has another study, or the space cannot be sampled.</exception>
    /// <exception cref="SweepFailedException">Every trial failed; the first one's exception is inside.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a journal goes on next time.</exception>
    public Task<SweepResult<T>> RunAsync(Func<T, SweepTrial, CancellationToken, Task<double[]>> objective,
        CancellationToken cancellationToken = default) =>
        RunWithAsync(study => new DelegateRunner<T>(study, _read, objective), cancellationToken);

    /// <summary>As the other overload, for an objective that reports nothing on its way.</summary>
    public async Task<SweepResult<T>?> RunOrServeAsync(Func<T, double[]> objective, CancellationToken cancellationToken = default) =>
        Environment.GetEnvironmentVariable(ServedSweep.Variable) is null
            ? await RunAsync(objective, cancellationToken).ConfigureAwait(false)
            : await RunOrServeAsync((value, _, _) => Task.FromResult(objective(value)), cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// For a program that is itself a search space: run by itself it runs the sweep in this process, as
    /// <see cref="RunAsync(Func{T, SweepTrial, CancellationToken, Task{double[]}}, CancellationToken)"/> does. Started by
    /// <c>autopeft sweep FILE.cs</c> it declares the study (space, objectives and outcome constraints; the rest is the command's), or runs
    /// trials as one of its worker processes.
    /// </summary>
    /// <returns>The result; null where the program served a host, which has it.</returns>
    /// <exception cref="InvalidInputException">As the other; also where the
    /// host's study has another space than the program declares.</exception>
    public async Task<SweepResult<T>?> RunOrServeAsync(Func<T, SweepTrial, CancellationToken, Task<double[]>> objective,
        CancellationToken cancellationToken = default)
    {
        switch (Environment.GetEnvironmentVariable(ServedSweep.Variable))
        {
            case null: return await RunAsync(objective, cancellationToken).ConfigureAwait(false);
            case ServedSweep.Define:
                ServedSweep.Write(Console.Out, Define().Definition);
                return null;
            case ServedSweep.Work:
                await ServedSweep.WorkAsync(Runner, cancellationToken).ConfigureAwait(false);
                return null;
            case var other:
                throw new InvalidInputException($"{ServedSweep.Variable} is '{other}'; it is {ServedSweep.Define} or {ServedSweep.Work}, "
                + $"as `autopeft sweep FILE.cs` sets it.");
        }

        ITrialRunner Runner(StudyDefinition study) => study.Space.Equals(_space) ? new DelegateRunner<T>(study, _read, objective)
            : throw new InvalidInputException($"The program declares another space than '{study.Name}' was made with; undo the change, "
                + $"or make another study.");
    }

    /// <summary>
    /// Runs the sweep over a set of tasks, one configuration for all: the function is called for each task with its name, and gives one
    /// number per objective (and per outcome); each objective's value is the aggregate that <paramref name="tasks"/> names.
    /// <c>Scheduler("race:aggregate=…")</c> stops configurations that lose before they have run every task.
    /// </summary>
    /// <param name="tasks">The tasks, in the order in which a trial runs them, and their aggregate (default: the mean of the worst
    /// half).</param>
    /// <param name="objective">Takes the configuration, the task's name, the trial to report to, and a cancellation token.</param>
    /// <param name="cancellationToken">Ends the sweep; a journal goes on with it.</param>
    public Task<SweepResult<T>> RunAsync(TaskSetOptions tasks, Func<T, string, SweepTrial, CancellationToken, Task<double[]>> objective,
        CancellationToken cancellationToken = default) =>
        RunWithAsync(study => new TaskSetRunner(study, tasks,
            [.. tasks.Tasks.Select(task => new DelegateRunner<T>(study, _read,
                (value, trial, token) => objective(value, task.Name, trial, token)))], _logger), cancellationToken);

    /// <summary>
    /// Runs the sweep with a runner of your own, made for the study; it serves every worker at once, and has to be thread-safe where there
    /// are several.
    /// </summary>
    public async Task<SweepResult<T>> RunWithAsync(Func<StudyDefinition, ITrialRunner> runners,
        CancellationToken cancellationToken = default)
    {
        (StudyDefinition definition, StudyPolicy policy) = Define();
        // What is wrong with the runner, or with what was enqueued, is known before a study is made.
        var runner = new WatchedRunner(runners(definition));
        Configuration[] enqueued = Enqueued(definition);
        await using IStudyStore? own = _store is null ? await StoreAsync(cancellationToken).ConfigureAwait(false) : null;
        StudyLog log = await LogAsync(_store ?? own!, definition, cancellationToken).ConfigureAwait(false);
        await using StudySession session = await StudySession.OpenAsync(log, policy, cancellationToken).ConfigureAwait(false);
        if (_retryFailed) await log.RetryFailedAsync(cancellationToken).ConfigureAwait(false);
        await log.EnqueueMissingAsync(enqueued, cancellationToken).ConfigureAwait(false);
        log.Observe(new SweepObservers(_observers, _progress));
        IWorker[] workers = [.. DeviceSlot.Cpu(_workers).Select(d => new InProcessWorker(runner, d))];
        var attempts = new AttemptRunner(workers,
            new SweepOptions { TrialDirectory = _trialDirectory, TrialTimeout = _trialTimeout, Logger = _logger });
        var sweep = new LocalSweep(session, attempts);
        await sweep.RunAsync(cancellationToken).ConfigureAwait(false);
        return Result(session.Study, sweep.EndedBecause, policy.Scheduler, runner.Failures);
    }

    /// <summary>The study that was asked for, and who decides for it.</summary>
    private (StudyDefinition Definition, StudyPolicy Policy) Define()
    {
        (string samplerText, string schedulerText) = _sampler is null && _scheduler is null
            ? PopulationPairing.Pair(_samplerText, _schedulerText) : (_samplerText, _schedulerText);
        if (_earlier.Count > 0)
        {
            if (_sampler is not null || samplerText is not ("auto" or "gp" or TransferName))
                throw new InvalidInputException($"From(…) brings its own sampler; it takes no "
                + $"'{_sampler?.Invoke().Name ?? samplerText}'. BeginWithBestOf(…) goes with any.");
            samplerText = TransferName;
        }
        ISampler sampler = _sampler?.Invoke() ?? SamplerCatalog.Create(samplerText);
        // A name alone as the sampler writes it, however it was typed.
        var definition = new StudyDefinition(_space, _objectives, _outcomes)
        {
            Name = _name,
            Sampler = _sampler is null && samplerText.Contains(':') ? samplerText : sampler.Name,
            Seed = _seed,
            Budget = _trials ?? DefaultTrials,
            Scheduler = schedulerText,
        };
        if (_earlier.Count > 0)
            definition = definition with { Earlier = [.. _earlier.Select(e => CarriedStudy.Of(e, definition, out _))] };
        var policy = new StudyPolicy
        {
            Sampler = sampler,
            Scheduler = _scheduler ?? SchedulerCatalog.Create(schedulerText),
            StopRules = _timeout is { } time ? [.. _stopRules, new RunTimeLimit(TimeProvider.System.GetTimestamp(), time)] : _stopRules,
        };
        return (definition, policy);
    }

    private Configuration[] Enqueued(StudyDefinition definition)
    {
        var first = new List<Configuration>(_enqueued);
        foreach (IGrouping<int, (IStudyView Study, int Count)> group in _beginWith.GroupBy(b => b.Count))
            first.AddRange(WarmStart.Best([.. group.Select(g => CarriedStudy.Of(g.Study, definition, out _))], group.Key));
        foreach (Configuration c in first)
            if (_space.BrokenBy(c) is { } broken)
                throw new InvalidInputException($"The enqueued configuration ({c}) breaks the constraint '{broken.Text}'.");
        Configuration[] distinct = [.. first.Distinct()];
        return distinct.Length <= definition.Budget ? distinct
            : throw new InvalidInputException($"{distinct.Length} configurations are enqueued for {definition.Budget} trials; raise "
            + $"Trials(…).");
    }

    private SweepResult<T> Result(IStudyView study, string? because, IScheduler scheduler, IReadOnlyDictionary<int, Exception> exceptions)
    {
        TrialFailures failures = TrialFailures.Of(study);
        if (failures.AllFailed)
        {
            var all = new SweepFailedException(failures, exceptions.Count == 0 ? null : exceptions[exceptions.Keys.Min()]);
            LogAllFailed(all);
            throw all;
        }
        string[] remarks = [.. because is null ? [] : new[] { $"ended early: {because}" }, .. failures.Lines,
            .. IdleScheduler.Because(study, scheduler) is { } idle ? [idle] : Array.Empty<string>()];
        foreach (string remark in remarks) LogRemark(remark);
        return new SweepResult<T>(study, _read, exceptions, remarks);
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
        StudyDefinition? made = null;
        await foreach (StudyEvent e in store.ReadAsync(0, cancellationToken).ConfigureAwait(false))
        {
            made = (e as StudyCreated)?.Definition;
            break;
        }
        StudyLog log = await StudyLog.OpenOrCreateAsync(
            definition, store, _journal ?? "The store", _journal is null ? "store" : "file", clock: null, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            StudyDefinition recorded = log.Study.Definition;
            if (_trials is not { } trials || recorded.Budget == trials) return log;
            if (trials == made?.Budget) LogBudget(recorded.Budget, trials);
            else await log.SetBudgetAsync(trials, cancellationToken).ConfigureAwait(false);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    private SweepBuilder<T> Do(Action set)
    {
        set();
        return this;
    }

    private const string TransferName = "transfer";

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Remark}")]
    private partial void LogRemark(string remark);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "the study goes on to the {Budget} trials that it was given since it was made with {Made}")]
    private partial void LogBudget(int? budget, int made);

    [LoggerMessage(Level = LogLevel.Error, Message = "the sweep came to nothing")]
    private partial void LogAllFailed(SweepFailedException all);

    /// <summary>Ends this run, not the study: no trial is proposed once the run has taken so long.</summary>
    private sealed record RunTimeLimit(long Start, TimeSpan Time) : IStopRule
    {
        public string? Stops(IStudyView study, TimeSpan ran) => TimeProvider.System.GetElapsedTime(Start) >= Time
            ? $"the run's timeout of {Time.TotalSeconds:0.###} s is over" : null;
    }
}
