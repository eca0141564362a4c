using AutoPeft.Catalogs;

namespace AutoPeft.MLNet.Tests;

public sealed class MLNetSamplersTests
{
    [Fact]
    public void Its_names_are_none_of_the_librarys_own() =>
        Assert.Empty(MLNetSamplers.Names.Intersect(SamplerCatalog.Names, StringComparer.OrdinalIgnoreCase));

    [Fact]
    public void Each_name_gives_its_sampler_or_says_in_one_line_that_ML_NET_was_not_restored() =>
        Assert.All(MLNetSamplers.Names, name =>
        {
            Assert.True(MLNetSamplers.Knows(name.ToUpperInvariant()));
            if (MLNetSamplers.IsAvailable)
            {
                Assert.Equal(name, MLNetSamplers.Create(name.ToUpperInvariant()).Name);
                return;
            }
            InvalidInputException e = Assert.Throws<InvalidInputException>(() => MLNetSamplers.Create(name));
            Assert.Contains(name, e.Message);
            Assert.Contains("Microsoft.ML.AutoML was not restored", e.Message);
            Assert.DoesNotContain('\n', e.Message);
        });

    [Fact]
    public void Another_name_is_refused_with_those_there_are()
    {
        Assert.False(MLNetSamplers.Knows("cfo"));
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => MLNetSamplers.Create("mlnet-gp"));
        Assert.All(MLNetSamplers.Names, n => Assert.Contains(n, e.Message));
    }
}
