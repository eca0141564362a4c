namespace AutoPeft.Samplers.Cma;

/// <summary>
/// The state of CMA-ES (Hansen, "The CMA evolution strategy: a tutorial", 2016, default parameters) on the unit cube, with the Cholesky
/// factor in place of the symmetric root (Krause, Arbonès and Igel 2016), so that replaying a history costs d³/6 a generation.
/// </summary>
internal sealed class CmaState
{
    private readonly int _d, _mu;
    private readonly double[] _weights, _pathSigma, _pathC, _minimalDeviation;
    private readonly double[,] _c;
    private readonly double _muEffective, _cSigma, _dSigma, _cC, _c1, _cMu, _chi;
    private int _generation;

    /// <param name="start">The first mean.</param>
    /// <param name="sigma">The first step size; 0.3 searches the whole cube.</param>
    /// <param name="minimalDeviation">Least standard deviation by coordinate: half a step of a discrete one, so that it cannot freeze on a
    /// value (CMA-ES with margin, Hamano et al. 2022).</param>
    public CmaState(double[] start, double sigma, double[] minimalDeviation)
    {
        _d = start.Length;
        Mean = (double[])start.Clone();
        Sigma = sigma;
        _minimalDeviation = minimalDeviation;
        Population = 4 + (int)(3 * Math.Log(_d));
        _mu = Population / 2;
        _weights = new double[_mu];
        double sum = 0, squares = 0;
        for (int i = 0; i < _mu; i++) sum += _weights[i] = Math.Log((Population + 1) / 2.0) - Math.Log(i + 1);
        for (int i = 0; i < _mu; i++) squares += (_weights[i] /= sum) * _weights[i];
        _muEffective = 1 / squares;
        _cSigma = (_muEffective + 2) / (_d + _muEffective + 5);
        _dSigma = 1 + 2 * Math.Max(0, Math.Sqrt((_muEffective - 1) / (_d + 1)) - 1) + _cSigma;
        _cC = (4 + _muEffective / _d) / (_d + 4 + 2 * _muEffective / _d);
        _c1 = 2 / ((_d + 1.3) * (_d + 1.3) + _muEffective);
        _cMu = Math.Min(1 - _c1, 2 * (_muEffective - 2 + 1 / _muEffective) / ((_d + 2) * (_d + 2) + _muEffective));
        _chi = Math.Sqrt(_d) * (1 - 1.0 / (4 * _d) + 1.0 / (21.0 * _d * _d));
        (_pathSigma, _pathC, _c, Factor) = (new double[_d], new double[_d], new double[_d, _d], new double[_d, _d]);
        for (int i = 0; i < _d; i++) _c[i, i] = Factor[i, i] = 1;
    }

    /// <summary>λ.</summary>
    public int Population { get; }

    /// <summary>The centre of the search.</summary>
    public double[] Mean { get; }

    /// <summary>The step size.</summary>
    public double Sigma { get; private set; }

    /// <summary>Lower triangular L with C = LLᵀ.</summary>
    public double[,] Factor { get; }

    /// <summary>Takes in a generation.</summary>
    /// <param name="ranked">The generation's points, best first; at least μ of them.</param>
    public void Update(IReadOnlyList<double[]> ranked)
    {
        _generation++;
        int mu = Math.Min(_mu, ranked.Count);
        var old = (double[])Mean.Clone();
        Array.Clear(Mean);
        for (int k = 0; k < mu; k++)
            for (int i = 0; i < _d; i++) Mean[i] += _weights[k] * ranked[k][i];
        double missing = 1;
        for (int k = 0; k < mu; k++) missing -= _weights[k];
        var step = new double[_d];
        for (int i = 0; i < _d; i++)
        {
            Mean[i] += missing * old[i];
            step[i] = (Mean[i] - old[i]) / Sigma;
        }
        double[] white = Whiten(step);
        double norm = 0, cs = Math.Sqrt(_cSigma * (2 - _cSigma) * _muEffective);
        for (int i = 0; i < _d; i++)
        {
            _pathSigma[i] = (1 - _cSigma) * _pathSigma[i] + cs * white[i];
            norm += _pathSigma[i] * _pathSigma[i];
        }
        norm = Math.Sqrt(norm);
        bool moving = norm / Math.Sqrt(1 - Math.Pow(1 - _cSigma, 2 * _generation)) < (1.4 + 2.0 / (_d + 1)) * _chi;
        double cc = moving ? Math.Sqrt(_cC * (2 - _cC) * _muEffective) : 0;
        for (int i = 0; i < _d; i++) _pathC[i] = (1 - _cC) * _pathC[i] + cc * step[i];
        double keep = 1 - _c1 - _cMu + (moving ? 0 : _c1 * _cC * (2 - _cC));
        for (int i = 0; i < _d; i++)
            for (int j = 0; j <= i; j++)
            {
                double rank = 0;
                for (int k = 0; k < mu; k++) rank += _weights[k] * (ranked[k][i] - old[i]) * (ranked[k][j] - old[j]);
                _c[i, j] = keep * _c[i, j] + _c1 * _pathC[i] * _pathC[j] + _cMu * rank / (Sigma * Sigma);
            }
        Sigma = Math.Clamp(Sigma * Math.Exp(_cSigma / _dSigma * (norm / _chi - 1)), 1e-12, 1);
        for (int i = 0; i < _d; i++)
        {
            double least = _minimalDeviation[i] / Sigma;
            if (_c[i, i] < least * least) _c[i, i] = least * least;
        }
        Refactor();
    }

    private double[] Whiten(double[] y)
    {
        var z = new double[_d];
        for (int i = 0; i < _d; i++)
        {
            double sum = y[i];
            for (int j = 0; j < i; j++) sum -= Factor[i, j] * z[j];
            z[i] = sum / Factor[i, i];
        }
        return z;
    }

    private void Refactor()
    {
        for (int i = 0; i < _d; i++)
            for (int j = 0; j <= i; j++)
            {
                double sum = _c[i, j];
                for (int k = 0; k < j; k++) sum -= Factor[i, k] * Factor[j, k];
                // Rounding can make a pivot vanish; a small one keeps the search alive in that direction.
                Factor[i, j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-14)) : sum / Factor[j, j];
            }
    }
}
