using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Pretraining;

/// <summary>
/// Gradients of one update by several threads: each has a copy of the model, one intra-op thread and a share of the batch's rows; the
/// shares' gradients are added up in a fixed order. On small networks one operation is too short to be shared among threads (two threads
/// within operations were slower than one), a batch is not. With one thread nothing is copied. Not thread-safe; call it from one thread.
/// Dispose to end the threads.
/// </summary>
internal sealed class DataParallel : IDisposable
{
    private readonly BertForMaskedLM _model;
    private readonly Parameter[] _parameters;
    private readonly Replica[] _replicas;

    /// <param name="model">Receives the gradients.</param>
    /// <param name="threads">Threads in all, the caller's included.</param>
    public DataParallel(BertForMaskedLM model, int threads)
    {
        set_num_threads(1);
        _model = model;
        _parameters = [.. PeftModel.TrainableParameters(model).Select(p => p.Parameter)];
        _replicas = [.. Enumerable.Range(1, threads - 1).Select(i => new Replica(model.Config, _parameters, i))];
    }

    /// <summary>Leaves the gradient of the batch's mean loss in the model's parameters.</summary>
    /// <returns>The mean loss, nats a masked token.</returns>
    public double Backward(MaskedBatch batch)
    {
        IReadOnlyList<MaskedBatch> shares = batch.Split(_replicas.Length + 1);
        for (int i = 1; i < shares.Count; i++) _replicas[i - 1].Start(shares[i], batch.Targets.Length);
        double loss = 0;
        try
        {
            loss = Backward(_model, shares[0], batch.Targets.Length);
        }
        finally
        {
            // Also when the share of this thread failed: nobody may still be at work when the caller goes on.
            for (int i = 1; i < shares.Count; i++) _replicas[i - 1].Wait();
        }
        for (int i = 1; i < shares.Count; i++) loss += _replicas[i - 1].Take(_parameters);
        return loss;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Replica replica in _replicas) replica.Dispose();
    }

    private static double Backward(BertForMaskedLM model, MaskedBatch batch, int targets)
    {
        using var scope = NewDisposeScope();
        Tensor Rows(long[] values) => tensor(values, [batch.Rows, batch.Length]);
        Tensor logits = model.Forward(Rows(batch.Ids), Rows(batch.TypeIds), Rows(batch.Mask), tensor(batch.Positions));
        Tensor loss = nn.functional.cross_entropy(logits, tensor(batch.Targets)) * ((double)batch.Targets.Length / targets);
        loss.backward();
        return loss.ToDouble();
    }

    /// <summary>A copy of the model on a thread of its own.</summary>
    private sealed class Replica : IDisposable
    {
        private readonly IReadOnlyList<Parameter> _source;
        private readonly BertForMaskedLM _model;
        private readonly Parameter[] _parameters;
        private readonly SemaphoreSlim _go = new(0), _done = new(0);
        private readonly Thread _thread;
        private (MaskedBatch Batch, int Targets)? _work;
        private double _loss;
        private Exception? _error;

        public Replica(BertConfig config, IReadOnlyList<Parameter> source, int index)
        {
            _source = source;
            _model = new BertForMaskedLM(config);
            _model.train();
            _parameters = [.. PeftModel.TrainableParameters(_model).Select(p => p.Parameter)];
            _thread = new Thread(Run) { IsBackground = true, Name = $"pretraining {index}" };
            _thread.Start();
        }

        public void Start(MaskedBatch batch, int targets)
        {
            _work = (batch, targets);
            _go.Release();
        }

        public void Wait() => _done.Wait();

        /// <summary>Adds the gradients to <paramref name="to"/>'s and clears them.</summary>
        public double Take(Parameter[] to)
        {
            if (_error is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_error);
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            for (int i = 0; i < to.Length; i++)
            {
                if (_parameters[i].grad is not { } gradient) continue;
                if (to[i].grad is { } sum) sum.add_(gradient);
                else to[i].grad = gradient.clone();
                _parameters[i].grad = null!;
            }
            return _loss;
        }

        public void Dispose()
        {
            _work = null;
            _go.Release();
            _thread.Join();
            _model.Dispose();
            _go.Dispose();
            _done.Dispose();
        }

        private void Run()
        {
            set_num_threads(1);
            while (true)
            {
                _go.Wait();
                if (_work is not var (batch, targets)) return;
                try
                {
                    using (no_grad())
                        for (int i = 0; i < _parameters.Length; i++) _parameters[i].copy_(_source[i]);
                    _loss = Backward(_model, batch, targets);
                }
                catch (Exception e)
                {
                    _error = e;
                }
                _done.Release();
            }
        }
    }
}
