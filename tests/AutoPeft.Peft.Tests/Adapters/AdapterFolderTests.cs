using System.Text.Json.Nodes;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Adapters;

public sealed class AdapterFolderTests : IDisposable
{
    private static readonly string[] Labels = ["a", "b", "c"];

    private readonly ScratchFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Plans => new("serial 3", "parallel 5", "prefix 3", "prefix 3 flat", "prompt 4", "lora r2 a3 qv",
        "lora r4 a3 rs d0.1 qkvoif", "dora r2 qf", "ia3", "mam 3 5", "bitfit",
        "full", "head", "lora r2 qv + serial 3 + prefix 2", "serial 2 + parallel 3 + prefix 4");

    [Theory]
    [MemberData(nameof(Plans))]
    public void Any_plan_is_read_back_bit_for_bit(string name)
    {
        var plan = PeftPlan.FromName(name, TinyModel.Config);
        var model = Trained(plan);
        AdapterFolder.Save(model, Description(plan), _folder.Path);

        var other = TinyModel.Base();
        AdapterDescription read = AdapterFolder.Load(other, _folder.Path);
        Assert.Equal(TinyModel.Answers(model), TinyModel.Answers(other));
        Assert.Equal(plan.ExactCount(TinyModel.Config, 3), read.Plan.ExactCount(TinyModel.Config, 3));
        Assert.Equal((plan.Name, plan.Base, plan.Head, plan.ShiftPositions),
            (read.Plan.Name, read.Plan.Base, read.Plan.Head, read.Plan.ShiftPositions));
        Assert.Equal(Labels, read.Labels);

        using var again = new ScratchFolder();
        AdapterFolder.Save(other, read, again.Path);
        foreach (string file in (string[])[AdapterFolder.DescriptionFileName, AdapterFolder.WeightsFileName])
            Assert.Equal(File.ReadAllBytes(_folder.File(file)), File.ReadAllBytes(again.File(file)));
    }

    [Fact]
    public void An_AutoPEFT_configuration_on_some_layers_is_read_back_bit_for_bit()
    {
        var plan = PeftMethods.AutoPeft(TinyModel.Config, serial: 3, parallel: 2, prefix: 4, layers: [1]);
        var model = Trained(plan);
        AdapterFolder.Save(model, Description(plan), _folder.Path);
        var other = TinyModel.Base();
        AdapterFolder.Load(other, _folder.Path);
        Assert.Equal(TinyModel.Answers(model), TinyModel.Answers(other));
        using var reader = SafetensorsReader.Open(_folder.File(AdapterFolder.WeightsFileName));
        Assert.Contains("bert.encoder.layer.1.output.adapter.serial.down_weight", reader.Entries.Keys);
        Assert.DoesNotContain(reader.Entries.Keys, k => k.Contains("layer.0."));
    }

    [Theory]
    [InlineData("format", "\"zip\"", "expected \"autopeft-adapter\"")]
    [InlineData("version", "2", "version = 2, expected 1")]
    [InlineData("outputs", "2", "expected 3, one for each label")]
    [InlineData("outputs", "1e9", "expected 3")]
    [InlineData("labels", "[1,2,3]", "expected an array of strings")]
    [InlineData("colour", "\"blue\"", "colour = \"blue\" is not supported")]
    [InlineData("plan", "null", "expected an object")]
    [InlineData("plan.base", "\"some\"", "expected one of frozen, biases, all")]
    [InlineData("plan.base", "\"all\"", "is missing; expected shape")]
    [InlineData("plan.blocks.0.core.size", "2000000000", "expected [2000000000, 12]")]
    [InlineData("plan.blocks.0.core.size", "4", "expected [4, 12]")]
    [InlineData("plan.blocks.0.core.type", "\"magic\"", "expected bottleneck")]
    [InlineData("plan.blocks.0.core.nonlinearity", "\"sine\"", "expected one of gelu")]
    [InlineData("plan.blocks.0.core.extra", "1", "extra = 1 is not supported")]
    [InlineData("plan.blocks.0.layer", "7", "does not fit a model of 2 layers")]
    [InlineData("plan.blocks.0.layer", "1", "two blocks named 'serial'")]
    [InlineData("plan.blocks.0.point", "\"pooler\"", "belongs to no layer")]
    [InlineData("plan.blocks.0.name", "\"a.b\"", "expected letters, digits and underscores")]
    [InlineData("plan.blocks.0.read", "\"weight\"", "expected one of hidden, residual, normalised_sum")]
    [InlineData("plan.blocks.0.compose", "\"multiply\"", "compose = \"multiply\", expected add")]
    [InlineData("plan.blocks.0.point", "\"query\"", "cannot stand at Query of layer 0: it stands at residuals")]
    [InlineData("plan.blocks.0.share_key", "\"all\"", "share_key")]
    [InlineData("plan.blocks.0.dropout", "2", "expected a number in [0, 1)")]
    [InlineData("plan.blocks.0.scale", "1e999", "expected a finite number")]
    public void A_description_that_is_not_of_these_weights_is_refused_and_nothing_is_attached(string path, string value, string says)
    {
        var plan = PeftPlan.FromName("serial 3", TinyModel.Config);
        AdapterFolder.Save(Trained(plan), Description(plan), _folder.Path);
        string file = _folder.File(AdapterFolder.DescriptionFileName);
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!, at = json;
        string[] steps = path.Split('.');
        foreach (string step in steps[..^1]) at = int.TryParse(step, out int i) ? at[i]! : at[step]!;
        at[steps[^1]] = JsonNode.Parse(value);
        File.WriteAllText(file, json.ToJsonString());
        AssertRefused(says);
    }

    [Fact]
    public void A_tensor_too_many_or_too_few_is_refused()
    {
        var plan = PeftPlan.FromName("serial 3", TinyModel.Config);
        AdapterFolder.Save(Trained(plan), Description(plan), _folder.Path);
        var tensors = new Dictionary<string, Tensor>();
        using (var reader = SafetensorsReader.Open(_folder.File(AdapterFolder.WeightsFileName)))
            foreach (string key in reader.Entries.Keys) tensors[key] = reader.Read(key);
        const string one = "bert.encoder.layer.0.output.adapter.serial.up_bias";
        SafetensorsWriter.Write(_folder.File(AdapterFolder.WeightsFileName), tensors.Append(new("bert.stranger", ones(2))));
        AssertRefused("tensor 'bert.stranger' is none that 'serial 3' has");
        SafetensorsWriter.Write(_folder.File(AdapterFolder.WeightsFileName), tensors.Where(t => t.Key != one));
        AssertRefused($"tensor '{one}' is missing");
    }

    [Fact]
    public void Damaged_descriptions_end_with_a_line_or_an_adapter()
    {
        var plan = PeftPlan.FromName("lora r2 qv + serial 3 + prefix 2", TinyModel.Config);
        AdapterFolder.Save(Trained(plan), Description(plan), _folder.Path);
        byte[] whole = File.ReadAllBytes(_folder.File(AdapterFolder.DescriptionFileName));
        var random = new Random(20);
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            for (int k = random.Next(1, 3); k > 0; k--) damaged[random.Next(damaged.Length)] = (byte)random.Next(32, 127);
            File.WriteAllBytes(_folder.File(AdapterFolder.DescriptionFileName), damaged);
            using var scope = NewDisposeScope();
            var model = TinyModel.Base();
            try
            {
                AdapterFolder.Load(model, _folder.Path);
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                Assert.Empty(PeftModel.AttachedSites(model));
            }
        }
    }

    private void AssertRefused(string says)
    {
        var model = TinyModel.Base();
        string message = Assert.Throws<InvalidInputException>(() => AdapterFolder.Load(model, _folder.Path)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Empty(PeftModel.AttachedSites(model));
        BertOracle.AssertClose(BertOracle.Logits, TinyModel.Logits(model), 1e-12);
    }

    private static AdapterDescription Description(PeftPlan plan) => new(plan, Labels, 3, 24, "some/base", "01234567");

    /// <summary>As after training: nothing that the plan trains is as it was.</summary>
    private static BertForSequenceClassification Trained(PeftPlan plan)
    {
        var model = TinyModel.Filled(plan);
        using var mode = no_grad();
        foreach (var (_, parameter) in PeftModel.TrainableParameters(model)) parameter.mul_(1.0625);
        return model;
    }
}
