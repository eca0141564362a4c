using System.Runtime.CompilerServices;

namespace AutoPeft.Randomness;

/// <summary>
/// Counter-based random numbers, Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
/// A stream is named by a key, so there is no shared generator to restart: the same (seed, number, purpose) always gives the same numbers,
/// in any process and any order. Not thread-safe; make one per use, it costs 64 bytes.
/// </summary>
public sealed class Philox
{
    private const uint M0 = 0xD2511F53, M1 = 0xCD9E8D57, W0 = 0x9E3779B9, W1 = 0xBB67AE85;

    private readonly uint _k0, _k1, _c2, _c3;
    private ulong _block;
    private uint _b0, _b1, _b2, _b3;
    private int _used = 4;
    private double _spareNormal = double.NaN;

    /// <summary>The stream of <paramref name="seed"/> for one <paramref name="number"/> (a trial, say); 0 unless stated.</summary>
    public Philox(ulong seed, ulong number = 0) : this(seed, number, StreamPurpose.General) { }

    /// <summary>The stream of <paramref name="seed"/> for one <paramref name="number"/> and one purpose.</summary>
    internal Philox(ulong seed, ulong number, StreamPurpose purpose)
    {
        // The seed is the key; the number and the purpose select a counter range of 2^64 blocks that no other stream touches.
        _k0 = (uint)seed;
        _k1 = (uint)(seed >> 32);
        ulong high = Mix(number * 0x9E3779B97F4A7C15UL + (ulong)purpose);
        _c2 = (uint)high;
        _c3 = (uint)(high >> 32);
    }

    /// <summary>Draws the next 32 random bits of the stream.</summary>
    public uint NextUInt32()
    {
        if (_used == 4) Refill();
        return _used++ switch { 0 => _b0, 1 => _b1, 2 => _b2, _ => _b3 };
    }

    /// <summary>Draws the next 64 random bits of the stream.</summary>
    public ulong NextUInt64() => ((ulong)NextUInt32() << 32) | NextUInt32();

    /// <summary>Uniform on [0, 1) with 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform on {0, …, <paramref name="bound"/> − 1}, without bias (Lemire 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        ulong m = (ulong)NextUInt32() * (uint)bound;
        if ((uint)m < (uint)bound)
        {
            uint threshold = (uint)-bound % (uint)bound;
            while ((uint)m < threshold) m = (ulong)NextUInt32() * (uint)bound;
        }
        return (int)(m >> 32);
    }

    /// <summary>Standard normal, by the polar method (Marsaglia).</summary>
    public double NextNormal()
    {
        if (!double.IsNaN(_spareNormal))
        {
            double spare = _spareNormal;
            _spareNormal = double.NaN;
            return spare;
        }
        while (true)
        {
            double u = 2 * NextDouble() - 1, v = 2 * NextDouble() - 1, s = u * u + v * v;
            if (s is >= 1 or 0) continue;
            double f = Math.Sqrt(-2 * Math.Log(s) / s);
            _spareNormal = v * f;
            return u * f;
        }
    }

    /// <summary>Shuffles items in place by Fisher and Yates' method, uniformly over all orders.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>
    /// The bijection itself: 128 bits of counter and 64 bits of key to 128 random bits. Random123's known answers hold for it.
    /// </summary>
    public static (uint, uint, uint, uint) Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)M0 * c0, p1 = (ulong)M1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += W0;
            k1 += W1;
        }
        return (c0, c1, c2, c3);
    }

    private void Refill()
    {
        (_b0, _b1, _b2, _b3) = Block((uint)_block, (uint)(_block >> 32), _c2, _c3, _k0, _k1);
        _block++;
        _used = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong z)
    {
        // SplitMix64's finaliser: a bijection, so two (number, purpose) pairs collide only if number·γ + purpose does.
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
