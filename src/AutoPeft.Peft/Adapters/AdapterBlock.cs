using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// One building block of parameter-efficient fine-tuning: the tensors that it brings to one place of a model, and what it computes from
/// them there. There is one kind of block for each kind of place: <see cref="LinearBlock"/> and <see cref="ResidualBlock"/> can be
/// inherited; prefixes and prompts are this library's own. A method is a list of blocks, see <see cref="PeftPlan"/>. Immutable and without
/// state: the tensors lie in <see cref="BlockTensors"/>.
/// </summary>
public abstract partial record AdapterBlock
{
    private protected AdapterBlock(Site site, string name) => (Name, Site) = (name, site);

    /// <summary>The block's name below its place, unique there: lora, serial, prefix …</summary>
    /// <exception cref="InvalidInputException">The name is not 1 to 64 letters, digits and underscores.</exception>
    public string Name
    {
        get;
        init => field = IsName(value)
            ? value
            : throw new InvalidInputException($"a block cannot be named '{value}': names are letters, digits and underscores");
    }

    /// <summary>The place of the model at which the block stands.</summary>
    /// <exception cref="InvalidInputException">A block of this kind cannot stand there.</exception>
    public Site Site
    {
        get;
        init => field = Fits(value) ? value : throw new InvalidInputException($"block '{Name}' cannot stand at {value}: {Where}");
    }

    /// <summary>Name of the block's type in files, such as "low_rank".</summary>
    public abstract string Type { get; }

    /// <summary>The numbers and words that a file keeps of the block, from which its <see cref="BlockType"/> makes it again.</summary>
    public virtual JsonObject Settings => new();

    /// <summary>
    /// The path of the block's tensors in the adapted model, as <c>bert.encoder.layer.0.attention.self.query.adapter.lora</c>.
    /// </summary>
    public string ModulePath => ShareKey is null ? $"{Site.Path}.{Site.AdapterModule}.{Name}" : $"bert.{Site.AdapterModule}.{ShareKey}";

    /// <summary>Blocks with one key share their tensors, which then lie at the encoder; null: the block's own.</summary>
    internal string? ShareKey { get; private protected init; }

    /// <summary>What files say of how the block joins the model: what it reads and how the result is put in; null: nothing.</summary>
    internal virtual (string Read, string Compose)? Join => null;

    /// <summary>The kind of place at which the block can stand, for messages.</summary>
    private protected abstract string Where { get; }

    /// <summary>The block's tensors, from shapes alone.</summary>
    /// <param name="inFeatures">Width of what goes into the place.</param>
    /// <param name="outFeatures">Width of what comes out of the place.</param>
    public abstract IReadOnlyList<BlockTensor> Tensors(int inFeatures, int outFeatures);

    /// <summary>
    /// Trained numbers as papers count them: no biases, and a prefix by its keys and values however they are made. The default is the exact
    /// number.
    /// </summary>
    /// <param name="inFeatures">Width of what goes into the place.</param>
    /// <param name="outFeatures">Width of what comes out of the place.</param>
    public virtual long PaperCount(int inFeatures, int outFeatures) =>
        Tensors(inFeatures, outFeatures).Where(t => t.Trained).Sum(t => t.Count);

    /// <summary>Whether a block of this kind can stand at a place.</summary>
    private protected abstract bool Fits(Site site);

    /// <summary>Adds what a file keeps of the block besides its settings.</summary>
    internal virtual void Write(JsonObject json) { }

    /// <summary>The block with what a file keeps besides its settings.</summary>
    internal virtual AdapterBlock Read(BlockSettings settings) => this;

    /// <summary>The block's tensors by their names in the adapted model.</summary>
    internal IReadOnlyList<ParameterSpec> Parameters(AdaptableShape shape)
    {
        var (inFeatures, outFeatures) = shape.Features(Site);
        return
        [
            .. Tensors(inFeatures, outFeatures).Select(t => new ParameterSpec(
                $"{ModulePath}.{t.Name}", t.Shape, t.Trained, ShareKey is null ? null : $"{ShareKey}.{t.Name}")),
        ];
    }

    /// <summary>Whether a text can be the name of a module.</summary>
    internal static bool IsName(string text) => Plain().IsMatch(text);

    /// <exception cref="InvalidInputException">The value is not in [0, 1).</exception>
    private protected static double Fraction(string what, double value) =>
        value >= 0 && value < 1 ? value : throw new InvalidInputException($"a {what} of {value} is not in [0, 1)");

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,64}\z")]
    private static partial Regex Plain();
}
