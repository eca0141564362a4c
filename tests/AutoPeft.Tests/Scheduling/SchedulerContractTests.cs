using AutoPeft.Catalogs;
using AutoPeft.Scheduling;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Scheduling;

public sealed class RunToEndTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("none");

    protected override long Min => long.MaxValue;
}

public sealed class AshaContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("asha");

    protected override long Min => 1;
}

public sealed class LateAshaContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("asha:min=2,eta=2,max=9,metric=loss");

    protected override long Min => 2;
}

public sealed class StoppingAshaContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("asha:min=1,max=9,mode=stop");

    protected override long Min => 1;
}

public sealed class HyperbandContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("hyperband:min=1,max=9");

    protected override long Min => 1;
}

public sealed class SuccessiveHalvingContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("halving:min=1,max=9");

    protected override long Min => 1;
}

public sealed class MedianContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("median:min=3");

    protected override long Min => 3;
}

public sealed class PercentileContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("percentile:keep=30,interval=2,value=last");

    protected override long Min => 1;
}

public sealed class PatienceContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("patience:reports=3");

    protected override long Min => 4;

    protected override bool StopsWhatStandsStill => true;
}

public sealed class ThresholdContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("threshold:metric=loss,upper=2,min=2");

    protected override long Min => 2;
}

public sealed class WilcoxonContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("wilcoxon");

    protected override long Min => 4;
}

public sealed class CurveContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("curve:min=2,mode=stop");

    protected override long Min => 2;
}

public sealed class PausingCurveContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("curve");

    protected override long Min => 1;
}

public sealed class PopulationContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("pbt:population=4,max=9");

    protected override long Min => 1;
}

public sealed class SynchronousPopulationContractTests : SchedulerContract
{
    protected override IScheduler Create() => SchedulerCatalog.Create("pbt:population=6,interval=2,max=9,mode=sync,metric=loss");

    protected override long Min => 2;
}
