using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Tokenizers;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>A task encoded for one tokenizer and device; made once a process and shared by all its trials.</summary>
internal sealed class EncodedTask : IDisposable
{
    private readonly WordPieceTokenizer _tokenizer;
    private readonly int _maxLength;
    private readonly Device _device;
    private EncodedSplit? _test, _unlabelled;

    /// <param name="task">The task.</param>
    /// <param name="tokenizer">The base model's tokenizer.</param>
    /// <param name="maxLength">Longest input in tokens.</param>
    /// <param name="device">Where the tensors shall lie.</param>
    public EncodedTask(TextTask task, WordPieceTokenizer tokenizer, int maxLength, Device device)
    {
        (Task, _tokenizer, _maxLength, _device) = (task, tokenizer, maxLength, device);
        Train = Encode(task.Train);
        Dev = Encode(task.Dev);
    }

    /// <summary>What was encoded.</summary>
    public TextTask Task { get; }

    /// <summary>For fitting.</summary>
    public EncodedSplit Train { get; }

    /// <summary>For choosing.</summary>
    public EncodedSplit Dev { get; }

    /// <summary>For the final score; encoded when first asked for, since no search asks.</summary>
    public EncodedSplit Test => _test ??= Encode(Task.Test);

    /// <summary>For predictions; encoded when first asked for. Null where the task has no unlabelled examples.</summary>
    public EncodedSplit? Unlabelled => Task.Unlabelled.Count == 0 ? null : _unlabelled ??= Encode(Task.Unlabelled);

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        Dev.Dispose();
        _test?.Dispose();
        _unlabelled?.Dispose();
    }

    private EncodedSplit Encode(IReadOnlyList<TextExample> examples) =>
        EncodedSplit.Create(_tokenizer, examples, Task.IsRegression, _maxLength, _device);
}
