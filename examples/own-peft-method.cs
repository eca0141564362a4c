// A PEFT method of your own, here KronA (Edalati et al., 2022): Δ = A ⊗ B:   dotnet run examples/own-peft-method.cs
#:project ../src/AutoPeft.Peft/AutoPeft.Peft.csproj

using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Demo;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using TorchSharp;
using static TorchSharp.torch;

string folder = Directory.CreateTempSubdirectory("own-peft-method-").FullName;
string corpus = Path.Combine(folder, "corpus.txt"), start = Path.Combine(folder, "base"), adapter = Path.Combine(folder, "adapter");
var demo = new DemoOptions { CorpusParagraphs = 2_000 };
demo.WriteCorpus(corpus);
MaskedLanguageModeling.Run(demo.Pretraining(corpus, start) with { Steps = 200 });

using BaseModel model = BaseModel.Load(start);
using var trainer = new PeftTrainer(model, TaskCatalog.Resolve("polarity;train=1500;dev=200;test=100"),
    new TrainingOptions { Epochs = 8, MaxLength = 32, LearningRate = 0.02 });
PeftPlan plan = PeftPlan.OfBlocks("krona", trainer.Config, [SitePoint.Query, SitePoint.Value], site => new KronA(site, 4));
PeftTrainingResult result = trainer.Train(plan, seed: 1, onTrained: m => AdapterFolder.Save(m, trainer.Describe(plan), adapter));
PeftTrainingResult head = trainer.Train(PeftMethods.HeadOnly(), seed: 1);
Console.WriteLine($"{plan.Name}: {result.PaperParameters} parameters, accuracy on dev {result.Training.Best.Score:0.000}; "
    + $"the head alone {head.Training.Best.Score:0.000}");

// Whoever reads the folder brings the type along.
var (dev, _) = trainer.Evaluate(adapter, own: [new BlockType("krona", KronA.Read)], onLoaded: (loaded, _) =>
{
    using var scope = NewDisposeScope();
    Tensor tokens = arange(5, 25).view(2, 10), zero = zeros_like(tokens), one = ones_like(tokens);
    Tensor adapted = loaded.call(tokens, zero, one);
    PeftModel.Merge(loaded);
    Console.WriteLine($"merged: logits move by {(loaded.call(tokens, zero, one) - adapted).abs().max().ToDouble():0.0e+0}");
});
Console.WriteLine($"loaded: accuracy on dev {dev.Score:0.000}");
Directory.Delete(folder, recursive: true);

/// <summary>Δ = A ⊗ B with A [n, n] and B [out / n, in / n], which starts at zero: full rank with few numbers.</summary>
internal sealed record KronA : LinearBlock
{
    private readonly int n;

    public KronA(Site site, int n) : base(site, "krona") => this.n = n;

    public static KronA Read(Site site, BlockSettings settings) => new(site, settings.Integer("n"));

    public override string Type => "krona";

    public override JsonObject Settings => new() { ["n"] = n };

    public override IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures) =>
        [new("A", [n, n], Initialization.Kaiming(n)), new("B", [outFeatures / n, inFeatures / n], Initialization.Zeros)];

    public override Tensor Delta(BlockTensors tensors) => kron(tensors["A"], tensors["B"]);
}
