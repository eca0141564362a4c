using System.Globalization;
using System.Text;

namespace AutoPeft.Peft.Tasks;

/// <summary>
/// Answers to a task's unlabelled examples as GLUE's server takes them: a tab-separated file with the columns index and prediction.
/// </summary>
internal static class PredictionFile
{
    /// <summary>Writes the file, or leaves the one that is there untouched: the new one takes its place when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="task">For the names of its classes.</param>
    /// <param name="predictions">A class or a value for each example, in their order; the index counts from 0.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, TextTask task, IReadOnlyList<double> predictions)
    {
        var text = new StringBuilder("index\tprediction\n");
        for (int i = 0; i < predictions.Count; i++)
        {
            string answer = task.IsRegression
                ? predictions[i].ToString("R", CultureInfo.InvariantCulture)
                : task.Labels[(int)predictions[i]];
            text.Append(CultureInfo.InvariantCulture, $"{i}\t{answer}\n");
        }
        WholeFile.Write(path, text.ToString());
    }
}
