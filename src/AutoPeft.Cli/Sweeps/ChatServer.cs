namespace AutoPeft.Cli.Sweeps;

/// <summary>A server that speaks the chat-completions protocol, which <c>--sampler llm</c> asks. Its key is never written down.</summary>
/// <param name="Address">Its address, as http://localhost:8000/v1.</param>
/// <param name="Model">The model's name there.</param>
/// <param name="Task">What the model should know of the task; null: nothing.</param>
internal sealed record ChatServer(string Address, string Model, string? Task);
