using System.Reflection;
using Xunit;

namespace AutoPeft.TestKit;

/// <summary>
/// What tests on a real server promise: each says that it was skipped where no server is installed, and none fails. Inherit it in a project
/// with such tests; they lie in a folder, and with it a namespace, <c>Server</c>.
/// </summary>
public abstract class ServerTestsContract
{
    [Fact]
    public void Every_test_on_a_server_can_be_skipped()
    {
        MethodInfo[] tests = [.. GetType().Assembly.GetTypes()
            .Where(t => !t.IsAbstract && t.Namespace?.EndsWith(".Server", StringComparison.Ordinal) == true)
            .SelectMany(t => t.GetMethods())
            .Where(m => m.IsDefined(typeof(FactAttribute)) && m.DeclaringType != typeof(ServerTestsContract))];
        Assert.NotEmpty(tests);
        Assert.All(tests, m => Assert.True(m.IsDefined(typeof(SkippableFactAttribute)) || m.IsDefined(typeof(SkippableTheoryAttribute)),
            $"{m.ReflectedType!.Name}.{m.Name} is a fact that fails without a server; make it skippable."));
    }
}
