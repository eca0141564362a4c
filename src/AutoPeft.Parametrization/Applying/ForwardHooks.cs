using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>Forward multipliers as hooks, each with a buffer beside the module's weights: checkpoints carry it.</summary>
internal static class ForwardHooks
{
    /// <summary>The buffer's name.</summary>
    public const string Buffer = "forward_multiplier";

    /// <summary>Puts a multiplier on a module that has none.</summary>
    /// <exception cref="InvalidInputException">The module does not take and give one tensor.</exception>
    public static void Attach(nn.Module module, ModuleMultiplier multiplier)
    {
        module.register_buffer(Buffer, tensor(multiplier.Value, dtype: ScalarType.Float64).DetachFromDisposeScope());
        switch (module)
        {
            case nn.Module<Tensor, Tensor> unary when multiplier.OnInput:
                unary.register_forward_pre_hook((self, input) => input * self.get_buffer(Buffer)!);
                break;
            case nn.Module<Tensor, Tensor> unary:
                unary.register_forward_hook((self, _, output) => output * self.get_buffer(Buffer)!);
                break;
            case nn.Module<Tensor, Tensor, Tensor> binary when !multiplier.OnInput:
                binary.register_forward_hook((self, _, _, output) => output * self.get_buffer(Buffer)!);
                break;
            case nn.Module<Tensor, Tensor, Tensor, Tensor> ternary when !multiplier.OnInput:
                ternary.register_forward_hook((self, _, _, _, output) => output * self.get_buffer(Buffer)!);
                break;
            default:
                throw new InvalidInputException($"{multiplier.Module}: a {module.GetType().Name} cannot have a forward multiplier on its "
                    + $"{(multiplier.OnInput ? "input" : "output")}; name a module that takes and gives one tensor");
        }
    }

    /// <summary>The multiplier that a module has; null: none.</summary>
    public static double? Of(nn.Module module) =>
        module.named_buffers(recurse: false).FirstOrDefault(b => b.name == Buffer).buffer?.ToDouble();
}
