using System.Collections.Immutable;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace AutoPeft.Orleans.Tests;

/// <summary>What travels between silos comes out as it went in.</summary>
public sealed class MessageTests
{
    private static readonly Serializer s_serializer =
        new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer>();

    private static readonly AttemptEnd[] s_ends =
    [
        new AttemptEnd.CompletedEnd(new TrialOutcome([1.5, double.MaxValue, -0.0], [double.Epsilon], ImmutableSortedDictionary<string,
            double>.Empty.Add("größe", 0.1).Add("nan", double.NaN))),
        new AttemptEnd.CompletedEnd(TrialOutcome.Of()), new AttemptEnd.FailedEnd("a 'quoted'\nline"),
            new AttemptEnd.OutOfMemory("no more", true), new AttemptEnd.OutOfMemory("no more"),
        new AttemptEnd.LeftEnd(long.MaxValue, true), new AttemptEnd.LeftEnd(0), new AttemptEnd.LostEnd("killed"),
        new AttemptEnd.InterruptedEnd(""),
    ];

    public static TheoryData<int> Ends { get; } = [.. Enumerable.Range(0, s_ends.Length)];

    [Theory, MemberData(nameof(Ends))]
    public void Every_end_of_an_attempt_travels(int which)
    {
        AttemptEnd end = s_ends[which];
        AttemptEnd back = Sent(EndMessage.Of(end)).ToEnd();
        if (end is AttemptEnd.CompletedEnd sent)
        {
            TrialOutcome outcome = Assert.IsType<AttemptEnd.CompletedEnd>(back).Outcome;
            Assert.Equal([.. sent.Outcome.Values], (double[])[.. outcome.Values]);
            Assert.Equal([.. sent.Outcome.Outcomes], (double[])[.. outcome.Outcomes]);
            Assert.Equal(sent.Outcome.Metrics, outcome.Metrics);
        }
        else Assert.Equal(end, back);
    }

    [Fact]
    public void Every_kind_of_end_is_known_to_the_message()
    {
        string[] kinds = [.. typeof(AttemptEnd).GetNestedTypes().Where(t => t.IsSubclassOf(typeof(AttemptEnd))).Select(t => t.Name)];
        Assert.Equal(kinds.Order(), s_ends.Select(e => EndMessage.Of(e).Kind).Distinct().Order());
    }

    [Fact]
    public void Assignments_travel_with_every_kind_of_parameter()
    {
        SearchSpace space = StudyStoreContract.Definition.Space;
        for (uint seed = 0; seed < 50; seed++)
        {
            var sent = new TrialAssignment((int)seed, space.Sample(new Philox(seed)), ulong.MaxValue - seed, 3, DeviceSlot.Cpu(2)[1], null,
                seed % 2 == 0 ? 7 : null, seed % 4 == 0 ? new TrialParent(1, 7) : null)
            {
                Alone = seed % 3 == 0,
                KeepsFrom = seed % 5 == 0 ? 4 : null,
            };
            Assert.Equal(sent, Sent(TrialOrder.Of(sent)).On(space, sent.Device));
        }
    }

    [Fact]
    public void Definitions_offers_answers_and_decisions_travel()
    {
        Assert.Equal(StudyStoreContract.Definition, DefinitionBytes.Read(Sent(DefinitionBytes.Write(StudyStoreContract.Definition))));
        DeviceSlot slot = new("cuda", 2, 8) { Part = 1 };
        Assert.Equal(slot, Sent(SlotOffer.Of("worker", slot)).Device);
        Assert.Equal(new NextAnswer(null, true, "enough"), Sent(NextAnswer.Of(new NextTrial(null, true, "enough"))));
        foreach (Decision decision in Enum.GetValues<Decision>()) Assert.Equal<Decision?>(decision, Sent<Decision?>(decision));
        Assert.Null(Sent<Decision?>(null));
        Assert.Equal(new EndReceipt(true, 4) { Trials = 7 }, Sent(new EndReceipt(true, 4) { Trials = 7 }));
        Assert.Equal(new AttemptId(7, 2), Sent(new AttemptId(7, 2)));
    }

    [Theory]
    [InlineData("127.0.0.1", 11111)]
    [InlineData("2001:db8::7", 30000)]
    public void A_workers_name_tells_its_silo(string address, int port)
    {
        SiloAddress silo = SiloAddress.New(System.Net.IPAddress.Parse(address), port, 421036812);
        var worker = new InProcessWorker(new ScriptedRunner((_, _, _) => throw new InvalidOperationException()), DeviceSlot.Cpu(1)[0]);
        Assert.Equal(silo, SlotName.SiloOf(SlotName.Of(silo, worker)));
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("somebody"), InlineData("in-process/cpu:0"), InlineData("host-7/cuda:0"),
        InlineData("host:12/cpu:0"), InlineData("/x")]
    public void The_name_of_another_worker_tells_none(string? worker) => Assert.Null(SlotName.SiloOf(worker));

    private static T Sent<T>(T value) => s_serializer.Deserialize<T>(s_serializer.SerializeToArray(value))!;
}
