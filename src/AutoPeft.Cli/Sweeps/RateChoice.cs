namespace AutoPeft.Cli.Sweeps;

/// <summary>How a row of a final table came to its learning rate.</summary>
internal enum RateChoice
{
    /// <summary>The study's own rate for the kind of method; nobody tried another.</summary>
    Fixed,

    /// <summary>The configuration has a learning rate, which the search chose.</summary>
    Searched,

    /// <summary>The best on dev of the rates that every row was tried at.</summary>
    Chosen,

    /// <summary>The same, at the lowest of the rates: a still lower one may be better.</summary>
    Lowest,

    /// <summary>The same, at the highest of the rates: a still higher one may be better.</summary>
    Highest,
}
