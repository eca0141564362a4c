using System.Diagnostics;
using System.Globalization;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Tests.Oracles.Plain;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Benchmarks;

/// <summary>
/// A training step (forward, backward, clip, AdamW), by this repository's model and optimiser or written by hand on TorchSharp. Weights
/// are made by a formula of their names, so that both sides, and other versions of this program, compute one function.
/// </summary>
internal sealed class TrainingStep : IDisposable
{
    private readonly nn.Module<Tensor, Tensor, Tensor, Tensor> _model;
    private readonly Func<bool, double> _step;
    private readonly IDisposable _optimizer;
    private readonly Tensor _ids, _types, _mask, _labels;

    public TrainingStep(StepShape shape, bool plain)
    {
        var rows = arange(shape.Batch).unsqueeze(1);
        var columns = arange(shape.Tokens).unsqueeze(0);
        _ids = (rows * 31 + columns * 17 + 1) % shape.Vocab;
        _types = (columns > shape.Tokens / 2).to(ScalarType.Int64).expand(shape.Batch, -1).contiguous();
        _mask = (columns < (rows % (shape.Tokens / 2)).neg() + shape.Tokens).to(ScalarType.Int64);
        _labels = arange(shape.Batch) % 2;
        const double learningRate = 1e-3, weightDecay = 0.01;

        var own = new BertForSequenceClassification(shape.Config, 2);
        PeftModel.Apply(own, shape.Full ? PeftMethods.Full() : PeftMethods.Lora(shape.Config, new LoraOptions { Rank = shape.Rank }), 0);
        Fill(own.named_parameters().Select(p => (p.name, p.parameter)));
        if (!plain)
        {
            var optimizer = new FlatAdamW(PeftModel.TrainableParameters(own), new UpdateOptions { WeightDecay = weightDecay });
            (_model, _optimizer) = (own, optimizer);
            _step = read =>
            {
                using var scope = NewDisposeScope();
                var loss = nn.functional.cross_entropy(own.forward(_ids, _types, _mask), _labels);
                loss.backward();
                optimizer.Step(learningRate);
                return read ? loss.ToDouble() : 0;
            };
            return;
        }
        var method = new PlainMethod { Lora = shape.Full ? 0 : shape.Rank };
        var model = new PlainBert(shape.Config, 2, method, fused: shape.Dropout == 0, firstOnly: false);
        Fill(model.Named());
        var trained = PeftModel.TrainableParameters(own).Select(p => p.Name).ToHashSet();
        foreach (var (name, parameter) in model.Named()) parameter.requires_grad = trained.Contains(name);
        own.Dispose();
        var step = new PlainStep(model, weightDecay);
        (_model, _optimizer) = (model, step);
        _step = read => step.Run(_ids, _types, _mask, _labels, learningRate, read);
    }

    /// <summary>
    /// Answers a command: <c>check N</c> with the losses of N steps without dropout, <c>time N</c> with the wall and processor seconds of
    /// N steps with the configured dropout.
    /// </summary>
    public string Answer(string what, int count)
    {
        if (what == "check")
        {
            _model.eval();
            return string.Join(' ', Enumerable.Range(0, count).Select(_ => _step(true).ToString("R", CultureInfo.InvariantCulture)));
        }
        _model.train();
        using var process = Process.GetCurrentProcess();
        var (watch, used) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        for (var i = 0; i < count; i++) _step(false);
        var wall = watch.Elapsed;
        process.Refresh();
        var processor = process.TotalProcessorTime - used;
        return string.Create(CultureInfo.InvariantCulture, $"{wall.TotalSeconds:R} {processor.TotalSeconds:R}");
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        foreach (var tensor in new[] { _ids, _types, _mask, _labels }) tensor.Dispose();
    }

    private static void Fill(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        using var mode = no_grad();
        foreach (var (name, parameter) in parameters)
        {
            var phase = name.Select((c, i) => (i + 1L) * c).Sum() % 997 * 0.01;
            var start = name.EndsWith("LayerNorm.weight", StringComparison.Ordinal) ? 1.0 : 0.0;
            using var scope = NewDisposeScope();
            var count = (int)parameter.numel();
            parameter.copy_(
                tensor([.. Enumerable.Range(0, count).Select(i => start + 0.05 * Math.Sin(0.7 * i + phase))]).view(parameter.shape));
        }
    }
}
