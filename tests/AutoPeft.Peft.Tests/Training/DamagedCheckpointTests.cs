using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.Tests.Training;

/// <summary>
/// A training's checkpoint is what was written, or it is refused and the training starts over: no bit of it can change unnoticed.
/// </summary>
[Collection("torch's process-wide generator")]
public class DamagedCheckpointTests
{
    private static readonly TrainingOptions Options = TinyModel.Options with { Epochs = 2 };

    [Fact]
    public void No_flipped_bit_passes_unnoticed()
    {
        using var tiny = new TinyModel();
        string file = Paused(tiny);
        byte[] whole = File.ReadAllBytes(file);
        TrainingState.Load(file).Dispose();
        int header = 8 + (int)BitConverter.ToUInt64(whole);
        var random = new Random(24);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            // Half of them in the header, where names, shapes and the position stand.
            damaged[random.Next(i % 2 == 0 ? header : damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(file, damaged);
            string message = Assert.Throws<InvalidInputException>(() => TrainingState.Load(file)).Message;
            Assert.DoesNotContain('\n', message);
        }
    }

    [Fact]
    public void A_training_with_a_damaged_checkpoint_says_so_starts_over_and_ends_as_if_there_had_been_none()
    {
        using var tiny = new TinyModel();
        string file = Paused(tiny);
        byte[] damaged = File.ReadAllBytes(file);
        damaged[^5] ^= 0x10;
        File.WriteAllBytes(file, damaged);
        var said = new List<string>();
        FineTuningResult resumed = Train(tiny, new TrainingCheckpoint(file) { OnRefused = said.Add }).Training;
        Assert.Contains("damaged: its content has the checksum", Assert.Single(said), StringComparison.Ordinal);
        Assert.Equal(Train(tiny, null).Training.History, resumed.History);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void A_checkpoint_without_a_checksum_is_refused()
    {
        using var tiny = new TinyModel();
        string file = Paused(tiny);
        byte[] bytes = File.ReadAllBytes(file);
        int at = bytes.AsSpan().IndexOf("crc32c"u8);
        bytes[at] = (byte)'x';
        File.WriteAllBytes(file, bytes);
        Assert.Contains("not a training state with a checksum",
            Assert.Throws<InvalidInputException>(() => TrainingState.Load(file)).Message, StringComparison.Ordinal);
    }

    private static string Paused(TinyModel tiny)
    {
        string file = Path.Combine(tiny.Folder, "checkpoint.safetensors");
        Train(tiny, new TrainingCheckpoint(file), TrainingDecision.Pause);
        return file;
    }

    private static PeftTrainingResult Train(
        TinyModel tiny, TrainingCheckpoint? checkpoint, TrainingDecision decision = TrainingDecision.Continue)
    {
        using PeftTrainer trainer = tiny.Trainer(Options);
        return trainer.Train(PeftPlan.FromName("lora r2 qv", tiny.Base.Config), 3, onEvaluation: _ => decision, checkpoint: checkpoint);
    }
}
