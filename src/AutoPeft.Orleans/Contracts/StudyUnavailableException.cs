namespace AutoPeft.Orleans.Contracts;

/// <summary>A study's grain cannot open the study now; it is tried again with the next call.</summary>
/// <param name="message">Why, in one line.</param>
public sealed class StudyUnavailableException(string message) : Exception(message);
