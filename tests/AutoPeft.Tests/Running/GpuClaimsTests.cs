using AutoPeft.Running;

namespace AutoPeft.Tests.Running;

public sealed class GpuClaimsTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "autopeft-claims-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_GPU_that_one_process_has_no_other_is_given()
    {
        IReadOnlyList<DeviceSlot> slots = DeviceSlot.Cuda(4);
        using var first = new GpuClaims(_directory, "");
        using var second = new GpuClaims(_directory, "");
        Assert.Equal(slots.Take(2), slots.Where(first.TryClaim).Take(2));
        Assert.Equal(slots.Skip(2), slots.Where(second.TryClaim));
        first.Dispose();
        Assert.Equal(slots, slots.Where(second.TryClaim));
    }

    [Fact]
    public void Parts_of_one_GPU_go_to_the_process_that_has_it()
    {
        IReadOnlyList<DeviceSlot> parts = DeviceSlot.Cuda(1, perDevice: 3);
        using var first = new GpuClaims(_directory, "");
        using var second = new GpuClaims(_directory, "");
        Assert.True(first.TryClaim(parts[0]));
        Assert.True(first.TryClaim(parts[2]));
        Assert.False(second.TryClaim(parts[1]));
    }

    [Fact]
    public void A_slot_of_several_GPUs_is_claimed_whole_or_not_at_all()
    {
        using var first = new GpuClaims(_directory, "");
        using var second = new GpuClaims(_directory, "");
        Assert.True(first.TryClaim(DeviceSlot.Cuda(4)[1]));
        Assert.False(second.TryClaim(DeviceSlot.Cuda(4, devicesPerSlot: 2)[0]));
        Assert.True(first.TryClaim(DeviceSlot.Cuda(4)[0]));
        Assert.True(second.TryClaim(DeviceSlot.Cuda(4, devicesPerSlot: 2)[1]));
    }

    [Fact]
    public void GPUs_are_told_apart_as_the_driver_numbers_them_not_by_their_place_in_what_a_process_sees()
    {
        using var first = new GpuClaims(_directory, "2,3");
        using var second = new GpuClaims(_directory, "3,2");
        using var third = new GpuClaims(_directory, "");
        Assert.True(first.TryClaim(new DeviceSlot("cuda", 0, 1)));
        Assert.False(second.TryClaim(new DeviceSlot("cuda", 1, 1)));
        Assert.True(second.TryClaim(new DeviceSlot("cuda", 0, 1)));
        Assert.Equal([true, true, false, false], Enumerable.Range(0, 4).Select(i => third.TryClaim(new DeviceSlot("cuda", i, 1))));
    }

    [Fact]
    public void CPU_slots_need_no_claim()
    {
        using var claims = new GpuClaims(_directory, "");
        Assert.True(claims.TryClaim(DeviceSlot.Cpu(1)[0]));
        Assert.False(Directory.Exists(_directory));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_said_in_one_line()
    {
        string file = Path.GetTempFileName();
        try
        {
            using var claims = new GpuClaims(Path.Combine(file, "below"), "");
            InvalidInputException e = Assert.Throws<InvalidInputException>(() => claims.TryClaim(new DeviceSlot("cuda", 0, 1)));
            Assert.Contains("which GPU", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
        finally { File.Delete(file); }
    }
}
