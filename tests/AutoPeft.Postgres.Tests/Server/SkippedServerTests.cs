using AutoPeft.TestKit;

namespace AutoPeft.Postgres.Tests.Server;

public sealed class SkippedServerTests : ServerTestsContract;
