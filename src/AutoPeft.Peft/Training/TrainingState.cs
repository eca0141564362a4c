using System.Text.Json;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>The numbers of a training's state. No generator is among them: randomness hangs on seed and step.</summary>
/// <param name="Step">Updates made; epoch and place within it follow.</param>
/// <param name="SinceBest">Evaluations since the best one.</param>
/// <param name="LossSum">Sum of losses since the last evaluation.</param>
/// <param name="LossCount">How many are in it.</param>
/// <param name="Best">The best evaluation.</param>
/// <param name="History">All evaluations.</param>
/// <param name="Seed">Of the training.</param>
/// <param name="NormSum">Sum of gradient norms since the last evaluation.</param>
internal sealed record TrainingPosition(
    long Step, int SinceBest, double LossSum, long LossCount, EvaluationReport? Best, IReadOnlyList<EvaluationReport> History, ulong Seed,
    double NormSum = 0);

/// <summary>
/// A training stopped between two updates: trained tensors, optimiser, best weights so far and position. One safetensors file with a
/// checksum of all that it says; written aside and then renamed, so that a crash leaves the old one. Dispose to free the tensors.
/// </summary>
internal sealed class TrainingState : IDisposable
{
    private const string Trained = "trained.", BestPrefix = "best.", Optimizer = "optimizer.";
    private const string PositionKey = "position", StepsKey = "optimizer_steps", ChecksumKey = "crc32c";

    private readonly Dictionary<string, Tensor> _tensors;
    private readonly long _optimizerSteps;

    private TrainingState(Dictionary<string, Tensor> tensors, long optimizerSteps, TrainingPosition position) =>
        (_tensors, _optimizerSteps, Position) = (tensors, optimizerSteps, position);

    /// <summary>The numbers.</summary>
    public TrainingPosition Position { get; }

    internal IEnumerable<(string Name, Tensor Value)> Best =>
        _tensors.Where(t => t.Key.StartsWith(BestPrefix, StringComparison.Ordinal)).Select(t => (t.Key[BestPrefix.Length..], t.Value));

    internal static TrainingState Of(
        IEnumerable<(string Name, Parameter Parameter)> trainable, IReadOnlyDictionary<string, Tensor> best, IOptimizer optimizer,
        TrainingPosition position)
    {
        var tensors = new Dictionary<string, Tensor>();
        Tensor Copy(Tensor source) => source.detach().clone().DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in trainable) tensors[Trained + name] = Copy(parameter);
        foreach (var (name, value) in best) tensors[BestPrefix + name] = Copy(value);
        foreach (var (name, value) in optimizer.State) tensors[Optimizer + name] = Copy(value);
        return new TrainingState(tensors, optimizer.Steps, position);
    }

    /// <summary>Writes the state.</summary>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public void Save(string path)
    {
        string aside = path + ".partial", position = JsonSerializer.Serialize(Position), steps = JsonSerializer.Serialize(_optimizerSteps);
        SafetensorsWriter.Write(aside, _tensors, new Dictionary<string, string>
        {
            [PositionKey] = position,
            [StepsKey] = steps,
            [ChecksumKey] = WeightsChecksum.Of(_tensors, position, steps),
        });
        File.Move(aside, path, overwrite: true);
    }

    /// <summary>Reads a state.</summary>
    /// <exception cref="InvalidInputException">No such file, not one of ours, or not what was written: a byte has changed.</exception>
    public static TrainingState Load(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        if (!reader.Metadata.TryGetValue(PositionKey, out string? position) || !reader.Metadata.TryGetValue(StepsKey, out string? steps)
            || !reader.Metadata.TryGetValue(ChecksumKey, out string? checksum))
            throw new InvalidInputException($"{path}: not a training state with a checksum; remove it to train from the start");
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            foreach (string name in reader.Entries.Keys) tensors[name] = reader.Read(name).DetachFromDisposeScope();
            string found = WeightsChecksum.Of(tensors, position, steps);
            if (found != checksum)
                throw new InvalidInputException($"{path}: damaged: its content has the checksum {found}, not {checksum}");
            return new TrainingState(
                tensors, JsonSerializer.Deserialize<long>(steps), JsonSerializer.Deserialize<TrainingPosition>(position)!);
        }
        catch (Exception e)
        {
            foreach (Tensor tensor in tensors.Values) tensor.Dispose();
            if (e is JsonException)
                throw new InvalidInputException($"{path}: written by another version; remove it to train from the start", e);
            throw;
        }
    }

    internal void CopyTo(IReadOnlyList<(string Name, Parameter Parameter)> trainable, IOptimizer optimizer)
    {
        foreach (var (name, parameter) in trainable) Match(Trained + name, parameter);
        foreach (var (name, value) in optimizer.State) Match(Optimizer + name, value);
        using var gradientFree = no_grad();
        foreach (var (name, parameter) in trainable) parameter.copy_(_tensors[Trained + name]);
        foreach (var (name, value) in optimizer.State) value.copy_(_tensors[Optimizer + name]);
        optimizer.Steps = _optimizerSteps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values) tensor.Dispose();
    }

    private void Match(string name, Tensor target)
    {
        if (!_tensors.TryGetValue(name, out Tensor? found))
            throw new InvalidInputException($"the training state lacks '{name}': it was written for another plan or optimizer");
        if (!found.shape.SequenceEqual(target.shape))
            throw new InvalidInputException($"the training state's '{name}' has shape [{string.Join(", ", found.shape)}], expected "
                + $"[{string.Join(", ", target.shape)}]: it was written for another plan or optimizer");
    }
}
