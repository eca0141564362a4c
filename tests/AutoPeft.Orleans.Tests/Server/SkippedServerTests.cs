using AutoPeft.TestKit;

namespace AutoPeft.Orleans.Tests.Server;

public sealed class SkippedServerTests : ServerTestsContract;
