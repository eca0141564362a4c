using System.Text.RegularExpressions;

namespace AutoPeft.Cli.Slurm;

/// <summary>What a job asks Slurm for, in Slurm's own words; null leaves it to the cluster's defaults.</summary>
internal sealed partial record SlurmJob
{
    /// <summary>Name in the queue.</summary>
    public required string Name { get; init; }

    /// <summary>Jobs of the array; null for a single job.</summary>
    public int? Array { get; init; }

    /// <summary>Of the array, how many may run at once; null for as many as the cluster lets.</summary>
    public int? AtOnce { get; init; }

    public string? Partition { get; init; }

    public string? Account { get; init; }

    public string? Qos { get; init; }

    public string? Constraint { get; init; }

    /// <summary>"2", or with a type: "a100:2".</summary>
    public string? Gpus { get; init; }

    public int? Cpus { get; init; }

    /// <summary>"16G".</summary>
    public string? Memory { get; init; }

    /// <summary>"1-00:00:00".</summary>
    public string? Time { get; init; }

    /// <summary>Seconds before the limit or a preemption at which Slurm warns. Default 60: a training step and a checkpoint.</summary>
    public int Grace { get; init; } = 60;

    /// <summary>How many GPUs <see cref="Gpus"/> means; 0 for none.</summary>
    public int GpuCount =>
        Gpus is null ? 0 : int.Parse(Gpus.AsSpan(Gpus.LastIndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The same, if all of it can stand in a script.</summary>
    /// <exception cref="InvalidInputException">A value has characters that Slurm's options do not, or a number is out of range; the message
    /// names the option.</exception>
    public SlurmJob Checked()
    {
        if (Array is < 1 or > 100_000) throw new InvalidInputException($"--array takes a number of jobs from 1 to 100000, not {Array}.");
        if (AtOnce is < 1) throw new InvalidInputException($"--at-once takes a whole number from 1, not {AtOnce}.");
        if (Cpus is < 1) throw new InvalidInputException($"--cpus takes a whole number from 1, not {Cpus}.");
        if (Grace is < 10 or > 65535) throw new InvalidInputException($"--grace takes seconds from 10 to 65535, not {Grace}.");
        if (Gpus is not null && !GpuText().IsMatch(Gpus))
            throw new InvalidInputException($"--gpus takes a number from 1 or a type and a number, such as a100:2, not '{Gpus}'.");
        foreach ((string option,
            string? value) in (ReadOnlySpan<(string, string?)>)[("--partition", Partition), ("--account", Account), ("--qos", Qos),
                ("--constraint", Constraint), ("--mem", Memory), ("--time", Time)])
            if (value is not null && !Word().IsMatch(value))
                throw new InvalidInputException(
                    $"{option} '{value}': Slurm's values are one word of letters, digits and ._-,:+&|@%/[]*().");
        return this;
    }

    // A line break in a value would end the directive and start a line of the script.
    [GeneratedRegex(@"^[A-Za-z0-9._,:+&|@%/\[\]*()-]+\z")]
    private static partial Regex Word();

    [GeneratedRegex(@"^([A-Za-z0-9._-]+:)?[1-9][0-9]{0,2}\z")]
    private static partial Regex GpuText();
}
