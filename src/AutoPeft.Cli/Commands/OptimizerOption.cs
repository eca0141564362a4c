using System.CommandLine;
using AutoPeft.Peft.Optimizers;

namespace AutoPeft.Cli.Commands;

/// <summary>The option that names the optimiser of a training.</summary>
internal static class OptimizerOption
{
    public static Option<string> Create() => new("--optimizer")
    {
        Description = $"{OptimizerChoice.Known}; with options as in prodigy:coefficient=0.5. All but adamw bring a learning rate of their "
            + $"own; {string.Join(", ", OptimizerChoice.RateFree)} find it.",
        DefaultValueFactory = _ => OptimizerChoice.AdamW,
        HelpName = "NAME[:OPTION=VALUE,…]",
    };
}
