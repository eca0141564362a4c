using System.Globalization;

namespace AutoPeft.Peft.Training;

/// <summary>What a trial has less of before a scheduler lets it go further.</summary>
public enum FidelityKind
{
    /// <summary>
    /// The course of one training: a promoted trial goes on from its checkpoint, bit for bit as if it had never stopped. Reports come at
    /// every evaluation.
    /// </summary>
    Steps,

    /// <summary>Epochs of a whole training, warm-up and decay compressed into them: a promoted trial starts again with more.</summary>
    Epochs,

    /// <summary>
    /// A share of the training examples, for all epochs; a smaller share is part of a larger one. A promoted trial starts again with more.
    /// </summary>
    Data,

    /// <summary>
    /// Encoder layers, evenly spaced and with the top one among them (as DistilBERT starts; Sanh et al. 2019). A promoted trial starts
    /// again on a deeper network.
    /// </summary>
    Layers,
}

/// <summary>
/// How trials are made cheap at first. The levels min, min·η, min·η² … up to the whole are the steps that such a trial reports, one
/// report a level, so that the rungs of <c>asha</c> or <c>hyperband</c> with the same min and eta are those levels. Whoever starts again
/// loses what it trained, and its scores say more: the learning rate has come down, while that of a training that was cut off has not.
/// </summary>
/// <param name="Kind">What trials have less of at first. Default the course of one training.</param>
public sealed record TrialFidelity(FidelityKind Kind = FidelityKind.Steps)
{
    /// <summary>
    /// The metric in which a trial that starts again reports all levels that it trained so far, in the unit of its steps.
    /// </summary>
    public const string TrainedMetric = Scheduling.ReportedSteps.TrainedMetric;

    private const int DataParts = 16;

    /// <summary>The first level: epochs, sixteenths of the data, or layers. Default 1.</summary>
    public int Min { get; init; } = 1;

    /// <summary>
    /// Factor between a level and the next: each level has eta times as much as the one before. Default 4, as for <c>asha</c>.
    /// </summary>
    public int Eta { get; init; } = Scheduling.AshaOptions.StandardEta;

    /// <summary>
    /// How much of a whole training (epochs, thousandths of the data, or layers) each step of such a trial trains, ascending; the last is
    /// the whole. Empty for <see cref="FidelityKind.Steps"/>.
    /// </summary>
    /// <param name="epochs">Of a whole training.</param>
    /// <param name="layers">Of the base model.</param>
    /// <exception cref="InvalidInputException">The first level is beyond the whole.</exception>
    public IReadOnlyList<int> Levels(int epochs, int layers)
    {
        if (Kind == FidelityKind.Steps) return [];
        int whole = Kind switch { FidelityKind.Epochs => epochs, FidelityKind.Data => DataParts, _ => layers };
        if (Min > whole)
            throw new InvalidInputException($"Fidelity '{this}': min is {Min}, and the whole is {whole} "
                + $"{(Kind switch { FidelityKind.Epochs => "epochs", FidelityKind.Data => "parts of the data", _ => "layers" })}.");
        var levels = new List<int>();
        for (long level = Min; level < whole; level *= Eta) levels.Add((int)level);
        return [.. levels, whole];
    }

    /// <summary>
    /// As people type it: <c>steps</c>, <c>epochs</c>, <c>data</c> or <c>layers</c>, with options as in <c>epochs:min=1,eta=4</c>.
    /// </summary>
    /// <exception cref="InvalidInputException">It is not of that form.</exception>
    public static TrialFidelity Parse(string text)
    {
        string[] halves = text.Split(':', 2, StringSplitOptions.TrimEntries);
        FidelityKind[] kinds = Enum.GetValues<FidelityKind>();
        int kind = Array.FindIndex(kinds, k => Word(k) == halves[0]);
        if (kind < 0)
            throw new InvalidInputException($"There is no fidelity '{halves[0]}'; there are {string.Join(", ", kinds.Select(Word))}.");
        var fidelity = new TrialFidelity(kinds[kind]);
        foreach (string option in halves.Length < 2 ? [] : halves[1].Split(','))
        {
            string[] sides = option.Split('=', 2, StringSplitOptions.TrimEntries);
            int least = sides[0] == "eta" ? 2 : 1;
            if (fidelity.Kind == FidelityKind.Steps || sides.Length != 2 || sides[0] is not ("min" or "eta"))
                throw new InvalidInputException($"Fidelity '{text}': '{option.Trim()}' is no option; {Word(fidelity.Kind)} takes "
                    + $"{(fidelity.Kind == FidelityKind.Steps ? "none" : "min=N and eta=N")}.");
            if (!int.TryParse(sides[1], NumberStyles.None, CultureInfo.InvariantCulture, out int n) || n < least)
                throw new InvalidInputException(
                    $"Fidelity '{text}': option '{sides[0]}' is '{sides[1]}'; it takes a whole number from {least}.");
            fidelity = sides[0] == "eta" ? fidelity with { Eta = n } : fidelity with { Min = n };
        }
        return fidelity;
    }

    /// <summary>The fidelity as text that <see cref="Parse"/> reads back, such as "steps".</summary>
    public override string ToString() =>
        Kind == FidelityKind.Steps ? Word(Kind) : string.Create(CultureInfo.InvariantCulture, $"{Word(Kind)}:min={Min},eta={Eta}");

    private static string Word(FidelityKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The share of the training examples at a level of <see cref="FidelityKind.Data"/>.</summary>
    internal static double ShareOf(int level) => (double)level / DataParts;
}
