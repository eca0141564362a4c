using AutoPeft.Peft.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Oracles.Plain;

/// <summary>A BERT layer as one writes it by hand on TorchSharp's modules.</summary>
internal sealed class PlainLayer : nn.Module
{
    private readonly nn.Module<Tensor, Tensor> query, value;
    private readonly Linear key, attended, inner, outer;
    private readonly LayerNorm attention_norm, output_norm;
    private readonly Dropout dropout;
    private readonly PlainBottleneck? serial, parallel;
    private readonly Parameter? key_scale, value_scale, inner_scale, prefix;
    private readonly int _heads;
    private readonly double _attentionDropout;
    private readonly bool _fused;

    public PlainLayer(BertConfig config, PlainMethod method, bool fused) : base(nameof(PlainLayer))
    {
        int d = config.HiddenSize;
        (_heads, _attentionDropout, _fused) = (config.NumAttentionHeads, config.AttentionProbsDropoutProb, fused);
        query = method.Lora > 0 ? new PlainLora(d, method.Lora, method.Dora) : nn.Linear(d, d);
        value = method.Lora > 0 ? new PlainLora(d, method.Lora, method.Dora) : nn.Linear(d, d);
        (key, attended) = (nn.Linear(d, d), nn.Linear(d, d));
        (inner, outer) = (nn.Linear(d, config.IntermediateSize), nn.Linear(config.IntermediateSize, d));
        attention_norm = nn.LayerNorm(d, eps: config.LayerNormEps);
        output_norm = nn.LayerNorm(d, eps: config.LayerNormEps);
        dropout = nn.Dropout(config.HiddenDropoutProb);
        if (method.Serial > 0) serial = new PlainBottleneck(d, method.Serial);
        if (method.Parallel > 0) parallel = new PlainBottleneck(d, method.Parallel);
        if (method.Prefix > 0 && method.PrefixMlp == 0) prefix = new Parameter(zeros(method.Prefix, 2, d));
        if (method.Ia3)
            (key_scale, value_scale, inner_scale) =
                (new Parameter(ones(d)), new Parameter(ones(d)), new Parameter(ones(config.IntermediateSize)));
        RegisterComponents();
    }

    /// <param name="x"><c>[batch, tokens, d]</c>.</param>
    /// <param name="mask"><c>[batch, 1, 1, tokens]</c>, 0 or the lowest float.</param>
    /// <param name="shared">This layer's keys and values of a shared prefix, <c>[n, 2, d]</c>; null: none.</param>
    /// <param name="firstOnly">Answer for the first token alone.</param>
    public Tensor Forward(Tensor x, Tensor mask, Tensor? shared, bool firstOnly)
    {
        var asking = firstOnly ? x.narrow(1, 0, 1) : x;
        var (q, k, v) = (query.forward(asking), key.forward(x), value.forward(x));
        if (key_scale is not null) (k, v) = (k * key_scale, v * value_scale!);
        if ((shared ?? prefix) is { } more)
        {
            var (batch, length) = (x.shape[0], more.shape[0]);
            k = cat([more.select(1, 0).unsqueeze(0).expand(batch, -1, -1), k], 1);
            v = cat([more.select(1, 1).unsqueeze(0).expand(batch, -1, -1), v], 1);
            mask = cat([zeros(batch, 1, 1, length), mask], -1);
        }
        var context = Attention(Heads(q), Heads(k), Heads(v), mask).transpose(1, 2).reshape(asking.shape);
        x = attention_norm.forward(dropout.forward(attended.forward(context)) + asking);
        var wide = nn.functional.gelu(inner.forward(x));
        if (inner_scale is not null) wide = wide * inner_scale;
        var sum = dropout.forward(outer.forward(wide)) + x;
        var added = sum;
        if (serial is not null) added = added + serial.forward(output_norm.forward(sum));
        if (parallel is not null) added = added + parallel.forward(x) * 4;
        return output_norm.forward(added);
    }

    private Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor mask)
    {
        var p = training ? _attentionDropout : 0;
        if (_fused) return nn.functional.scaled_dot_product_attention(q, k, v, mask, p);
        var scores = q.matmul(k.transpose(-1, -2)) / Math.Sqrt(q.shape[^1]) + mask;
        return nn.functional.dropout(scores.softmax(-1), p, training).matmul(v);
    }

    private Tensor Heads(Tensor x) => x.view(x.shape[0], x.shape[1], _heads, -1).transpose(1, 2);
}
