using System.Globalization;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>What an audit found.</summary>
/// <param name="Proposals">Proposals that a sampler made and that were checked.</param>
/// <param name="Enqueued">Configurations that a person chose; there is nothing to check.</param>
/// <param name="Differences">One line for each proposal that came out otherwise, by number.</param>
internal sealed record AuditResult(int Proposals, int Enqueued, IReadOnlyList<string> Differences);

/// <summary>
/// Replays a study: asks the sampler again for every proposal, with as much of the log as it had seen and the random stream it had, and
/// compares bit for bit. The same log gives the same proposals, however many workers ran; where one differs, the log was edited, the
/// sampler's code changed, or it is no pure function.
/// </summary>
internal static class StudyAudit
{
    /// <param name="log">The study's records.</param>
    /// <param name="sampler">Makes the sampler that the definition names.</param>
    /// <param name="progress">Hears of each proposal checked.</param>
    /// <param name="cancellationToken">Stops between proposals.</param>
    /// <exception cref="InvalidInputException">The log is empty or cannot be folded.</exception>
    public static AuditResult Run(IReadOnlyList<StudyEvent> log, Func<StudyDefinition, ISampler> sampler, Action<int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (log.Count == 0) throw new InvalidInputException("There is no study here yet.");
        var study = new Study();
        ISampler? asked = null;
        int checkedCount = 0, enqueued = 0;
        var differences = new List<string>();
        for (int i = 0; i < log.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (log[i] is TrialProposed { Source: "enqueued" }) enqueued++;
            else if (log[i] is TrialProposed first && first.Number == first.Batch)
            {
                asked ??= sampler(study.Definition);
                TrialProposed[] batch = [.. log.Skip(i).Take(first.BatchSize).TakeWhile(e => e is TrialProposed p && p.Batch == first.Batch)
                    .Cast<TrialProposed>()];
                // What the sampler had seen is the fold so far, but for a store where others may append between a proposal and its record.
                Study seen = first.Seen == i ? study : Study.Of(log.Take((int)first.Seen));
                Compare(asked, seen, batch, differences, cancellationToken);
                checkedCount += batch.Length;
                progress?.Invoke(checkedCount);
            }
            study.Apply(log[i]);
        }
        return new AuditResult(checkedCount, enqueued, differences);
    }

    private static void Compare(ISampler sampler, Study seen, TrialProposed[] recorded, List<string> differences,
        CancellationToken cancellationToken)
    {
        int first = recorded[0].Batch;
        if (StudySession.ViewFor(seen, first, sampler) is not { } view)
        {
            differences.Add($"trial {first}: it was proposed before the trials had ended that its lockstep waits for");
            return;
        }
        IReadOnlyList<Proposal> again =
            sampler.Propose(view, recorded[0].BatchSize, StudySession.ProposalStream(seen.Definition, first), cancellationToken);
        for (int i = 0; i < recorded.Length; i++)
        {
            if (i >= again.Count)
                differences.Add($"trial {recorded[i].Number}: the log has ({recorded[i].Configuration}), the replay nothing");
            else if (!again[i].Configuration.Codes.SequenceEqual(recorded[i].Configuration.Codes))
                differences.Add(string.Create(CultureInfo.InvariantCulture,
                    $"trial {recorded[i].Number}: the log has ({recorded[i].Configuration}), the replay ({again[i].Configuration})"));
            else if (again[i].Parent != recorded[i].Parent)
                differences.Add($"trial {recorded[i].Number}: the log has it go on from {Parent(recorded[i].Parent)}, the replay from "
                    + $"{Parent(again[i].Parent)}");
            else if (again[i].State != recorded[i].State)
                differences.Add($"trial {recorded[i].Number}: the sampler's state came out otherwise");
        }
    }

    private static string Parent(TrialParent? parent) => parent?.ToString() ?? "the beginning";
}
