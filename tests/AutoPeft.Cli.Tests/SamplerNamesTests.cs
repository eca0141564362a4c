using AutoPeft.Catalogs;
using AutoPeft.Cli.Sweeps;
using AutoPeft.MLNet;

namespace AutoPeft.Cli.Tests;

public sealed class SamplerNamesTests
{
    [Fact]
    public void Every_sampler_of_the_library_is_there_by_its_name() =>
        Assert.All(SamplerCatalog.Names, name => Assert.Equal(name, SamplerNames.Create(name.ToUpperInvariant()).Name));

    [Fact]
    public async Task ML_NETs_samplers_are_there_or_the_command_says_in_one_line_that_ML_NET_is_not()
    {
        string where = Directory.CreateTempSubdirectory().FullName;
        try
        {
            (int code,
                string text) = await CommandProcess.RunAsync(where, "sweep", "function:branin", "--sampler", "mlnet-smac", "--trials", "3",
                    "--out", "run");
            if (MLNetSamplers.IsAvailable)
            {
                Assert.True(code == 0, text);
                Assert.Equal("mlnet-smac", (await CommandProcess.ReadAsync(Path.Combine(where, "run"))).Definition.Sampler);
                return;
            }
            Assert.Equal(2, code);
            Assert.StartsWith("autopeft: The sampler 'mlnet-smac' is ML.NET's", text);
            Assert.Single(text.Trim().Split('\n'));
            Assert.False(Directory.Exists(Path.Combine(where, "run")));
        }
        finally
        {
            Directory.Delete(where, recursive: true);
        }
    }

    [Fact]
    public void A_name_that_no_sampler_has_is_refused_with_those_there_are()
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => SamplerNames.Create("gpp"));
        Assert.All(SamplerCatalog.Names, n => Assert.Contains(n, e.Message));
        Assert.Equal(MLNetSamplers.IsAvailable, e.Message.Contains("mlnet-cfo", StringComparison.Ordinal));
    }
}
