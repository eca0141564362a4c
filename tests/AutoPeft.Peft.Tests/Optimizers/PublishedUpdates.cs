using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace AutoPeft.Peft.Tests.Optimizers;

/// <summary>One update of a published algorithm, number by number: what comes of x under a gradient.</summary>
/// <param name="x">Changed in place; the first six numbers are a 3×2 matrix, which decays, the others a vector, which does not.</param>
/// <param name="gradient">At x.</param>
/// <param name="step">From 1.</param>
/// <param name="rate">Of this update.</param>
/// <param name="loss">At x.</param>
internal delegate void PublishedUpdate(double[] x, double[] gradient, int step, double rate, double loss);

/// <summary>Algorithms as their papers and their authors' code have them, in plain arithmetic.</summary>
internal static class PublishedUpdates
{
    public const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8, Decay = 0.1;

    private const int N = Bowl.Count;

    public static PublishedUpdate Of(string name) => name switch
    {
        "d-adaptation" => DAdaptation(),
        "prodigy" => Prodigy(1e-6, correct: false, safeguard: false),
        "prodigy:initial=0.01,bias-correction=true,safeguard=true" => Prodigy(0.01, correct: true, safeguard: true),
        "dog:initial=0.01" => DoG(0.01, layerwise: false),
        "dog:initial=0.01,layerwise=true" => DoG(0.01, layerwise: true),
        "momo" => MoMo(),
        "mechanic:initial=0.01" => Mechanic(0.01),
        "cocob:alpha=3" => Cocob(3),
        "schedule-free" => ScheduleFree(),
        "lion" => Lion(),
        "muon" => Muon(muP: false),
        "muon:mup=true" => Muon(muP: true),
        "soap:every=2" => Soap(2),
        "adafactor" => Adafactor(relative: true),
        "adafactor:relative=false" => Adafactor(relative: false),
        _ => throw new ArgumentException(name, nameof(name)),
    };

    private static double DecayOf(int i) => i < 6 ? Decay : 0;

    private static PublishedUpdate DAdaptation()
    {
        double d = 1e-6, weighted = 0;
        double[] m = new double[N], v = new double[N], s = new double[N];
        return (x, g, _, lr, _) =>
        {
            double rate = d * lr, squares = 0, sums = 0, length = 0;
            for (int i = 0; i < N; i++)
            {
                m[i] = Beta1 * m[i] + rate * (1 - Beta1) * g[i];
                v[i] = Beta2 * v[i] + (1 - Beta2) * g[i] * g[i];
                s[i] = Beta2 * s[i] + rate * (1 - Beta2) * g[i];
                double by = Math.Sqrt(v[i]) + Epsilon;
                squares += g[i] * g[i] / by;
                sums += s[i] * s[i] / by;
                length += Math.Abs(s[i]);
            }
            weighted = Beta2 * weighted + squares * rate * rate * (1 - Beta2);
            d = Math.Max(d, (sums / (1 - Beta2) - weighted) / length);
            for (int i = 0; i < N; i++) x[i] = x[i] - DecayOf(i) * rate * x[i] - m[i] / (Math.Sqrt(v[i]) + Epsilon);
        };
    }

    private static PublishedUpdate Prodigy(double d0, bool correct, bool safeguard)
    {
        double d = d0, most = d0, numerator = 0, beta3 = Math.Sqrt(Beta2);
        double[] m = new double[N], v = new double[N], s = new double[N], x0 = Bowl.Start;
        return (x, g, t, lr, _) =>
        {
            double bias = correct ? Math.Sqrt(1 - Math.Pow(Beta2, t)) / (1 - Math.Pow(Beta1, t)) : 1, rate = d * lr * bias, length = 0;
            numerator *= beta3;
            for (int i = 0; i < N; i++)
            {
                numerator += d / d0 * rate * g[i] * (x0[i] - x[i]);
                m[i] = Beta1 * m[i] + (1 - Beta1) * d * g[i];
                v[i] = Beta2 * v[i] + (1 - Beta2) * d * d * g[i] * g[i];
                s[i] = beta3 * s[i] + d / d0 * (safeguard ? d : rate) * g[i];
                length += Math.Abs(s[i]);
            }
            double estimate = numerator / length;
            if (d == d0) d = Math.Max(d, estimate);
            most = Math.Max(most, estimate);
            d = most;
            for (int i = 0; i < N; i++)
                x[i] = x[i] - DecayOf(i) * rate * x[i] - rate * m[i] / (Math.Sqrt(v[i]) + d * Epsilon);
        };
    }

    private static PublishedUpdate DoG(double initial, bool layerwise)
    {
        int[][] layers = layerwise ? [[0, 1, 2, 3, 4, 5], [6, 7]] : [[0, 1, 2, 3, 4, 5, 6, 7]];
        double[] distance = new double[layers.Length], squares = new double[layers.Length], x0 = Bowl.Start;
        return (x, g, t, lr, _) =>
        {
            double[] pull = [.. g.Select((v, i) => v + DecayOf(i) * x[i])];
            for (int k = 0; k < layers.Length; k++)
            {
                double far = Math.Sqrt(layers[k].Sum(i => t == 1 ? x[i] * x[i] : (x[i] - x0[i]) * (x[i] - x0[i])));
                distance[k] = t == 1 ? initial * (1 + far) : Math.Max(distance[k], far);
                squares[k] += layers[k].Sum(i => pull[i] * pull[i]) + (t == 1 ? 1e-8 : 0);
            }
            for (int k = 0; k < layers.Length; k++)
                foreach (int i in layers[k]) x[i] -= lr * distance[k] / Math.Sqrt(squares[k]) * pull[i];
        };
    }

    private static PublishedUpdate MoMo()
    {
        double meanLoss = 0, meanProduct = 0;
        double[] m = new double[N], v = new double[N];
        return (x, g, t, lr, loss) =>
        {
            double first = 1 - Math.Pow(Beta1, t), second = 1 - Math.Pow(Beta2, t);
            for (int i = 0; i < N; i++)
            {
                m[i] = Beta1 * m[i] + (1 - Beta1) * g[i];
                v[i] = Beta2 * v[i] + (1 - Beta2) * g[i] * g[i];
            }
            double[] by = [.. v.Select(u => Math.Sqrt(u / second) + Epsilon)];
            meanLoss = Beta1 * meanLoss + (1 - Beta1) * loss;
            meanProduct = Beta1 * meanProduct + (1 - Beta1) * Enumerable.Range(0, N).Sum(i => x[i] * g[i]);
            double dot = Enumerable.Range(0, N).Sum(i => x[i] * m[i]), length = Enumerable.Range(0, N).Sum(i => m[i] * m[i] / by[i]);
            for (int i = 0; i < N; i++)
            {
                double shrink = 1 + lr * DecayOf(i);
                double rate = Math.Min(lr / first, Math.Max(0, shrink * meanLoss + dot - shrink * meanProduct) / length);
                x[i] = (x[i] - rate * m[i] / by[i]) / shrink;
            }
        };
    }

    private static PublishedUpdate Mechanic(double initial)
    {
        double[] betas = [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999];
        double[] s = new double[6], v = new double[6], r = new double[6], m = [.. Enumerable.Repeat(1e-6, 6)];
        double[] first = new double[N], second = new double[N], delta = new double[N], x0 = Bowl.Start;
        return (x, g, t, lr, _) =>
        {
            // AdamW from where the training stands.
            double[] moved = new double[N];
            for (int i = 0; i < N; i++)
            {
                first[i] = Beta1 * first[i] + (1 - Beta1) * g[i];
                second[i] = Beta2 * second[i] + (1 - Beta2) * g[i] * g[i];
                moved[i] = x[i] - lr * DecayOf(i) * x[i]
                    - lr * first[i] / (1 - Math.Pow(Beta1, t)) / (Math.Sqrt(second[i] / (1 - Math.Pow(Beta2, t))) + Epsilon);
            }
            double size = Math.Sqrt(moved.Sum(u => u * u)), slope = Math.Sqrt(g.Sum(u => u * u)), total = s.Sum();
            double h = Enumerable.Range(0, N).Sum(i => delta[i] * (g[i] + 0.01 * total * slope / (size + 1e-8) * moved[i]));
            for (int i = 0; i < N; i++) delta[i] += moved[i] - x[i];
            for (int k = 0; k < 6; k++)
            {
                m[k] = Math.Max(betas[k] * m[k], Math.Abs(h));
                v[k] = betas[k] * betas[k] * v[k] + h * h;
                r[k] = Math.Max(0, betas[k] * r[k] - s[k] * h);
                s[k] = (m[k] * initial / 6 + r[k]) / (Math.Sqrt(v[k]) + 1e-8);
            }
            for (int i = 0; i < N; i++) x[i] = x0[i] + s.Sum() * delta[i];
        };
    }

    private static PublishedUpdate Cocob(double alpha)
    {
        double[] theta = new double[N], sum = new double[N], reward = new double[N], x0 = Bowl.Start;
        double[] most = [.. Enumerable.Repeat(1e-8, N)];
        return (x, g, _, _, _) =>
        {
            for (int i = 0; i < N; i++)
            {
                double pull = g[i] + DecayOf(i) * x[i];
                most[i] = Math.Max(most[i], Math.Abs(pull));
                theta[i] -= pull;
                sum[i] += Math.Abs(pull);
                reward[i] = Math.Max(0, reward[i] - pull * (x[i] - x0[i]));
                x[i] = x0[i] + theta[i] / (most[i] * Math.Max(sum[i] + most[i], alpha * most[i])) * (most[i] + reward[i]);
            }
        };
    }

    private static PublishedUpdate ScheduleFree()
    {
        // The paper's three sequences, x kept beside y and z; the code never holds x.
        double[] z = Bowl.Start, average = Bowl.Start, v = new double[N];
        double most = -1, weights = 0;
        return (y, g, t, lr, _) =>
        {
            double rate = lr * Math.Sqrt(1 - Math.Pow(Beta2, t));
            most = Math.Max(most, rate);
            weights += most * most;
            double c = most * most / weights;
            for (int i = 0; i < N; i++)
            {
                v[i] = Beta2 * v[i] + (1 - Beta2) * g[i] * g[i];
                z[i] -= rate * (g[i] / (Math.Sqrt(v[i]) + Epsilon) + DecayOf(i) * y[i]);
                average[i] = (1 - c) * average[i] + c * z[i];
                y[i] = Beta1 * average[i] + (1 - Beta1) * z[i];
            }
        };
    }

    private static PublishedUpdate Lion()
    {
        double[] m = new double[N];
        return (x, g, _, lr, _) =>
        {
            for (int i = 0; i < N; i++)
            {
                x[i] -= lr * (Math.Sign(0.9 * m[i] + 0.1 * g[i]) + DecayOf(i) * x[i]);
                m[i] = 0.99 * m[i] + 0.01 * g[i];
            }
        };
    }

    private static PublishedUpdate Muon(bool muP)
    {
        Matrix<double> momentum = new DenseMatrix(3, 2);
        double[] m = new double[N], v = new double[N];
        double scale = Math.Sqrt(muP ? 3.0 / 2 : Math.Max(1, 3.0 / 2));
        return (x, g, t, lr, _) =>
        {
            Matrix<double> gradient = DenseMatrix.Create(3, 2, (i, j) => g[2 * i + j]);
            momentum = 0.95 * momentum + 0.05 * gradient;
            Matrix<double> q = (0.05 * gradient + 0.95 * momentum).Transpose();
            q /= q.FrobeniusNorm() + 1e-7;
            for (int k = 0; k < 5; k++)
            {
                Matrix<double> a = q * q.Transpose();
                q = 3.4445 * q + (-4.7750 * a + 2.0315 * a * a) * q;
            }
            for (int i = 0; i < 6; i++) x[i] -= lr * (Decay * x[i] + scale * q[i % 2, i / 2]);
            for (int i = 6; i < N; i++)
            {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
                x[i] -= 0.015 * lr * m[i] / (1 - Math.Pow(0.9, t)) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, t))) + 1e-10);
            }
        };
    }

    private static PublishedUpdate Soap(int every)
    {
        Matrix<double> left = new DenseMatrix(3, 3), right = new DenseMatrix(2, 2), rows = left, columns = right;
        // The mean gradient is kept outside the bases here, and taken into them at each update; the code does it the other way round.
        Matrix<double> mean = new DenseMatrix(3, 2), square = new DenseMatrix(3, 2);
        double[] m = new double[N], v = new double[N];
        return (x, g, t, lr, _) =>
        {
            Matrix<double> gradient = DenseMatrix.Create(3, 2, (i, j) => g[2 * i + j]);
            if (t > 1)
            {
                double correct = Math.Sqrt(1 - Math.Pow(0.95, t - 1)) / (1 - Math.Pow(0.95, t - 1));
                Matrix<double> Into(Matrix<double> a) => rows.Transpose() * a * columns;
                mean = 0.95 * mean + 0.05 * gradient;
                square = 0.95 * square + 0.05 * Into(gradient).PointwisePower(2);
                Matrix<double> step = rows * Into(mean).PointwiseDivide(square.PointwiseSqrt() + Epsilon) * columns.Transpose();
                for (int i = 0; i < 6; i++) x[i] = (x[i] - lr * correct * step[i / 2, i % 2]) * (1 - lr * Decay);
                for (int i = 6; i < N; i++)
                {
                    m[i] = 0.95 * m[i] + 0.05 * g[i];
                    v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
                    x[i] -= lr * correct * m[i] / (Math.Sqrt(v[i]) + Epsilon);
                }
            }
            left = 0.95 * left + 0.05 * gradient * gradient.Transpose();
            right = 0.95 * right + 0.05 * gradient.Transpose() * gradient;
            if (t == 1) (rows, columns) = (Eigenvectors(left), Eigenvectors(right));
            else if ((t - 1) % every == 0)
            {
                int[] byRow = Order(left, rows), byColumn = Order(right, columns);
                Matrix<double> old = square;
                square = DenseMatrix.Create(3, 2, (i, j) => old[byRow[i], byColumn[j]]);
                rows = Refreshed(left, rows, byRow);
                columns = Refreshed(right, columns, byColumn);
            }
        };

        static int[] Order(Matrix<double> moments, Matrix<double> basis)
        {
            Matrix<double> inside = basis.Transpose() * moments * basis;
            return [.. Enumerable.Range(0, basis.ColumnCount).OrderByDescending(i => inside[i, i])];
        }

        // Columns made orthonormal from left to right, as Gram and Schmidt's are: R has a positive diagonal.
        static Matrix<double> Refreshed(Matrix<double> moments, Matrix<double> basis, int[] order)
        {
            var qr = (moments * DenseMatrix.OfColumns([.. order.Select(basis.Column)])).QR(QRMethod.Thin);
            return qr.Q * DenseMatrix.OfDiagonalVector(qr.R.Diagonal().Map(r => (double)Math.Sign(r)));
        }

        // Largest eigenvalue first.
        static Matrix<double> Eigenvectors(Matrix<double> symmetric) =>
            DenseMatrix.OfColumns(symmetric.Evd(Symmetricity.Symmetric).EigenVectors.EnumerateColumns().Reverse());
    }

    private static PublishedUpdate Adafactor(bool relative)
    {
        double[] rows = new double[3], columns = new double[2], v = new double[N];
        return (x, g, t, lr, _) =>
        {
            double memory = 1 - Math.Pow(t, -0.8);
            for (int i = 0; i < 3; i++)
                rows[i] = memory * rows[i] + (1 - memory) * ((g[2 * i] * g[2 * i] + g[2 * i + 1] * g[2 * i + 1]) / 2 + 1e-30);
            for (int j = 0; j < 2; j++)
                columns[j] = memory * columns[j] + (1 - memory) * ((g[j] * g[j] + g[2 + j] * g[2 + j] + g[4 + j] * g[4 + j]) / 3 + 1e-30);
            double[] step = new double[N];
            for (int i = 0; i < 6; i++) step[i] = g[i] / Math.Sqrt(rows[i / 2] * columns[i % 2] / rows.Average());
            for (int i = 6; i < N; i++)
            {
                v[i] = memory * v[i] + (1 - memory) * (g[i] * g[i] + 1e-30);
                step[i] = g[i] / Math.Sqrt(v[i]);
            }
            foreach (int[] part in new int[][] { [0, 1, 2, 3, 4, 5], [6, 7] })
            {
                double size = Math.Sqrt(part.Average(i => x[i] * x[i])), length = Math.Sqrt(part.Average(i => step[i] * step[i]));
                double rate = lr * (relative ? Math.Max(1e-3, size) : 1);
                foreach (int i in part) x[i] -= rate * (DecayOf(i) * x[i] + step[i] / Math.Max(1, length));
            }
        };
    }
}
