namespace AutoPeft.Cli.Sweeps;

/// <summary>How a row of a final table came to its learning rate.</summary>
internal enum RateChoice
{
    /// <summary>The study's own rate for the kind of method; nobody tried another.</summary>
    Fixed,

    /// <summary>The configuration has a learning rate, which the search chose.</summary>
    Searched,

    /// <summary>The best on dev of the rates that the row was tried at, the next lower and the next higher among them.</summary>
    Chosen,

    /// <summary>The best on dev, at the lowest rate that a row may try: a still lower one may be better.</summary>
    Lowest,

    /// <summary>The best on dev, at the highest rate that a row may try: a still higher one may be better.</summary>
    Highest,
}
