using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            /// <summary>Changes parameters by their gradients.</summary>
            public abstract partial class Optimizer : IDisposable
            {
                protected IList<ParamGroup> _parameter_groups = new List<ParamGroup>();

                /// <param name="handle">Of TorchSharp's native optimisers, which this library has none of.</param>
                protected Optimizer(IntPtr handle)
                {
                }

                ~Optimizer() => Dispose(false);

                public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing)
                {
                }

                /// <summary>Sets every gradient to zero (and leaves it there: a parameter without use goes on decaying).</summary>
                public abstract void zero_grad();

                /// <summary>One step; <paramref name="closure"/>, if given, first computes loss and gradients.</summary>
                public abstract Tensor step(Func<Tensor>? closure = null);

                public abstract IEnumerable<Parameter> parameters();

                public abstract void add_param_group(ParamGroup param_group);

                public class StateDictionary
                {
                    internal StateDictionary()
                    {
                    }

                    public List<OptimizerOptions> Options { get; private set; } = [];

                    public List<OptimizerState> State { get; private set; } = [];

                    public List<List<int>> StateIndexRef { get; private set; } = [];
                }
            }

            public interface ILearningRateController
            {
                double LearningRate { get; set; }

                double InitialLearningRate { get; set; }
            }

            public interface IMomentum
            {
                double Momentum { get; set; }
            }

            public interface IBetas
            {
                (double, double) Betas { get; set; }
            }
        }
    }

    namespace Modules
    {
        /// <summary>What all optimisers share: groups, state by parameter, saving and loading.</summary>
        public abstract class OptimizerHelper : torch.optim.Optimizer
        {
            protected OptimizerOptions _defaults = null!;
            protected OrderedDict<IntPtr, OptimizerState> _state = new();

            public OptimizerHelper() : base(IntPtr.Zero)
            {
            }

            public override IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(group => group.Parameters);

            public override void zero_grad()
            {
                foreach (var group in _parameter_groups) Gradients.Zero(group.Parameters, setToNone: false);
            }

            public override void add_param_group(ParamGroup param_group) => _parameter_groups.Add(param_group);

            public void to(torch.Device device)
            {
                foreach (var (_, state) in _state) state.to(device);
            }

            public virtual StateDictionary state_dict()
            {
                var result = new StateDictionary();
                foreach (var group in _parameter_groups)
                {
                    result.Options.Add(group.Options);
                    var indices = new List<int>();
                    foreach (var parameter in group.Parameters)
                    {
                        indices.Add(result.State.Count);
                        result.State.Add(_state[parameter.Handle]);
                    }
                    result.StateIndexRef.Add(indices);
                }
                return result;
            }

            public virtual void load_state_dict(StateDictionary state_dict)
            {
                var own = this.state_dict();
                CheckSizes(own, state_dict.Options.Count, state_dict.State.Count);
                for (int i = 0; i < own.Options.Count; i++)
                    if (own.Options[i] != state_dict.Options[i]) own.Options[i].LoadStateDict(state_dict.Options[i]);
                for (int i = 0; i < own.State.Count; i++)
                    if (own.State[i] != state_dict.State[i]) own.State[i].LoadStateDict(state_dict.State[i]);
            }

            public void save_state_dict(string location)
            {
                using var writer = new BinaryWriter(File.Create(location));
                save_state_dict(writer);
            }

            /// <summary>The optimiser's name, the numbers of groups and states, then each of them.</summary>
            public void save_state_dict(BinaryWriter writer)
            {
                var own = state_dict();
                writer.Write(GetType().Name);
                Leb128.Write(writer, own.Options.Count);
                Leb128.Write(writer, own.State.Count);
                foreach (var options in own.Options) options.SaveStateDict(writer);
                foreach (var state in own.State) state.SaveStateDict(writer);
            }

            public void load_state_dict(string location)
            {
                using var reader = new BinaryReader(File.OpenRead(location));
                load_state_dict(reader);
            }

            public void load_state_dict(BinaryReader reader)
            {
                var name = reader.ReadString();
                if (name != GetType().Name)
                    throw new InvalidDataException($"Mismatched optimizer type: expected '{GetType().Name}', but found '{name}' in the loaded stream.");
                var own = state_dict();
                CheckSizes(own, Leb128.Read(reader), Leb128.Read(reader));
                foreach (var options in own.Options) options.LoadStateDict(reader);
                foreach (var state in own.State) state.LoadStateDict(reader);
            }

            protected torch.Tensor _step<T>(Action<T> body, Func<torch.Tensor>? loss_closure = null) where T : ParamGroup
            {
                torch.Tensor? loss = null;
                if (loss_closure is not null)
                    using (torch.enable_grad()) loss = loss_closure();
                using var off = torch.no_grad();
                using var scope = torch.NewDisposeScope();
                foreach (var group in _parameter_groups) body((T)group);
                return loss!;
            }

            internal static IReadOnlyList<Parameter> AsList(IEnumerable<Parameter> parameters) => parameters as IReadOnlyList<Parameter> ?? parameters.ToList();

            /// <summary>Adds a group whose options are complete, with a fresh state for each parameter.</summary>
            internal void Register(ParamGroup group, Func<Parameter, OptimizerState> newState)
            {
                group.Options.InitialLearningRate = group.Options.LearningRate!.Value;
                group.Parameters = AsList(group.Parameters);
                _parameter_groups.Add(group);
                foreach (var parameter in group.Parameters)
                {
                    var state = newState(parameter);
                    _state[parameter.Handle] = state;
                    state.Initialize(group.Options);
                }
            }

            private static void CheckSizes(StateDictionary own, long options, long states)
            {
                if (options != own.Options.Count) throw new ArgumentException("Invalid optimizer state -- different number of parameter groups.");
                if (states != own.State.Count) throw new ArgumentException("Invalid optimizer state -- different number of states.");
            }
        }

        public class OptimizerOptions
        {
            public double? LearningRate { get; set; }

            public double InitialLearningRate { get; set; }

            public virtual void SaveStateDict(BinaryWriter writer)
            {
                writer.Write(InitialLearningRate);
                writer.Write(LearningRate!.Value);
            }

            public virtual void LoadStateDict(BinaryReader reader)
            {
                InitialLearningRate = reader.ReadDouble();
                LearningRate = reader.ReadDouble();
            }

            public virtual void LoadStateDict(OptimizerOptions source)
            {
                InitialLearningRate = source.InitialLearningRate;
                LearningRate = source.LearningRate;
            }
        }

        /// <summary>What an optimiser remembers about one parameter.</summary>
        public abstract class OptimizerState
        {
            protected Parameter _parameter;

            protected OptimizerState(Parameter parameter) => _parameter = parameter;

            public abstract void SaveStateDict(BinaryWriter writer);

            public abstract void LoadStateDict(BinaryReader reader);

            public abstract void LoadStateDict(OptimizerState source);

            public virtual bool ApproximatelyEquals(OptimizerState other) => false;

            public abstract void Initialize(OptimizerOptions options);

            public virtual void to(torch.Device device)
            {
            }

            protected static void LoadConditionalStateTensor(BinaryReader reader, ref torch.Tensor? result, torch.Device device)
            {
                if (!reader.ReadBoolean())
                {
                    result?.Dispose();
                    result = null;
                    return;
                }
                var loaded = TensorExtensionMethods.Load(reader);
                result?.Dispose();
                result = loaded.to(device, disposeAfter: true).DetachFromDisposeScope();
            }

            protected static void SaveConditionalStateTensor(BinaryWriter writer, torch.Tensor? tensor)
            {
                writer.Write(tensor is not null);
                tensor?.Save(writer);
            }

            internal torch.Tensor Zeros()
            {
                using var off = torch.no_grad();
                return torch.zeros_like(_parameter).DetachFromDisposeScope();
            }

            internal torch.Tensor? Copied(torch.Tensor? source) => source?.to(_parameter.device, copy: true).DetachFromDisposeScope();

            internal static torch.Tensor? Moved(torch.Tensor? tensor, torch.Device device) => tensor?.to(device, disposeAfter: true).DetachFromDisposeScope();
        }

        public class ParamGroup : torch.optim.ILearningRateController
        {
            public IEnumerable<Parameter> Parameters { get; set; } = null!;

            public OptimizerOptions Options { get; set; } = null!;

            public double LearningRate
            {
                get => Options.LearningRate!.Value;
                set => Options.LearningRate = value;
            }

            public double InitialLearningRate
            {
                get => Options.InitialLearningRate;
                set => Options.InitialLearningRate = value;
            }
        }

        public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null)
            {
                Parameters = parameters;
                base.Options = options!;
            }

            public new TOptions Options
            {
                get => (TOptions)base.Options;
                set => base.Options = value;
            }
        }
    }
}
