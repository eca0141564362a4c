using AutoPeft.Postgres;

namespace AutoPeft.Cli.Commands;

/// <summary>
/// Where a store's address comes from: typed, from the environment, or from standard input. One with a password is not taken where it was
/// typed: every user of the machine sees command lines.
/// </summary>
internal static class StoreText
{
    /// <summary>The environment variable that holds an address.</summary>
    public const string Variable = "AUTOPEFT_STORE";

    /// <summary>For the option's help.</summary>
    public const string Description =
        $"postgres://user@host/database, or an Npgsql connection string; - reads it from standard input, {Variable} holds it where none is "
        + $"typed. "
        + "What it leaves out comes from PGHOST, PGPASSWORD, the passfile, …";

    /// <summary>The address; null where none is typed and the variable is not set.</summary>
    /// <param name="typed">What was typed; "-" for a line of standard input.</param>
    /// <exception cref="InvalidInputException">It cannot be understood, or a password was typed.</exception>
    public static StoreAddress? Read(string? typed)
    {
        if (typed == "-")
        {
            string? line = Console.In.ReadLine()?.Trim();
            if (string.IsNullOrEmpty(line)) throw new InvalidInputException("--store -: standard input has no line with an address.");
            return StoreAddress.Parse(line);
        }
        if (typed is null) return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? StoreAddress.Parse(set) : null;
        StoreAddress address = StoreAddress.Parse(typed);
        return !address.HasPassword ? address
            : throw new InvalidInputException(
                "--store has a password in it, which every user of this machine can see in its process list; put it in ~/.pgpass (chmod "
                + "600) or "
                + $"PGPASSWORD, or the whole address in {Variable} or on standard input (--store -).");
    }
}
