using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Models;

/// <summary>Attention logits that hooks see, against q·k/√d summed by hand.</summary>
public sealed class ShownLogitsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void An_encoder_shows_the_logits_of_every_pair_whose_key_is_no_padding()
    {
        var model = new BertForSequenceClassification(BertOracle.Config, BertOracle.Labels);
        model.to(ScalarType.Float64);
        BertOracle.Fill(model);
        model.eval();
        var (ids, types, mask) = BertOracle.Inputs();
        Tensor before = model.forward(ids, types, mask);
        string[] tensors = [.. model.state_dict().Keys];

        model.ShowsAttentionLogits = true;
        Tensor[] seen = Watched(model, "bert.encoder.layer.0.attention.self.logits", "bert.encoder.layer.1.attention.self.logits");
        Assert.Equal(BertOracle.Values(before), BertOracle.Values(model.forward(ids, types, mask)));
        Assert.Equal(tensors, model.state_dict().Keys);

        BertSelfAttention attention = model.Bert.Layers[0].Attention.Self;
        Tensor hidden = model.Bert.Embeddings.forward(ids, types);
        Tensor queries = attention.Query.forward(hidden), keys = attention.Key.forward(hidden);
        BertOracle.AssertClose(ByHand(queries, keys, heads: 3, (row, i, j) => mask[row, j].item<long>() != 0), Finite(seen[0]), 1e-12);
        // The pooler reads the first token of the last layer alone.
        Assert.Equal([2, 3, 1, 7], seen[1].shape);

        model.ShowsAttentionLogits = false;
        Assert.False(model.ShowsAttentionLogits);
        Assert.DoesNotContain(model.named_modules(), m => m.name.EndsWith("logits", StringComparison.Ordinal));
        Assert.Equal(BertOracle.Values(before), BertOracle.Values(model.forward(ids, types, mask)));
    }

    [Fact]
    public void A_decoder_shows_the_logits_of_every_token_and_those_before_it()
    {
        using DecoderModel model = DecoderOracle.Model("Gpt2");
        Tensor before = model.forward(DecoderOracle.Inputs());
        Tensor made = zeros(0);
        model.Layers[0].Attention.Fused!.register_forward_hook((_, _, output) =>
        {
            made = output.clone().DetachFromDisposeScope();
            return output;
        });
        model.ShowsAttentionLogits = true;
        Tensor[] seen = Watched(model, "transformer.h.0.attn.logits", "transformer.h.1.attn.logits");
        Assert.Equal(BertOracle.Values(before), BertOracle.Values(model.forward(DecoderOracle.Inputs())));
        Tensor[] all = made.chunk(3, -1);
        BertOracle.AssertClose(ByHand(all[0], all[1], heads: 3, (_, i, j) => j <= i), Finite(seen[0]), 1e-12);
        // Another scale is in the logits, as muP's constant over the width of a head.
        model.AttentionScale = 0.25;
        Tensor half = seen[0];
        model.forward(DecoderOracle.Inputs());
        BertOracle.AssertClose([.. BertOracle.Values(Finite(half)).Select(v => v * 0.25 * Math.Sqrt(4))], Finite(seen[0]), 1e-12);
    }

    [Theory]
    [InlineData("Mistral", 3)]
    [InlineData("Llama", 7)]
    public void Grouped_keys_are_those_of_their_heads_and_a_window_hides_what_is_before_it(string family, int window)
    {
        using DecoderModel model = DecoderOracle.Model(family);
        var (queries, keys) = (zeros(0), zeros(0));
        model.Layers[0].Attention.Query!.register_forward_hook((_, _, output) =>
        {
            queries = output.clone().DetachFromDisposeScope();
            return output;
        });
        model.Layers[0].Attention.Key!.register_forward_hook((_, _, output) =>
        {
            keys = output.clone().DetachFromDisposeScope();
            return output;
        });
        model.ShowsAttentionLogits = true;
        Tensor[] seen = Watched(model, "model.layers.0.self_attn.logits");
        model.forward(DecoderOracle.Inputs());
        // A token's own pair: both are turned by one angle, which leaves their product, but for the single precision of the angles' table.
        for (var head = 0; head < 4; head++)
            for (var token = 0; token < 7; token++)
                Assert.Equal(Dot(queries, keys, 0, token, token, 6 * head, 6 * (head / 2), 6) / Math.Sqrt(6),
                    seen[0][0, head, token, token].ToDouble(), 1e-5);
        double[] row = BertOracle.Values(seen[0][0, 0, 5]);
        Assert.Equal([.. Enumerable.Range(0, 7).Select(j => j <= 5 && j > 5 - window)], row.Select(double.IsFinite));
    }

    private static Tensor[] Watched(nn.Module model, params string[] names)
    {
        var seen = new Tensor[names.Length];
        var modules = model.named_modules().ToDictionary(m => m.name, m => m.module);
        for (var i = 0; i < names.Length; i++)
        {
            int at = i;
            ((nn.Module<Tensor, Tensor>)modules[names[i]]).register_forward_hook((_, _, logits) =>
            {
                seen[at] = logits.clone().DetachFromDisposeScope();
                return logits;
            });
        }
        return seen;
    }

    private static Tensor Finite(Tensor logits) => logits.masked_fill(logits.isneginf(), 0);

    /// <summary>q·k/√d of every pair that is seen, 0 of the others, in the order [batch, heads, tokens, tokens].</summary>
    private static double[] ByHand(Tensor queries, Tensor keys, int heads, Func<int, int, int, bool> visible)
    {
        var (rows, tokens, width) = ((int)queries.shape[0], (int)queries.shape[1], (int)queries.shape[2] / heads);
        return
        [
            .. from row in Enumerable.Range(0, rows)
               from head in Enumerable.Range(0, heads)
               from i in Enumerable.Range(0, tokens)
               from j in Enumerable.Range(0, tokens)
               select visible(row, i, j) ? Dot(queries, keys, row, i, j, head * width, head * width, width) / Math.Sqrt(width) : 0,
        ];
    }

    private static double Dot(Tensor queries, Tensor keys, int row, int i, int j, int fromQuery, int fromKey, int width)
    {
        double sum = 0;
        for (var k = 0; k < width; k++) sum += queries[row, i, fromQuery + k].ToDouble() * keys[row, j, fromKey + k].ToDouble();
        return sum;
    }
}
