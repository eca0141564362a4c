using AutoPeft.Randomness;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Continuing a curve beyond its points, against exact cases and against curves of the kind that the prior describes.</summary>
public class SmoothCurveTests
{
    [Fact]
    public void A_line_is_continued_as_a_line_whatever_the_noise()
    {
        Estimate at = new SmoothCurve([0, 1, 2, 4], [3, 2.5, 2, 1], [0.01, 0.04, 0.01, 0.02], 0.1).At(6, 0, 0.9);
        Assert.Equal(0, at.Value, 9);
        Assert.True(at.Low < -0.1 && at.High > 0.1);
    }

    [Fact]
    public void Without_noise_a_bend_makes_the_band_reach_over_as_much_bend_again()
    {
        // Second difference 0.5 at 1; the prior thinks a tenth usual. One more step may bend by as much either way.
        Estimate at = new SmoothCurve([0, 1, 2], [0, 0, 0.5], [0, 0, 0], 0.1).At(3, 0, 0.9);
        Assert.InRange(at.Value, 0.9, 1.3);
        Assert.InRange(at.High - at.Low, 0.8, 6);
    }

    [Fact]
    public void Bands_hold_the_truth_as_often_as_they_say()
    {
        const double Typical = 0.1, Noise = 0.15;
        int inside = 0, curves = 1000;
        var random = new Philox(3);
        for (int i = 0; i < curves; i++)
        {
            // A roughness from the half-Cauchy prior, cut off where it is absurd; a twice integrated white noise; noisy measurements.
            double roughness = Math.Min(20, Typical * Math.Abs(Math.Tan(Math.PI * (random.NextDouble() - 0.5))));
            double value = random.NextNormal(), slope = random.NextNormal();
            var truth = new List<double>();
            const int Fine = 200;
            for (int step = 0; step <= 4 * Fine; step++)
            {
                if (step % Fine == 0) truth.Add(value);
                value += slope / Fine;
                slope += roughness * random.NextNormal() / Math.Sqrt(Fine);
            }
            double[] y = [.. truth.Select(t => t + Noise * random.NextNormal())];
            double variance = Noise * Noise;
            Estimate at = new SmoothCurve([0, 1, 2, 3], y[..4], [variance, variance, variance, variance], Typical).At(4, variance, 0.9);
            if (at.Low <= y[4] && y[4] <= at.High) inside++;
        }
        // Binomial standard error 0.0095.
        Assert.InRange((double)inside / curves, 0.865, 0.935);
    }
}
