using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Spaces;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft train</c>: one configuration, for a closer look or to take home; or a saved adapter, scored.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var config = new Option<string?>("--config") { Description = "A JSON file: a configuration as the report copies it or `front --json` prints it." };
        var space = new Option<string>("--space") { Description = "The search space that --config is a member of.", DefaultValueFactory = _ => "autopeft" };
        var plan = new Option<string?>("--plan") { Description = "A method by name instead: \"lora r8 qv\", \"serial 48\", \"mam\", full, head, bitfit, ia3 …" };
        var adapter = new Option<string?>("--adapter")
        {
            Description = "A folder with a saved adapter instead (ours or peft's): nothing is trained, the adapter is scored.",
        };
        var task = new Option<string>("--task")
        {
            Description = "A synthetic task by name, or tsv:DIR; for labels: \"tsv:DIR;kind=regression\", \"tsv:DIR;labels=no|yes\".",
            Required = true,
        };
        var model = new Option<string>("--model") { Description = "Directory of the base model.", Required = true };
        var seed = new Option<ulong>("--seed") { Description = "All randomness hangs on it." };
        var test = new Option<bool>("--test") { Description = "Scores the best epoch on the test set too." };
        var predict = new Option<string?>("--predict")
        {
            Description = "A file for the answers to a test set without labels: index and prediction, tab-separated.",
        };
        var save = new Option<string?>("--save") { Description = "A folder for what was trained, with the weights of the best epoch." };
        var format = new Option<SaveFormat>("--format")
        {
            Description = "With --save: autopeft (any plan), peft (Hugging Face's adapters), or merged (a whole checkpoint).",
            DefaultValueFactory = _ => SaveFormat.Autopeft,
        };
        var untrained = new Option<bool>("--untrained") { Description = "Starts from an untrained encoder of the same shape, to see what pretraining is worth." };
        var threads = new Option<int?>("--threads") { Description = "Threads; default: all cores." };
        var command = new Command("train", "Trains one configuration and prints each evaluation.")
        {
            config, space, plan, adapter, task, model, seed, test, predict, save, format, untrained, threads,
        };
        TrainingArguments training = TrainingArguments.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            ThreadCount.Set(parsed.GetValue(threads) ?? Environment.ProcessorCount, "--threads");
            TrainingOptions options = training.Read(parsed);
            var (folder, answers) = (parsed.GetValue(save), parsed.GetValue(predict));
            RequireOne(parsed, config, plan, adapter);
            if (parsed.GetValue(untrained) && folder is not null)
                throw new InvalidInputException("--save goes without --untrained: an adapter of a random encoder is of no use elsewhere.");
            if (parsed.GetResult(format) is { Implicit: false } && folder is null)
                throw new InvalidInputException("--format goes with --save.");
            using BaseModel baseModel = BaseModel.Load(parsed.GetRequiredValue(model));
            TextTask data = TaskCatalog.Resolve(parsed.GetRequiredValue(task));
            if (answers is not null && data.Unlabelled.Count == 0)
                throw new InvalidInputException("--predict: the task has no test examples without labels.");

            if (parsed.GetValue(adapter) is { } saved)
            {
                if (folder is not null) throw new InvalidInputException("--save goes with --config or --plan: --adapter trains nothing.");
                using var scorer = new PeftTrainer(baseModel, data, options);
                Console.Out.WriteLine(data.Summary);
                Score(scorer, saved, parsed.GetValue(test), answers, cancellationToken);
                return Task.FromResult(0);
            }
            (PeftPlan chosen, options) = parsed.GetValue(plan) is { } name
                ? (PeftPlan.FromName(name, baseModel.Config), options)
                : Read(parsed.GetValue(config)!, parsed.GetValue(space)!, parsed.GetRequiredValue(model), baseModel.Config, options);
            if (folder is not null) TrainedModelFolder.Require(chosen, baseModel.Config, parsed.GetValue(format));
            using var trainer = new PeftTrainer(baseModel, data, options);
            Console.Out.WriteLine(data.Summary);
            Console.Out.WriteLine(
                $"{chosen.Name}: {chosen.ExactCount(baseModel.Config, trainer.Task.Outputs):N0} trainable parameters with the head; "
                + $"{chosen.PaperCount(baseModel.Config):N0} ({chosen.PaperShare(baseModel.Config):P2}) as papers count them");
            PeftTrainingResult result = Train(
                trainer, chosen, options, parsed.GetValue(seed), parsed.GetValue(test), !parsed.GetValue(untrained), trained =>
            {
                if (answers is not null) PredictionFile.Write(answers, data, trainer.Predict(trained, cancellationToken));
                if (folder is not null)
                    TrainedModelFolder.Save(trained, trainer.Describe(chosen), baseModel, folder, parsed.GetValue(format));
            }, cancellationToken);
            Console.Out.WriteLine($"best: epoch {result.Training.Best.Epoch:0.##}, dev score {result.Training.Best.Score:0.0000}{(result.Test is { } t ? $", test score {t.Score:0.0000}" : "")}; {result.Training.Steps} steps in {result.Training.Seconds:0.0} s ({result.Training.End.ToString().ToLowerInvariant()})");
            if (answers is not null) Console.Out.WriteLine($"{data.Unlabelled.Count:N0} predictions written to {answers}");
            if (folder is not null) Console.Out.WriteLine($"Saved to {folder} ({parsed.GetValue(format).ToString().ToLowerInvariant()})");
            return Task.FromResult(0);
        });
        return command;
    }

    private static void RequireOne(ParseResult parsed, params Option<string?>[] ways)
    {
        string[] typed = [.. ways.Where(w => parsed.GetValue(w) is not null).Select(w => w.Name)];
        if (typed.Length == 0) throw new InvalidInputException("--config, --plan or --adapter is missing: what shall be trained?");
        if (typed.Length > 1) throw new InvalidInputException($"{typed[0]} and {typed[1]} exclude each other.");
    }

    private static PeftTrainingResult Train(
        PeftTrainer trainer, PeftPlan plan, TrainingOptions options, ulong seed, bool test, bool pretrained,
        Action<BertForSequenceClassification> onTrained, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            return trainer.Train(plan, seed, options, scoreTest: test, pretrained: pretrained, onEvaluation: r =>
            {
                Console.Out.WriteLine(
                    $"epoch {r.Epoch:0.##}  step {r.Step}  train loss {r.TrainLoss:0.0000}  dev loss {r.Loss:0.0000}  "
                    + $"dev score {r.Score:0.0000}  {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
                return TrainingDecision.Continue;
            }, onTrained: onTrained, cancellationToken: cancellationToken);
        }
        catch (TrainingDivergedException e)
        {
            throw new InvalidInputException(e.Message, e);
        }
    }

    private static void Score(PeftTrainer trainer, string folder, bool test, string? answers, CancellationToken cancellationToken)
    {
        var (dev, onTest) = trainer.Evaluate(folder, test, (model, adapter) =>
        {
            Console.Out.WriteLine($"{adapter.Plan.Name} from {folder}");
            foreach (string note in adapter.Notes) Console.Error.WriteLine($"note: {note}");
            if (answers is not null) PredictionFile.Write(answers, trainer.Task, trainer.Predict(model, cancellationToken));
        }, cancellationToken);
        Console.Out.WriteLine(
            $"dev score {dev.Score:0.0000}, dev loss {dev.Loss:0.0000}{(onTest is { } t ? $", test score {t.Score:0.0000}" : "")}");
        if (answers is not null) Console.Out.WriteLine($"{trainer.Task.Unlabelled.Count:N0} predictions written to {answers}");
    }

    private static (PeftPlan, TrainingOptions) Read(string file, string spaceName, string model, BertConfig config, TrainingOptions training)
    {
        var options = new PeftTrialOptions { ModelDirectory = model, Task = "", Space = spaceName, Training = training };
        SearchSpace space = options.SearchSpace();
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
            // A line of `front --json` has the parameters one level down.
            JsonElement values = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("params", out JsonElement inner) ? inner : json.RootElement;
            Configuration configuration = SpaceJson.ReadValues(space, values);
            if (space.BrokenBy(configuration) is { } broken) throw new InvalidInputException($"{file}: the configuration breaks '{broken.Text}'.");
            return (options.PlanOf(configuration, config), options.TrainingOf(configuration));
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{file}, line {e.LineNumber + 1}: not JSON.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file} cannot be read: {e.Message}", e);
        }
    }
}
