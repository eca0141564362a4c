using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization.Tests;

/// <summary>A perceptron with two hidden layers, torch's own initialisation.</summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    public readonly Linear input, hidden, output;

    public Mlp(int width, int inputs = 16, int outputs = 10) : base(nameof(Mlp))
    {
        input = nn.Linear(inputs, width);
        hidden = nn.Linear(width, width);
        output = nn.Linear(width, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) =>
        output.call(nn.functional.relu(hidden.call(nn.functional.relu(input.call(x)))));
}

/// <summary>What a test decoder may do otherwise than it should.</summary>
internal sealed record DecoderFlaws
{
    /// <summary>Logits divided by √d while d grows.</summary>
    public bool RootAttention { get; init; }

    /// <summary>The head's forward is run instead of its call, so that hooks are passed by.</summary>
    public bool HooksPassedBy { get; init; }
}

/// <summary>Multi-head attention with a fixed number of heads; keys and values may have fewer (grouped queries).</summary>
internal sealed class Attention : nn.Module<Tensor, Tensor>
{
    private readonly int _heads, _keyHeads, _baseHead;
    private readonly bool _causal, _root;
    public readonly Linear query, key, value, output;
    public readonly Identity scores;

    public Attention(int width, int heads, int keyHeads, int baseHead, bool causal, DecoderFlaws flaws) : base(nameof(Attention))
    {
        (_heads, _keyHeads, _baseHead, _causal, _root) = (heads, keyHeads, baseHead, causal, flaws.RootAttention);
        int keys = width / heads * keyHeads;
        query = nn.Linear(width, width, hasBias: false);
        key = nn.Linear(width, keys, hasBias: false);
        value = nn.Linear(width, keys, hasBias: false);
        output = nn.Linear(width, width, hasBias: false);
        scores = nn.Identity();
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        long batch = x.shape[0], length = x.shape[1], width = x.shape[2], head = width / _heads;
        Tensor Split(Tensor t, int heads) => t.view(batch, length, heads, head).transpose(1, 2);
        Tensor Shared(Tensor t) => Split(t, _keyHeads).repeat_interleave(_heads / _keyHeads, 1);
        double scale = _root ? Math.Pow(head, -0.5) : Parametrization.AttentionScale((int)head, _baseHead);
        Tensor logits = Split(query.call(x), _heads).matmul(Shared(key.call(x)).transpose(-2, -1)) * scale;
        logits = scores.call(logits);
        if (_causal) logits = logits.masked_fill(ones(length, length, ScalarType.Bool).triu(1), double.NegativeInfinity);
        Tensor mixed = nn.functional.softmax(logits, -1).matmul(Shared(value.call(x)));
        return output.call(mixed.transpose(1, 2).reshape(batch, length, width));
    }
}

internal sealed class Feed : nn.Module<Tensor, Tensor>
{
    public readonly Linear up, down;

    public Feed(int width, int inner) : base(nameof(Feed))
    {
        up = nn.Linear(width, inner);
        down = nn.Linear(inner, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => down.call(nn.functional.gelu(up.call(x)));
}

internal sealed class Block : nn.Module<Tensor, Tensor>
{
    public readonly LayerNorm before, between;
    public readonly Attention attention;
    public readonly Feed mlp;

    public Block(int width, int heads, int keyHeads, int baseHead, bool causal, DecoderFlaws flaws, int? inner = null) : base(nameof(Block))
    {
        before = nn.LayerNorm(width);
        between = nn.LayerNorm(width);
        attention = new Attention(width, heads, keyHeads, baseHead, causal, flaws);
        mlp = new Feed(width, inner ?? 4 * width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = x + attention.call(before.call(x));
        return x + mlp.call(between.call(x));
    }
}

/// <summary>A small pre-norm decoder; GPT-2's initialisation where a standard deviation is given, torch's otherwise.</summary>
internal sealed class Decoder : nn.Module<Tensor, Tensor>
{
    public const int Vocabulary = 32, Length = 16, Heads = 4;
    private readonly DecoderFlaws _flaws;
    public readonly Embedding tokens, positions;
    public readonly ModuleList<Block> layers;
    public readonly LayerNorm norm;
    public readonly Linear head;

    public Decoder(int width, int depth = 2, bool tied = false, int keyHeads = Heads, int baseWidth = 64, double? std = 0.1,
        DecoderFlaws? flaws = null, int? inner = null) : base(nameof(Decoder))
    {
        _flaws = flaws ?? new DecoderFlaws();
        tokens = nn.Embedding(Vocabulary, width);
        positions = nn.Embedding(Length, width);
        layers = nn.ModuleList([.. Enumerable.Range(0, depth)
            .Select(_ => new Block(width, Heads, keyHeads, baseWidth / Heads, true, _flaws, inner))]);
        norm = nn.LayerNorm(width);
        head = nn.Linear(width, Vocabulary, hasBias: false);
        if (tied) head.weight = tokens.weight!;
        RegisterComponents();
        if (std is { } s)
        {
            foreach (var (name, parameter) in named_parameters())
            {
                if (parameter.dim() > 1) nn.init.normal_(parameter, 0, s);
                else if (name.EndsWith("bias")) nn.init.zeros_(parameter);
            }
        }
    }

    public override Tensor forward(Tensor ids)
    {
        Tensor x = tokens.call(ids) + positions.call(arange(ids.shape[1]));
        foreach (Block block in layers) x = block.call(x);
        x = norm.call(x);
        return _flaws.HooksPassedBy ? head.forward(x) : head.call(x);
    }
}

/// <summary>A convolutional classifier with a depthwise layer.</summary>
internal sealed class ConvNet : nn.Module<Tensor, Tensor>
{
    public readonly Conv2d first, second, depthwise;
    public readonly Linear output;

    public ConvNet(int width) : base(nameof(ConvNet))
    {
        first = nn.Conv2d(3, width, 3, padding: 1);
        second = nn.Conv2d(width, width, 3, padding: 1);
        depthwise = nn.Conv2d(width, width, 3, padding: 1, groups: width);
        output = nn.Linear(width, 10);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = nn.functional.relu(first.call(x));
        x = nn.functional.relu(second.call(x));
        x = nn.functional.relu(depthwise.call(x));
        return output.call(x.mean([2, 3]));
    }
}

/// <summary>A bare table of positions: nothing says which axis it sums over.</summary>
internal sealed class BareTable : nn.Module<Tensor, Tensor>
{
    public readonly Parameter table;
    public readonly Linear output;

    public BareTable(int width) : base(nameof(BareTable))
    {
        table = nn.Parameter(randn(8, width));
        output = nn.Linear(width, 3);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => output.call(table.index_select(0, x));
}
