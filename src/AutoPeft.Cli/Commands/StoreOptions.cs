using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Postgres;

namespace AutoPeft.Cli.Commands;

/// <summary>The options that name a study in a store that machines share, and say how this machine joins the others.</summary>
internal sealed class StoreOptions
{
    /// <summary>Environment variable with what --address says by default: job scripts set it to the node's name.</summary>
    public const string AddressVariable = "AUTOPEFT_ADDRESS";

    /// <summary>Environment variable with the password of the certificate's private key.</summary>
    public const string CertificatePasswordVariable = "AUTOPEFT_CERTIFICATE_PASSWORD";

    private readonly Option<string?> _store = new("--store") { Description = StoreText.Description };

    private readonly Option<string?> _study = new("--study") { Description = "The study's name in the store." };

    private readonly Option<string?> _address = new("--address")
    {
        Description = $"--store only: the address, host name or network interface of this machine at which the other machines reach it. "
            + $"Default {AddressVariable}, else loopback: this machine alone.",
    };

    private readonly Option<int?> _port =
        new("--port") { Description = "--store only: TCP port for the other machines. Default: the first free one from 11111." };

    private readonly Option<string?> _certificate = new("--certificate")
    {
        Description = $"--store only: PEM or PKCS #12 file with certificate and private key, the same on all machines; their connections "
            + $"are then TLS. Its password is in {CertificatePasswordVariable}.",
    };

    /// <param name="command">To which.</param>
    /// <param name="joins">Whether the command runs trials together with other machines; one that only looks needs no address.</param>
    public static StoreOptions AddTo(Command command, bool joins = true)
    {
        var options = new StoreOptions();
        foreach (Option o in joins
            ? (Option[])[options._store, options._study, options._address, options._port, options._certificate]
            : [options._store, options._study]) command.Options.Add(o);
        return options;
    }

    /// <summary>What was typed; null where no store was.</summary>
    public StoreArguments? Read(ParseResult parsed)
    {
        Option? typed = ((Option[])[_study, _address, _port, _certificate]).FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
        if (parsed.GetValue(_store) is null && typed is null) return null;
        StoreAddress store = StoreText.Read(parsed.GetValue(_store))
            ?? throw new InvalidInputException(
                $"{typed!.Name} is about a study in a store that machines share; say which store with --store or {StoreText.Variable}.");
        string study = parsed.GetValue(_study) ?? throw new InvalidInputException("--store holds many studies; name one with --study.");
        string? address = parsed.GetValue(_address) ?? Environment.GetEnvironmentVariable(AddressVariable);
        return new StoreArguments(store, study)
        {
            Endpoint = new SiloEndpoint
            {
                Address = string.IsNullOrEmpty(address) ? System.Net.IPAddress.Loopback : SiloEndpoint.AddressOf(address),
                Port = parsed.GetValue(_port) is not { } n ? null
                    : n is > 0 and < 65536 ? n
                    : throw new InvalidInputException($"--port takes a port from 1 to 65535, not {n}."),
            },
            Certificate = parsed.GetValue(_certificate) is { } file
                ? SiloCertificate.Load(file, Environment.GetEnvironmentVariable(CertificatePasswordVariable))
                : null,
        };
    }
}
