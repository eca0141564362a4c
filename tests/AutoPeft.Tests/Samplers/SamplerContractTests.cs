using AutoPeft.Population;
using AutoPeft.Samplers;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Samplers;

public sealed class RandomSamplerTests : SamplerContract
{
    protected override ISampler Create() => new RandomSampler();

    protected override bool AvoidsRepeats => false;
}

public sealed class SobolSamplerTests : SamplerContract
{
    protected override ISampler Create() => new SobolSampler();

    protected override bool AvoidsRepeats => false;
}

public sealed class GridSamplerTests : SamplerContract
{
    protected override ISampler Create() => new GridSampler();

    protected override bool RunsOut => true;
}

public sealed class GaussianProcessSamplerTests : SamplerContract
{
    protected override ISampler Create() => new GaussianProcessSampler();
}

public sealed class TpeSamplerTests : SamplerContract
{
    protected override ISampler Create() => new TpeSampler();
}

public sealed class BohbSamplerTests : SamplerContract
{
    protected override ISampler Create() => new BohbSampler();
}

public sealed class DehbSamplerTests : SamplerContract
{
    protected override ISampler Create() => new DehbSampler();
}

public sealed class NsgaIISamplerTests : SamplerContract
{
    protected override ISampler Create() => new NsgaIISampler();
}

public sealed class CmaEsSamplerTests : SamplerContract
{
    protected override ISampler Create() => new CmaEsSampler();
}

public sealed class RegularizedEvolutionSamplerTests : SamplerContract
{
    protected override ISampler Create() => new RegularizedEvolutionSampler();
}

public sealed class TreeSearchSamplerTests : SamplerContract
{
    protected override ISampler Create() => new TreeSearchSampler();
}

public sealed class CostFrugalSamplerTests : SamplerContract
{
    protected override ISampler Create() => new CostFrugalSampler();
}

public sealed class AutoSamplerTests : SamplerContract
{
    protected override ISampler Create() => new AutoSampler();
}

public sealed class PopulationSamplerTests : SamplerContract
{
    protected override ISampler Create() => new PopulationSampler();

    protected override bool AvoidsRepeats => false;
}

public sealed class PopulationBanditSamplerTests : SamplerContract
{
    protected override ISampler Create() => new PopulationSampler(bandit: true);

    protected override bool AvoidsRepeats => false;
}
