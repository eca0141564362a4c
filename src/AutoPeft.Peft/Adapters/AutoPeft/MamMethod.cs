using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.AutoPeft;

/// <summary>The MAM adapter: <c>mam</c> with AutoPEFT's sizes for the model's width, or <c>mam N M</c> (prefix, parallel).</summary>
internal sealed class MamMethod : PeftMethod
{
    private const double PaperWidth = 768;

    public override IReadOnlyList<string> Names { get; } = ["mam"];

    public override IReadOnlyList<string> Examples => Names;

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        if (words.Settings.Count == 0)
            return PeftMethods.Mam(
                config, PlanWords.Scaled(PeftMethods.MamPrefix, PaperWidth, config),
                PlanWords.Scaled(PeftMethods.MamParallel, PaperWidth, config));
        var (prefix, parallel) = (words.Size(0, config), words.Size(1, config));
        words.RequireSettings(2);
        return PeftMethods.Mam(config, prefix, parallel);
    }
}
