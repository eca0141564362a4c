using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using TorchSharp;

namespace AutoPeft.Peft.Tests.Training;

/// <summary>What a training leaves can be taken home and gives the same answers there, on the same base model and task alone.</summary>
[Collection("torch's process-wide generator")]
public class SavedAdapterTests
{
    private static readonly TrainingOptions Options = TinyModel.Options with { Epochs = 2 };

    [Theory]
    [InlineData("serial 4 + prefix 3", SaveFormat.Autopeft)]
    [InlineData("bitfit", SaveFormat.Autopeft)]
    [InlineData("dora r2 qkvoif", SaveFormat.Autopeft)]
    [InlineData("lora r4 a8 qv", SaveFormat.Peft)]
    [InlineData("prefix 3", SaveFormat.Peft)]
    public void A_saved_adapter_scores_and_answers_as_it_did_when_it_was_trained(string name, SaveFormat format)
    {
        using var tiny = new TinyModel();
        string folder = Path.Combine(tiny.Folder, "adapter");
        using PeftTrainer trainer = Trainer(tiny);
        double[] answers = [];
        PeftTrainingResult trained = Save(tiny, trainer, name, folder, format, model => answers = trainer.Predict(model));

        double[] again = [];
        var (dev, test) = trainer.Evaluate(folder, scoreTest: true, (model, adapter) =>
        {
            again = trainer.Predict(model);
            Assert.Empty(adapter.Notes);
        });
        Assert.Equal((trained.Training.Best.Score, trained.Training.Best.Loss), (dev.Score, dev.Loss));
        Assert.Equal((trained.Test!.Score, trained.Test.Loss), (test!.Score, test.Loss));
        Assert.Equal(tiny.Task.Test.Count, answers.Length);
        Assert.Equal(answers, again);
        Assert.Equal(answers, test.Predictions);
    }

    [Theory]
    [InlineData("lora r4 a8 qkvoif")]
    [InlineData("full")]
    public void A_merged_checkpoint_is_a_base_model_that_answers_as_the_adapted_one(string name)
    {
        using var tiny = new TinyModel();
        string folder = Path.Combine(tiny.Folder, "merged");
        using PeftTrainer trainer = Trainer(tiny);
        PeftTrainingResult trained = Save(tiny, trainer, name, folder, SaveFormat.Merged, _ => { });
        using var task = new EncodedTask(tiny.Task, tiny.Base.Tokenizer, 24, torch.CPU);
        using var model = new BertForSequenceClassification(Checkpoint.ReadConfig(folder), 2);
        Assert.Empty(Checkpoint.Load(model, folder).Fresh);
        SplitEvaluation dev = SplitEvaluation.Of(model, tiny.Task, task.Dev, 64);
        Assert.Equal(trained.Training.Best.Loss, dev.Loss, 1e-4);
        Assert.Equal(2, BertConfig.ReadNumLabels(folder));
    }

    [Fact]
    public void Another_base_model_another_task_and_an_empty_folder_are_refused_in_a_line()
    {
        using var tiny = new TinyModel();
        string folder = Path.Combine(tiny.Folder, "adapter");
        using PeftTrainer trainer = Trainer(tiny);
        Save(tiny, trainer, "serial 4", folder, SaveFormat.Autopeft, _ => { });

        using var other = new PeftTrainer(tiny.Base, tiny.Task with { Labels = ["awful", "fine"] }, Options);
        Assert.Contains("the adapter answers with bad, good, but the task's labels are awful, fine", Refusal(other, folder),
            StringComparison.Ordinal);
        Assert.Contains("adapter_config.json: no such file", Refusal(trainer, tiny.Folder), StringComparison.Ordinal);

        // The same shapes, other weights: nothing but the checksum tells.
        using (var model = new BertForMaskedLM(tiny.Base.Config)) Checkpoint.Save(model, tiny.Base.Config, tiny.Folder);
        using BaseModel changed = BaseModel.Load(tiny.Folder);
        using var elsewhere = new PeftTrainer(changed, tiny.Task, Options);
        string message = Refusal(elsewhere, folder);
        Assert.Contains("was trained on another base model", message, StringComparison.Ordinal);
        Assert.Contains(tiny.Base.Checksum, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("serial 4", SaveFormat.Peft, "cannot be written in Hugging Face peft's format")]
    [InlineData("full", SaveFormat.Peft, "save the checkpoint instead")]
    [InlineData("lora r2 qv + lora r2 d0.5 i", SaveFormat.Peft, "different dropouts")]
    [InlineData("prefix 3", SaveFormat.Merged, "is no change of a weight")]
    public void What_a_format_cannot_hold_is_said_before_anything_is_trained(string name, SaveFormat format, string says)
    {
        using var tiny = new TinyModel();
        PeftPlan plan = PeftPlan.FromName(name, tiny.Base.Config);
        string message = Assert.Throws<InvalidInputException>(() => TrainedModelFolder.Require(plan, tiny.Base.Config, format)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private static string Refusal(PeftTrainer trainer, string folder) =>
        Assert.Throws<InvalidInputException>(() => trainer.Evaluate(folder)).Message;

    /// <summary>The test examples stand among the unlabelled too, so that answers can be compared.</summary>
    private static PeftTrainer Trainer(TinyModel tiny) =>
        new(tiny.Base, tiny.Task with { Unlabelled = [.. tiny.Task.Test.Select(e => e with { Label = double.NaN })] }, Options);

    private static PeftTrainingResult Save(
        TinyModel tiny, PeftTrainer trainer, string name, string folder, SaveFormat format, Action<BertForSequenceClassification> onTrained)
    {
        PeftPlan plan = PeftPlan.FromName(name, tiny.Base.Config);
        TrainedModelFolder.Require(plan, tiny.Base.Config, format);
        return trainer.Train(plan, 7, scoreTest: true, onTrained: model =>
        {
            onTrained(model);
            TrainedModelFolder.Save(model, trainer.Describe(plan), tiny.Base, folder, format);
        });
    }
}
