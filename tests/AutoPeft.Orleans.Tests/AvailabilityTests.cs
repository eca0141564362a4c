using System.Reflection;

namespace AutoPeft.Orleans.Tests;

public class AvailabilityTests
{
    [Fact]
    public void The_adapter_is_there_exactly_where_its_packages_are()
    {
        Assembly adapter = Assembly.Load("AutoPeft.Orleans");
#if ORLEANS
        Assert.Contains(adapter.GetReferencedAssemblies(), a => a.Name == "Orleans.Runtime");
        Assert.NotEmpty(adapter.GetExportedTypes());
#else
        Assert.DoesNotContain(adapter.GetReferencedAssemblies(), a => a.Name!.StartsWith("Orleans", StringComparison.Ordinal));
        Assert.Empty(adapter.GetExportedTypes());
#endif
    }
}
