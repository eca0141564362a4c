using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// The largest |q·k| × scale of one attention, before softmax. Attention logits that grow with the training, the rate or the size make
/// softmax one-hot and trainings diverge: Wortsman et al. (ICLR 2024, section 3.1.1) see that from about 10⁴, and foretell it for large
/// models from the growth over small ones.
/// </summary>
/// <param name="Module">Name of the module that the logits pass through.</param>
/// <param name="Largest">
/// The largest absolute logit of all heads and pairs of tokens; masked pairs, whose logit is −∞, are left out. NaN where one is NaN.
/// </param>
public sealed record AttentionLogits(string Module, double Largest)
{
    /// <summary>Measures every attention of a model in the forward passes of one action. The model stays as it is.</summary>
    /// <param name="model">
    /// The model. Its attentions pass their logits through a module that gives them on, such as nn.Identity, run by <c>call</c>; a fused
    /// kernel shows nothing. Models of AutoPeft.Peft do so with <c>ShowsAttentionLogits</c>.
    /// </param>
    /// <param name="run">Runs the model, usually on one batch.</param>
    /// <param name="modules">
    /// Names of the modules that logits pass through; * stands for any run of characters. Default: "*.logits", as in AutoPeft.Peft.
    /// </param>
    /// <returns>A measurement for each attention, in the model's order.</returns>
    /// <exception cref="InvalidInputException">The model has no such module, or one of them was not run.</exception>
    public static IReadOnlyList<AttentionLogits> Of(nn.Module model, Action run, string modules = "*.logits")
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        var pattern = new NamePattern(modules);
        (string Name, nn.Module<Tensor, Tensor> Module)[] watched =
        [
            .. from module in ModelTensor.Modules(model)
               where pattern.Fits(module.Name)
               select (module.Name, module.Module as nn.Module<Tensor, Tensor>
                   ?? throw new InvalidInputException($"{module.Name}: does not take and give one tensor, as what logits pass through")),
        ];
        if (watched.Length == 0)
            throw new InvalidInputException($"'{modules}': the model has no such module; let its attentions pass their logits through one "
                + "(ShowsAttentionLogits in models of AutoPeft.Peft)");
        double[] largest = new double[watched.Length];
        Array.Fill(largest, -1);
        var hooks = watched.Select((w, i) => w.Module.register_forward_hook((_, _, logits) =>
        {
            // Math.Max hands NaN on.
            largest[i] = Math.Max(largest[i], Size(logits));
            return logits;
        })).ToArray();
        try
        {
            using var scope = NewDisposeScope();
            using var mode = no_grad();
            run();
        }
        finally
        {
            foreach (var hook in hooks) hook.remove();
        }
        int absent = Array.IndexOf(largest, -1);
        return absent < 0 ? [.. watched.Select((w, i) => new AttentionLogits(w.Name, largest[i]))]
            : throw new InvalidInputException($"{watched[absent].Name}: was not run; run the module by call, not by forward");
    }

    /// <summary>The largest absolute value that is no masked pair's; 0 where all are masked.</summary>
    private static double Size(Tensor logits)
    {
        using var scope = NewDisposeScope();
        return logits.detach().to(ScalarType.Float64).masked_fill(logits.isneginf(), 0).abs().max().ToDouble();
    }
}
