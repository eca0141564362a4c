using AutoPeft.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>
/// A text as packed sequences: cut end to end into blocks of one length, none padded, each with the tokens behind its own as targets.
/// The order of the blocks is a function of seed and pass alone. Immutable.
/// </summary>
internal sealed class TokenBlocks
{
    private readonly int[] _tokens;
    private readonly int _first, _count, _length;

    private TokenBlocks(int[] tokens, int first, int count, int length) =>
        (_tokens, _first, _count, _length) = (tokens, first, count, length);

    /// <summary>Blocks in one pass over the text, wherever the first one begins.</summary>
    public int Count => (_count - 1) / _length - (_count - 1 >= 2 * _length ? 1 : 0);

    /// <summary>Tokens of a block.</summary>
    public int Length => _length;

    /// <summary>A text's first part for training, its last part held out.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="length">Tokens of a block.</param>
    /// <param name="heldOutShare">Share held out; 0: nothing.</param>
    /// <exception cref="InvalidInputException">A part is shorter than one block and the token behind it.</exception>
    public static (TokenBlocks Train, TokenBlocks? HeldOut) Split(int[] tokens, int length, double heldOutShare)
    {
        int heldOut = heldOutShare == 0 ? 0 : (int)Math.Round(heldOutShare * tokens.Length);
        int train = tokens.Length - heldOut;
        if (train <= length || heldOutShare > 0 && heldOut <= length)
            throw new InvalidInputException(
                $"a text of {tokens.Length} tokens, {heldOut} of them held out, is too short for sequences of {length}; "
                + "take more text or shorter sequences");
        return (new TokenBlocks(tokens, 0, train, length), heldOut == 0 ? null : new TokenBlocks(tokens, train, heldOut, length));
    }

    /// <summary>The block of each sequence of the training, pass after pass, without end.</summary>
    /// <remarks>Each pass cuts the text at other places: it starts at a random offset of less than one block.</remarks>
    public IEnumerable<int> Starts(ulong seed)
    {
        for (ulong pass = 0; ; pass++)
        {
            var random = new Philox(seed, pass, StreamPurpose.Training);
            int spare = _count - 1 - Count * _length;
            int offset = _first + random.NextInt(Math.Min(spare, _length - 1) + 1);
            int[] order = [.. Enumerable.Range(0, Count)];
            random.Shuffle(order.AsSpan());
            foreach (int block in order) yield return offset + block * _length;
        }
    }

    /// <summary>The first blocks in the order of the text, every token once.</summary>
    /// <param name="tokens">How many tokens at most; at least one block comes.</param>
    public int[] InOrder(int tokens) =>
        [.. Enumerable.Range(0, Math.Max(1, Math.Min(tokens, _count - 1) / _length)).Select(b => _first + b * _length)];

    /// <summary>The sequences that begin at these places.</summary>
    /// <returns>Inputs and targets, each <c>[starts, length]</c> int64.</returns>
    public (Tensor Inputs, Tensor Targets) Read(ReadOnlySpan<int> starts, Device device)
    {
        long[] inputs = new long[starts.Length * _length], targets = new long[inputs.Length];
        for (int row = 0; row < starts.Length; row++)
        {
            for (int i = 0; i < _length; i++)
            {
                inputs[row * _length + i] = _tokens[starts[row] + i];
                targets[row * _length + i] = _tokens[starts[row] + i + 1];
            }
        }
        return (tensor(inputs, [starts.Length, _length], device: device), tensor(targets, [starts.Length, _length], device: device));
    }
}
