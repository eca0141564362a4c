// A search space of your own over PEFT plans: a record, and how it becomes a plan:   dotnet run examples/own-space.cs
#:project ../src/AutoPeft.Peft/AutoPeft.Peft.csproj

using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Demo;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;

// The base: any folder with a BERT checkpoint in Hugging Face's layout. Here a tiny one, pretrained on a made-up language.
string folder = Directory.CreateTempSubdirectory("own-space-").FullName, text = Path.Combine(folder, "corpus.txt");
var demo = new DemoOptions { CorpusParagraphs = 1_000 };
demo.WriteCorpus(text);
MaskedLanguageModeling.Run(demo.Pretraining(text, Path.Combine(folder, "base")) with { Steps = 20 });

using BaseModel model = BaseModel.Load(Path.Combine(folder, "base"));
TextTask task = TaskCatalog.Resolve("polarity;train=100;dev=100;test=100");
using var trainer = new PeftTrainer(model, task, new TrainingOptions { Epochs = 1, MaxLength = 32 });

SweepResult<Adapter> result = await Sweep.Over<Adapter>()
    .Maximize("dev_score", reference: 0.4).Minimize("parameters", reference: 100_000, log: true)
    .Trials(6).Seed(1)
    .RunAsync(adapter =>
    {
        PeftTrainingResult trained = trainer.Train(adapter.Plan(trainer), seed: 1, trainer.Options with { LearningRate = adapter.Rate });
        return [trained.Training.Best.Score, trained.PaperParameters];
    });

foreach (SweepPoint<Adapter> p in result.Front)
    Console.WriteLine($"{p.Values[0]:0.000} with {p.Values[1],6:N0} parameters: {p.Configuration.Plan(trainer).Name}");
Directory.Delete(folder, recursive: true);

/// <summary>LoRA on the lower or the upper layers, with or without (IA)³ beside it.</summary>
internal sealed record Adapter(
    [Int(1, 16, Log = true)] int Rank,
    [Choice("lower", "upper", "all")] string Layers,
    bool Scales,
    [Float(1e-4, 1e-2, Log = true)] double Rate)
{
    public PeftPlan Plan(PeftTrainer trainer)
    {
        int depth = trainer.Config.NumHiddenLayers, half = depth / 2;
        int[] layers = [.. Layers switch { "lower" => Enumerable.Range(0, half), "upper" => Enumerable.Range(half, depth - half),
            _ => Enumerable.Range(0, depth) }];
        PeftPlan lora = PeftMethods.Lora(trainer.Config, new LoraOptions { Rank = Rank, Layers = layers });
        return Scales ? lora.With(PeftMethods.Ia3(trainer.Config, layers)) : lora;
    }
}
