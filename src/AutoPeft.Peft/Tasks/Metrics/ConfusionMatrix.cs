namespace AutoPeft.Peft.Tasks;

/// <summary>
/// How often each class was true, predicted, and both: what classification scores need of a confusion matrix, in memory that grows with the
/// classes and not with their square. Immutable.
/// </summary>
internal sealed class ConfusionMatrix
{
    private readonly long[] _true, _predicted, _both;
    private readonly long _total;

    private ConfusionMatrix(int classes, long total) =>
        (_true, _predicted, _both, _total) = (new long[classes], new long[classes], new long[classes], total);

    /// <summary>Counts.</summary>
    /// <param name="labels">True classes 0, 1, …</param>
    /// <param name="predictions">Predicted classes, as many.</param>
    /// <exception cref="ArgumentException">The lengths differ, there is nothing to count, or a label is no class.</exception>
    public static ConfusionMatrix Of(ReadOnlySpan<double> labels, ReadOnlySpan<double> predictions)
    {
        if (labels.Length != predictions.Length)
            throw new ArgumentException($"{labels.Length} labels but {predictions.Length} predictions", nameof(predictions));
        if (labels.Length == 0) throw new ArgumentException("no examples to score", nameof(labels));
        int classes = 2;
        for (int i = 0; i < labels.Length; i++) classes = Math.Max(classes, 1 + Math.Max(Class(labels[i]), Class(predictions[i])));
        var matrix = new ConfusionMatrix(classes, labels.Length);
        for (int i = 0; i < labels.Length; i++)
        {
            int truth = Class(labels[i]), prediction = Class(predictions[i]);
            matrix._true[truth]++;
            matrix._predicted[prediction]++;
            if (truth == prediction) matrix._both[truth]++;
        }
        return matrix;
    }

    /// <summary>Share of right answers, 0 to 1.</summary>
    public double Accuracy => (double)_both.Sum() / _total;

    /// <summary>
    /// Matthews correlation, −1 to 1, by Gorodkin's formula for any number of classes (Comput. Biol. Chem. 2004); with two it is the
    /// familiar one. 0 where one class has all labels or all predictions.
    /// </summary>
    public double Matthews
    {
        get
        {
            double total = _total, cross = 0, predictedSquares = 0, trueSquares = 0;
            for (int k = 0; k < _true.Length; k++)
            {
                double isTrue = _true[k], isPredicted = _predicted[k];
                cross += isTrue * isPredicted;
                trueSquares += isTrue * isTrue;
                predictedSquares += isPredicted * isPredicted;
            }
            double scale = Math.Sqrt((total * total - predictedSquares) * (total * total - trueSquares));
            return scale == 0 ? 0 : (_both.Sum() * total - cross) / scale;
        }
    }

    /// <summary>
    /// F1 of class 1 with two classes; with more, the unweighted mean over classes. 0 for a class that is neither present nor predicted.
    /// </summary>
    public double F1 => _true.Length == 2 ? F1Of(1) : Enumerable.Range(0, _true.Length).Average(F1Of);

    private double F1Of(int k)
    {
        double both = _true[k] + _predicted[k];
        return both == 0 ? 0 : 2 * _both[k] / both;
    }

    private static int Class(double label) => label >= 0 && label < int.MaxValue && label == Math.Floor(label)
        ? (int)label
        : throw new ArgumentException(
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{label} is no class; classes are 0, 1, …"));
}
