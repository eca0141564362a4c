using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Spaces;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft train</c>: one configuration, for a closer look or to take home; or a saved adapter, scored.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var command = new Command("train", "Trains one configuration and prints each evaluation.");
        TrainCommandOptions options = TrainCommandOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            ThreadCount.Set(options.Threads(parsed), "--threads");
            Run(options.Read(parsed), cancellationToken);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Run(TrainRequest how, CancellationToken cancellationToken)
    {
        using BaseModel baseModel = BaseModel.Load(how.Model);
        TextTask data = TaskCatalog.Resolve(how.Task);
        if (how.Predict is not null && data.Unlabelled.Count == 0)
            throw new InvalidInputException("--predict: the task has no test examples without labels.");

        if (how.Adapter is { } saved) Score(baseModel, data, saved, how, cancellationToken);
        else if (how.Plan is { } name) Train(baseModel, data, PeftPlan.FromName(name, baseModel.Config), how, cancellationToken);
        else
        {
            (PeftPlan chosen, TrainingOptions options) = Read(how.Config!, how.Space, how.Model, baseModel.Config, how.Options);
            Train(baseModel, data, chosen, how with { Options = options }, cancellationToken);
        }
    }

    // A loss that is this close to the constant answer's has not left its start.
    private const double LearntNothing = 0.98;

    private static void Train(BaseModel baseModel, TextTask data, PeftPlan plan, TrainRequest how, CancellationToken cancellationToken)
    {
        if (how.Save is not null) TrainedModelFolder.Require(plan, baseModel.Config, how.Format);
        RequireFolder("--save", how.Save);
        RequireFolder("--predict", how.Predict is { } answers ? Path.GetDirectoryName(Path.GetFullPath(answers)) : null);
        using var trainer = new PeftTrainer(baseModel, data, how.Options);
        Console.Out.WriteLine(data.Summary);
        Console.Out.WriteLine(
            $"{plan.Name}: {plan.ExactCount(baseModel.Config, data.Outputs):N0} trainable parameters with the head; "
            + $"{plan.PaperCount(baseModel.Config):N0} ({plan.PaperShare(baseModel.Config):P2}) as papers count them");
        PeftTrainingResult result = Trained(trainer, plan, how, model =>
        {
            if (how.Predict is not null) PredictionFile.Write(how.Predict, data, trainer.Predict(model, cancellationToken));
            if (how.Save is not null) TrainedModelFolder.Save(model, trainer.Describe(plan), baseModel, how.Save, how.Format);
        }, cancellationToken);
        FineTuningResult course = result.Training;
        Console.Out.WriteLine(
            $"best: epoch {course.Best.Epoch:0.##}, dev score {course.Best.Score:0.0000}{OnTest(result.Test)}; "
            + $"{course.Steps} steps in {course.Seconds:0.0} s ({course.End.ToString().ToLowerInvariant()})");
        double constant = ConstantAnswer.DevLoss(data);
        if (course.History.Min(r => r.Loss) > LearntNothing * constant)
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"note: nothing was learnt: no dev loss is below {LearntNothing:0%} of {constant:0.0000}, which always answering alike "
                + $"gives; the learning rate was {trainer.RateOf(plan, how.Options):0.0e+0}, try --learning-rate with a higher and "
                + $"a lower one"));
        if (how.Predict is not null) Console.Out.WriteLine($"{data.Unlabelled.Count:N0} predictions written to {how.Predict}");
        if (how.Save is not null) Console.Out.WriteLine($"Saved to {how.Save} ({how.Format.ToString().ToLowerInvariant()})");
    }

    /// <summary>Makes a folder before the training that it is for: an hour later would be late to hear that it cannot be made.</summary>
    private static void RequireFolder(string option, string? folder)
    {
        if (folder is null) return;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{option}: the folder {folder} cannot be made ({e.Message.TrimEnd('.')}); choose another.", e);
        }
    }

    private static PeftTrainingResult Trained(
        PeftTrainer trainer,
        PeftPlan plan,
        TrainRequest how,
        Action<BertForSequenceClassification> onTrained,
        CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        TrainingDecision Show(EvaluationReport r)
        {
            Console.Out.WriteLine(
                $"epoch {r.Epoch:0.##}  step {r.Step}  train loss {r.TrainLoss:0.0000}  dev loss {r.Loss:0.0000}  "
                + $"dev score {r.Score:0.0000}  {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
            return TrainingDecision.Continue;
        }
        try
        {
            return trainer.Train(
                plan, how.Seed, how.Options, how.Test, how.Pretrained, Show, onTrained: onTrained, cancellationToken: cancellationToken);
        }
        catch (TrainingDivergedException e)
        {
            throw new InvalidInputException(e.Message, e);
        }
    }

    private static void Score(BaseModel baseModel, TextTask data, string folder, TrainRequest how, CancellationToken cancellationToken)
    {
        using var trainer = new PeftTrainer(baseModel, data, how.Options);
        var (dev, test) = trainer.Evaluate(folder, how.Test, (model, adapter) =>
        {
            Console.Out.WriteLine(data.Summary);
            Console.Out.WriteLine($"{adapter.Plan.Name} from {folder}");
            foreach (string note in adapter.Notes) Console.Error.WriteLine($"note: {note}");
            if (how.Predict is not null) PredictionFile.Write(how.Predict, data, trainer.Predict(model, cancellationToken));
        }, cancellationToken: cancellationToken);
        Console.Out.WriteLine($"dev score {dev.Score:0.0000}, dev loss {dev.Loss:0.0000}{OnTest(test)}");
        if (how.Predict is not null) Console.Out.WriteLine($"{data.Unlabelled.Count:N0} predictions written to {how.Predict}");
    }

    private static string OnTest(SplitEvaluation? test) => test is null ? "" : $", test score {test.Score:0.0000}";

    private static (PeftPlan, TrainingOptions) Read(string file, string spaceName, string model, BertConfig config,
        TrainingOptions training)
    {
        var options = new PeftTrialOptions { ModelDirectory = model, Task = "", Space = spaceName, Training = training };
        SearchSpace space = options.SearchSpace();
        try
        {
            using JsonDocument json = StrictJson.Parse(InputFile.ReadText(file, InputFile.MostOfSettings));
            // A line of `front --json` has the parameters one level down.
            JsonElement values = json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("params", out JsonElement inner) ? inner : json.RootElement;
            Configuration configuration = SpaceJson.ReadValues(space, values);
            if (space.BrokenBy(configuration) is { } broken)
                throw new InvalidInputException($"{file}: the configuration breaks '{broken.Text}'.");
            return (options.PlanOf(configuration, config), options.TrainingOf(configuration));
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{file}, line {e.LineNumber + 1}: not JSON.", e);
        }
    }
}
