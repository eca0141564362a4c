using AutoPeft.TestKit;

namespace AutoPeft.Cli.Tests.Server;

public sealed class SkippedServerTests : ServerTestsContract;
