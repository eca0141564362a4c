using AutoPeft.MLNet.Samplers;
using AutoPeft.Samplers;
using AutoPeft.TestKit;

namespace AutoPeft.MLNet.Tests.Samplers;

public sealed class MLNetCostFrugalSamplerTests : SamplerContract
{
    protected override ISampler Create() => new MLNetCostFrugalSampler();
}

public sealed class MLNetSmacSamplerTests : SamplerContract
{
    // Fewer than the default's 5,000 only for time; everything else is the default.
    protected override ISampler Create() => new MLNetSmacSampler(new MLNetSmacOptions { RandomCandidates = 300 });
}
