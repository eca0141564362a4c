using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using AutoPeft.Tests.Studies;

namespace AutoPeft.Tests.Scheduling;

public class ReportOrderTests
{
    [Fact]
    public async Task Reports_out_of_order_are_left_out_and_the_trial_goes_on()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 3);
        var worker = new InProcessWorker(new Disorderly(), new DeviceSlot("cpu", 0, 1));
        await session.RunAsync([worker]);
        Assert.All(session.Study.Trials,
            t => Assert.Equal((TrialState.Completed, "2 5 6"), (t.State, string.Join(' ', t.Reports.Select(r => r.Step)))));
        Assert.All(session.Study.Trials, t => Assert.Equal(5, t.Reports[1].Metrics["loss"]));
    }

    private sealed class Disorderly : ITrialRunner
    {
        public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            foreach ((long step, double loss) in (IEnumerable<(long, double)>)[(2, 2), (5, 5), (5, 50), (3, 3), (6, 6)])
                Assert.Equal(Decision.Continue,
                    await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = loss }, cancellationToken));
            return TrialOutcome.Of(1, 2);
        }
    }
}
