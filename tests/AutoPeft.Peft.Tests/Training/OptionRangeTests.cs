using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Tests.Oracles;
using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.Tests.Training;

/// <summary>Numbers that people type have ranges, and what a machine cannot hold is refused before it is allocated.</summary>
public class OptionRangeTests
{
    public static TheoryData<string, TrainingOptions> OutOfRange => new()
    {
        { "learning rate", new TrainingOptions { LearningRate = 1e30 } },
        { "learning rate", new TrainingOptions { LearningRate = double.NaN } },
        { "learning rate", new TrainingOptions { LearningRate = 0 } },
        { "learning rate of adapters", new TrainingOptions { MethodLearningRates = new MethodLearningRates { Adapters = 1e30 } } },
        { "learning rate of full fine-tuning", new TrainingOptions { MethodLearningRates = new MethodLearningRates { Full = -1 } } },
        { "learning rate of the head",
            new TrainingOptions { MethodLearningRates = new MethodLearningRates { HeadOnly = double.PositiveInfinity } } },
        { "batch size", new TrainingOptions { BatchSize = int.MaxValue } },
        { "maximum length", new TrainingOptions { MaxLength = int.MaxValue } },
        { "epochs", new TrainingOptions { Epochs = int.MaxValue } },
        { "patience", new TrainingOptions { Patience = 0 } },
        { "steps between evaluations", new TrainingOptions { EvaluateEverySteps = 0 } },
        { "weight decay", new TrainingOptions { WeightDecay = 1e300 } },
        { "evaluation batch size", new TrainingOptions { EvaluationBatchSize = -1 } },
    };

    [Theory]
    [MemberData(nameof(OutOfRange), DisableDiscoveryEnumeration = true)]
    public void A_training_option_out_of_range_is_named(string what, TrainingOptions options)
    {
        string message = Assert.Throws<InvalidInputException>(() => options.Checked()).Message;
        Assert.StartsWith($"training option {what} is ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    public static TheoryData<string, PretrainingOptions> PretrainingOutOfRange => new()
    {
        { "learning rate", Pretraining with { LearningRate = 1e30 } },
        { "minutes", Pretraining with { Minutes = 1e300 } },
        { "vocabulary size", Pretraining with { VocabularySize = int.MaxValue } },
        { "maximum length", Pretraining with { MaxLength = int.MaxValue } },
        { "batch tokens", Pretraining with { BatchTokens = int.MaxValue } },
        { "threads", Pretraining with { Threads = 0 } },
        { "threads", Pretraining with { Threads = 100_000 } },
        { "GiB of memory", Pretraining with { HiddenSize = 1_000_000, Heads = 4 } },
        { "GiB of memory", Pretraining with { Layers = 99_999_999 } },
        { "num_hidden_layers", Pretraining with { Layers = 0 } },
        { "hidden_dropout_prob", Pretraining with { Dropout = 1.5 } },
    };

    [Theory]
    [MemberData(nameof(PretrainingOutOfRange), DisableDiscoveryEnumeration = true)]
    public void A_pretraining_option_out_of_range_is_named(string what, PretrainingOptions options)
    {
        string message = Assert.Throws<InvalidInputException>(() => options.Checked()).Message;
        Assert.Contains(what, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("lora r2000000000 qv", "GiB of memory")]
    [InlineData("serial 2000000000", "GiB of memory")]
    [InlineData("prefix 2000000000", "GiB of memory")]
    [InlineData("lora r99999999999 qv", "a rank is a whole number")]
    public void An_adapter_that_no_memory_holds_is_refused_before_it_is_allocated(string name, string says)
    {
        using var model = new BertForSequenceClassification(BertOracle.Config, 2);
        string message = Assert.Throws<InvalidInputException>(
            () => PeftModel.Apply(model, PeftPlan.FromName(name, BertOracle.Config), 1)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Empty(PeftModel.AttachedSites(model));
    }

    [Fact]
    public void A_number_of_threads_that_cannot_be_started_is_refused()
    {
        Assert.Contains("--threads is 0; it must be between 1 and 1024",
            Assert.Throws<InvalidInputException>(() => ThreadCount.Set(0, "--threads")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => ThreadCount.Checked(int.MaxValue, "--threads"));
        Assert.Equal(1024, ThreadCount.Checked(1024, "--threads"));
    }

    private static PretrainingOptions Pretraining => new() { TextFile = "", OutputDirectory = "" };
}
