namespace AutoPeft.Analysis.Importance;

/// <summary>What a study teaches about one objective, or why it teaches nothing of it.</summary>
/// <param name="Objective">Name of the objective that was analysed.</param>
/// <param name="Report">Report of what was found; null where nothing can be said.</param>
/// <param name="Reason">Reason why nothing can be said about the objective, in one line; null where <paramref name="Report"/> is
/// there.</param>
public sealed record ImportanceResult(string Objective, ImportanceReport? Report, string? Reason);
