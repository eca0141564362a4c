using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Decoders;

/// <summary>The held-out loss of a decoder's training as a study keeps it, and whether the training diverged.</summary>
internal static class DecoderLoss
{
    /// <summary>The objective, in nats a byte.</summary>
    public const string Name = "loss";

    private const string Diverged = "diverged";

    // The study's values are finite; readers see what was measured beside.
    private const double OfDiverged = 1e6;

    /// <summary>What the trial of a training has for its values; what diverged is measured beside.</summary>
    public static double[] Values(LanguageModelingResult result, SweepTrial trial)
    {
        double loss = result.HeldOutLoss ?? double.PositiveInfinity;
        // A loss above that of a uniform guess has not learned anything: it went astray without reaching infinity.
        bool diverged = result.Diverged || !(loss <= Math.Log(ByteDecoder.Vocabulary));
        trial.Measure(Diverged, diverged ? 1 : 0);
        return [double.IsFinite(loss) ? loss : OfDiverged];
    }

    /// <summary>The loss of a completed trial; null: the training diverged.</summary>
    public static double? Of(Trial trial) => trial.Metrics.GetValueOrDefault(Diverged) > 0 ? null : trial.Values[0];
}
