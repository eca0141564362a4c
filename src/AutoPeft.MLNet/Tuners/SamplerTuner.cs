using System.Collections.Immutable;
using AutoPeft.MLNet.Spaces;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Microsoft.ML.AutoML;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Tuners;

/// <summary>
/// Any sampler of ours as ML.NET's tuner. It keeps a study of the experiment's trials and asks the sampler; trials without a result are
/// pending to it, so several may run at once. The trial's <see cref="TrialResult.Loss"/> is minimised, as by ML.NET's own tuners: its
/// runners turn a metric's direction into it. A loss that is NaN, infinite or <see cref="double.MaxValue"/> (by which an experiment marks a
/// trial that threw) makes a failed trial. Thread-safe.
/// <example><code>
/// var experiment = new AutoMLExperiment(context, new() { SearchSpace = space })
///     .SetAutoPeftTuner(new TpeSampler())
///     .SetTrialRunner(runner);
/// </code></example>
/// </summary>
public sealed class SamplerTuner : ITuner
{
    private readonly Lock _gate = new();
    private readonly ISampler _sampler;
    private readonly SamplerTunerOptions _options;
    private readonly Study _study = new();
    private readonly Dictionary<int, int> _numbers = [];

    /// <param name="searchSpace">The experiment's; it must not change from here on.</param>
    /// <param name="sampler">Null for "auto".</param>
    /// <param name="options">The defaults where null.</param>
    /// <exception cref="InvalidInputException">The space has no counterpart here; the message names the parameter.</exception>
    public SamplerTuner(TheirSpace searchSpace, ISampler? sampler = null, SamplerTunerOptions? options = null)
    {
        Space = MLNetSpace.Of(searchSpace);
        _sampler = sampler ?? new AutoSampler();
        _options = options ?? new SamplerTunerOptions();
        string objective = "loss";
        while (Space.Ours.Contains(objective)) objective = $"_{objective}";
        Append(new StudyCreated(Now,
            new StudyDefinition(Space.Ours, [Objective.Minimize(objective)])
            {
                Sampler = _sampler.Name,
                Seed = _options.Seed,
                Budget = _options.Budget,
            }));
    }

    /// <summary>The search space in both forms.</summary>
    public MLNetSpace Space { get; }

    /// <summary>What is known of the experiment. Read it when no trial is being proposed or told.</summary>
    public IStudyView Study => _study;

    /// <summary>The next trial's parameter. Where the sampler has run out, as a grid does, random ones follow.</summary>
    /// <exception cref="InvalidInputException">The sampler cannot serve this space.</exception>
    public TheirParameter Propose(TrialSettings settings)
    {
        lock (_gate)
        {
            int number = _study.Trials.Count;
            if (number == 0 && _options.StartAtDefault && Space.StatesDefault)
            {
                Enqueue(Space.Default, "default");
            }
            else
            {
                IReadOnlyList<Proposal> proposals = _sampler.Propose(_study, 1, StudySession.ProposalStream(_study.Definition, number));
                Proposal proposal = proposals is [var first, ..]
                    ? first
                    : new Proposal(Space.Ours.Sample(StudySession.ProposalStream(_study.Definition, number)),
                        Note: "random: nothing is left");
                Append(new TrialProposed(Now, number, proposal.Configuration,
                    proposal.Note is { } note ? $"{_sampler.Name}: {note}" : _sampler.Name, _study.Sequence, number, 1, proposal.State));
            }
            _numbers[settings.TrialId] = number;
            return Space.ToParameter(_study.Trials[number].Configuration);
        }
    }

    /// <summary>
    /// Takes a trial's result in. One of a trial that this tuner did not propose counts as well, under the parameter that it ran with; of
    /// two results of one trial the first counts.
    /// </summary>
    /// <exception cref="InvalidInputException">A trial of somebody else's whose parameter is outside the search space.</exception>
    public void Update(TrialResult result)
    {
        lock (_gate)
        {
            int id = result.TrialSettings.TrialId;
            if (!_numbers.TryGetValue(id, out int number))
            {
                number = _numbers[id] = _study.Trials.Count;
                Enqueue(Space.ToConfiguration(result.TrialSettings.Parameter), "elsewhere");
            }
            // An experiment tells a trial again, as failed, when what comes after the first telling throws.
            if (!_study.Trials[number].IsPending) return;
            if (!double.IsFinite(result.Loss) || result.Loss == double.MaxValue)
            {
                Append(new TrialFailed(Now, number, 0, "The trial threw, or its loss is no number."));
                return;
            }
            var metrics = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
            if (double.IsFinite(result.Metric)) metrics["metric"] = result.Metric;
            if (double.IsFinite(result.DurationInMilliseconds)) metrics["milliseconds"] = result.DurationInMilliseconds;
            Append(new TrialCompleted(Now, number, 0, [result.Loss], [], metrics.ToImmutable()));
        }
    }

    private static DateTimeOffset Now => DateTimeOffset.UtcNow;

    private void Enqueue(Configuration configuration, string source) =>
        Append(new TrialProposed(Now, _study.Trials.Count, configuration, $"enqueued: {source}", _study.Sequence, _study.Trials.Count, 1));

    private void Append(StudyEvent e) => _study.Apply(e);
}
