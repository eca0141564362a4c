using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace AutoPeft.Peft.Tests.Torch;

public class TrainingTests
{
    private sealed class Encoder : nn.Module<Tensor, Tensor>
    {
        private readonly Embedding words;
        private readonly Linear query, key, value, output, up, down, classifier;
        private readonly LayerNorm first, second;
        private readonly long heads = 2, width;

        internal Encoder(long vocabulary, long width) : base(nameof(Encoder))
        {
            this.width = width;
            words = nn.Embedding(vocabulary, width);
            query = nn.Linear(width, width);
            key = nn.Linear(width, width);
            value = nn.Linear(width, width);
            output = nn.Linear(width, width);
            up = nn.Linear(width, 4 * width);
            down = nn.Linear(4 * width, width);
            first = nn.LayerNorm(width);
            second = nn.LayerNorm(width);
            classifier = nn.Linear(width, 2);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = words.call(input);
            long b = x.shape[0], n = x.shape[1];
            Tensor Split(Tensor t) => t.view(b, n, heads, width / heads).transpose(1, 2);
            var attended = F.scaled_dot_product_attention(Split(query.call(x)), Split(key.call(x)), Split(value.call(x)));
            x = first.call(x + output.call(attended.transpose(1, 2).reshape(b, n, width)));
            x = second.call(x + down.call(F.gelu(up.call(x))));
            return classifier.call(x[.., 0]).MoveToOuterDisposeScope();
        }
    }

    [Fact]
    public void An_encoder_learns_and_leaves_no_tensor_behind()
    {
        manual_seed(0);
        using var model = new Encoder(50, 16);
        using var optimizer = optim.AdamW(model.parameters(), lr: 1e-2, weight_decay: 0.01);
        using var tokens = randint(0, 50, [32, 7]);
        using var labels = tokens[.., 3].gt(24).to(int64);
        double firstLoss = 0, lastLoss = 0;
        long live = 0;
        for (int step = 0; step < 60; step++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = F.cross_entropy(model.call(tokens), labels);
            loss.backward();
            nn.utils.clip_grad_norm_(model.parameters(), 1.0);
            optimizer.step();
            lastLoss = loss.ToDouble();
            if (step == 0) firstLoss = lastLoss;
            if (step == 10) live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            if (step > 10) Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
        Assert.InRange(firstLoss, 0.5, 1.2);
        Assert.True(lastLoss < 0.1, $"{firstLoss} -> {lastLoss}");
    }
}
