using System.Globalization;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Microsoft.ML.AutoML;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;

namespace AutoPeft.MLNet.Samplers;

/// <summary>
/// ML.NET's cost-frugal tuner (its CFO: Wu, Wang and Huang, AAAI 2021) as a sampler: a randomised direct search from the middle of the
/// space. For comparisons with ML.NET; <see cref="CostFrugalSampler"/> is our own, which knows cheap starting points. One walk: with
/// several objectives it goes to one compromise of the front, the augmented Chebyshev one with equal weights.
/// <para>
/// The tuner is made anew for each ask, seeded by the study, and led through the study's asks and results in their order, which each
/// proposal's state records; so the sampler keeps nothing. What breaks a hard constraint or was tried already is replaced by a neighbour,
/// and the tuner is told what ran.
/// </para>
/// <example><code>autopeft sweep recipe --task polarity --model base --sampler mlnet-cfo</code></example>
/// </summary>
public sealed class MLNetCostFrugalSampler : ISampler
{
    /// <inheritdoc/>
    public string Name => "mlnet-cfo";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        StudyDefinition definition = study.Definition;
        var space = new TunerSpace(definition.Space);
        var admission = new Admission(study);
        if (space.Theirs.Count == 0) return [.. Enumerable.Range(0, count).Select(_ => new Proposal(definition.Space.Sample(random)))];
        int seed = (int)(new Philox(definition.Seed, 0, StreamPurpose.Scramble).NextUInt32() >> 1);
        ITuner tuner = TunerFactory.Make(space.Theirs, seed, e => e.SetCostFrugalTuner());
        var losses = new TunerLosses(study, TunerLosses.Even(definition.Objectives.Length), cutTail: false);
        var told = new HashSet<int>();
        var asks = new HashSet<int>();
        foreach (Trial t in study.Trials)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Told(t) is { } results)
            {
                foreach (int number in results.Where(n => n < study.Trials.Count && told.Add(n))) Tell(study.Trials[number]);
                asks.Add(t.Number);
            }
            if (asks.Contains(t.Proposed.Batch)) Ask(t.Number);
        }
        int[] ended = [.. study.Completed.Select(t => t.Number)
            .Concat(study.Trials.Where(t => !t.IsPending && t.State != TrialState.Completed).Select(t => t.Number)).Where(told.Add)];
        foreach (int number in ended) Tell(study.Trials[number]);

        string state = $"{Name}|{string.Join(',', ended.Select(n => n.ToString(CultureInfo.InvariantCulture)))}";
        var proposals = new Proposal[count];
        for (int i = 0; i < count; i++)
            proposals[i] = new Proposal(admission.Admit(space.Decode(Ask(study.Trials.Count + i), random), random), i == 0 ? state : null);
        return proposals;

        TheirParameter Ask(int number) => tuner.Propose(new TrialSettings { TrialId = number });

        void Tell(Trial trial)
        {
            // The failure mark of ML.NET's experiments: no step is taken to there.
            double loss = losses.Has(trial) ? losses.Of(trial) : double.MaxValue;
            try
            {
                tuner.Update(new TrialResult
                {
                    TrialSettings = new TrialSettings { TrialId = trial.Number, Parameter = space.Encode(trial.Configuration) },
                    Loss = loss,
                    Metric = loss,
                });
            }
            catch (KeyNotFoundException)
            {
                // A result of a walk that ended meanwhile, which the tuner has forgotten; it has nothing to learn from it.
            }
        }
    }

    /// <summary>
    /// Numbers of the trials whose results were new to the ask that begins with this trial; null where it begins none of ours.
    /// </summary>
    private int[]? Told(Trial trial)
    {
        if (trial.Proposed.State?.Split('|') is not [var mark, var list] || mark != Name) return null;
        return [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : int.MaxValue)];
    }
}
