using AutoPeft.Scaling.Fitting;

namespace AutoPeft.Scaling.Register;

/// <summary>A variable of a registered law.</summary>
/// <param name="Symbol">Name in the law's formula.</param>
/// <param name="Meaning">What the variable is, with its unit.</param>
/// <param name="Spellings">Usual names of its column, plain letters and digits; the symbol itself counts always.</param>
public sealed record LawVariable(string Symbol, string Meaning, params string[] Spellings);

/// <summary>A published form, ready to fit: formula, variables, bounds, where it comes from and where it misleads.</summary>
/// <param name="Key">Short name, as on the command line.</param>
/// <param name="Name">The law's name as reports show it.</param>
/// <param name="Predicts">What the law predicts, with its unit.</param>
/// <param name="Formula">The form; names that are no variable are parameters.</param>
/// <param name="Variables">Variables of the formula, each with its meaning and usual column names.</param>
/// <param name="Source">Where the form was published.</param>
/// <param name="Pitfall">Known weakness of the form: what to know before believing a fit.</param>
public sealed record RegisteredLaw(string Key, string Name, string Predicts, string Formula, IReadOnlyList<LawVariable> Variables,
    string Source, string Pitfall)
{
    /// <summary>Bounds of parameters that a sensible fit keeps; the search chooses starts.</summary>
    public IReadOnlyList<FormulaParameter> Bounds { get; init; } = [];

    /// <summary>The compute-optimal choice under the law, where it has a closed form.</summary>
    public string? Optimum { get; init; }
}
