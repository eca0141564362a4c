using AutoPeft.Randomness;
using AutoPeft.Scheduling;

namespace AutoPeft.Tests.Scheduling;

public class EvidenceRidgeTests
{
    private static (double[][] Rows, double[] Y) Draw(Philox random, int n, int d, double[] weights, double noise)
    {
        double[][] rows = [.. Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, d).Select(_ => random.NextNormal()).ToArray())];
        return (rows,
            [.. rows.Select(r => 3 + r.Select((x, j) => j < weights.Length ? weights[j] * x : 0).Sum() + noise * random.NextNormal())]);
    }

    [Fact]
    public void It_gives_numpys_numbers()
    {
        // numpy: columns standardised, y centred, precision 10^(−1 + k/2) of largest evidence (here 0.1), then the closed form; the fit
        // without the first row at that precision, its intercept free.
        double[][] rows = [[0.0, 1.0], [1.0, 0.5], [2.0, 2.0], [3.0, -1.0], [4.0, 0.0], [5.0, 1.5]];
        var ridge = new EvidenceRidge(rows, [0.1, 1.2, 1.9, 3.2, 3.8, 5.1]);
        Assert.Equal(NumpyMean, ridge.At([6.0, 0.5]).Mean, 9);
        Assert.Equal(NumpyLeftOut, ridge.LeftOut[0], 9);
    }

    private const double NumpyMean = 5.902606021007635, NumpyLeftOut = -0.09384002374444478;

    [Fact]
    public void Features_that_say_nothing_leave_the_mean_even_where_there_are_more_of_them_than_rows()
    {
        var random = new Philox(1);
        double squares = 0, alone = 0;
        for (int run = 0; run < 30; run++)
        {
            (double[][] rows, double[] y) = Draw(random, 15, 25, [], 1);
            var ridge = new EvidenceRidge(rows, y);
            squares += Math.Pow(ridge.At(Draw(random, 1, 25, [], 1).Rows[0]).Mean - 3, 2);
            alone += Math.Pow(y.Average() - 3, 2);
        }
        Assert.InRange(squares, 0, alone + 30 * 0.15);
    }

    [Fact]
    public void What_it_says_of_its_error_is_no_less_than_the_error_on_rows_that_it_has_not_seen()
    {
        var random = new Philox(2);
        double said = 0, found = 0;
        for (int run = 0; run < 200; run++)
        {
            (double[][] rows, double[] y) = Draw(random, 25, 12, [2, -1, 0.5], 0.3);
            var ridge = new EvidenceRidge(rows, y);
            (double[][] fresh, double[] truth) = Draw(random, 1, 12, [2, -1, 0.5], 0.3);
            (double mean, double stretch) = ridge.At(fresh[0]);
            found += Math.Pow(truth[0] - mean, 2);
            said += Math.Pow(ridge.Error * stretch, 2);
        }
        // On the safe side: 25 rows of 12 features are far apart.
        Assert.InRange(said / found, 1, 3);
    }

    [Fact]
    public void A_column_without_variation_says_nothing_of_a_row_where_it_differs()
    {
        var random = new Philox(3);
        (double[][] rows, double[] y) = Draw(random, 20, 3, [1], 0.1);
        foreach (double[] row in rows) row[2] = 7;
        var ridge = new EvidenceRidge(rows, y);
        Assert.Equal(ridge.At([0.4, 0, 7]).Mean, ridge.At([0.4, 0, 1e6]).Mean);
    }
}
