using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.Lora;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Adapters;

/// <summary>Gradients of a small classifier's loss against central differences in float64.</summary>
internal static class CentralDifferences
{
    private const double Step = 1e-5;
    private const double Tolerance = 1e-6;

    public static BertConfig Config =>
        BertOracle.Config with { VocabSize = 11, HiddenSize = 6, NumAttentionHeads = 2, IntermediateSize = 8, MaxPositionEmbeddings = 8 };

    /// <summary>Every trained number has the gradient that differences say, and nothing else has one.</summary>
    /// <param name="model">Of <see cref="Config"/>, in float64.</param>
    public static void Check(BertForSequenceClassification model)
    {
        var norms = new FrozenNorms(model);

        Loss(model).backward();
        foreach (var (tensorName, parameter) in PeftModel.TrainableParameters(model))
        {
            Assert.True(parameter.grad is not null, $"{tensorName} has no gradient");
            var analytic = BertOracle.Values(parameter.grad!);
            var numeric = new double[analytic.Length];
            for (var i = 0; i < numeric.Length; i++)
                numeric[i] = (At(model, parameter, i, Step, norms) - At(model, parameter, i, -Step, norms)) / (2 * Step);
            var error = Math.Sqrt(analytic.Zip(numeric).Sum(p => Math.Pow(p.First - p.Second, 2)));
            var size = Math.Sqrt(Math.Max(analytic.Sum(a => a * a), numeric.Sum(n => n * n)));
            // A key's bias has no effect, softmax being blind to it: there only the differences' own rounding is left to compare.
            Assert.True(error < Tolerance * Math.Max(size, 1e-3), $"{tensorName}: relative error {error / size:g3}, size {size:g3}");
        }
        foreach (var (tensorName, parameter) in model.named_parameters())
            if (!parameter.requires_grad) Assert.True(parameter.grad is null, $"{tensorName} is frozen but has a gradient");
    }

    private static Tensor Loss(BertForSequenceClassification model)
    {
        using var scope = NewDisposeScope();
        var ids = tensor([1L, 4, 7, 10, 0, 2, 5, 8, 3, 6]).view(2, 5);
        var types = tensor([0L, 0, 1, 1, 1, 0, 0, 0, 1, 1]).view(2, 5);
        var mask = tensor([1L, 1, 1, 1, 0, 1, 1, 1, 1, 1]).view(2, 5);
        return nn.functional.cross_entropy(model.forward(ids, types, mask), tensor([2L, 0])).MoveToOuterDisposeScope();
    }

    private static double At(BertForSequenceClassification model, Parameter parameter, int index, double step, FrozenNorms norms)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var entry = parameter.view(-1).narrow(0, index, 1);
        var before = entry.clone();
        entry.add_(step);
        norms.Hold();
        var loss = Loss(model).item<double>();
        norms.Release();
        entry.copy_(before);
        return loss;
    }

    /// <summary>
    /// DoRA's gradient treats the norm of W + sBA as a constant (section 4.3 of its paper), so the differences must hold it
    /// constant as well: the magnitude is scaled by as much as the norm has moved.
    /// </summary>
    private sealed class FrozenNorms
    {
        private readonly List<(AdaptableLinear Linear, BlockTensors Update, BlockTensors Magnitude, Tensor Norm)> sites = [];
        private readonly List<Tensor> saved = [];

        public FrozenNorms(BertForSequenceClassification model)
        {
            using var mode = no_grad();
            var modules = model.named_modules().ToDictionary(m => m.name, m => m.module);
            foreach (var (path, module) in modules)
                if (module is BlockTensors { Block: DoraMagnitude } magnitude)
                {
                    var host = path[..path.IndexOf(".adapter.", StringComparison.Ordinal)];
                    var (linear, update) = ((AdaptableLinear)modules[host], (BlockTensors)modules[host + ".adapter.lora"]);
                    sites.Add((linear, update, magnitude, Norm(linear, update)));
                }
        }

        public void Hold()
        {
            foreach (var (linear, update, magnitude, norm) in sites)
            {
                saved.Add(magnitude["vector"].detach().clone());
                magnitude["vector"].mul_(Norm(linear, update) / norm);
            }
        }

        public void Release()
        {
            for (var i = 0; i < sites.Count; i++) sites[i].Magnitude["vector"].copy_(saved[i]);
            saved.Clear();
        }

        private static Tensor Norm(AdaptableLinear linear, BlockTensors update) =>
            (linear.Weight + update["B"].matmul(update["A"]) * ((LoraBlock)update.Block).Scale).pow(2).sum(1).sqrt();
    }
}
