using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;

namespace AutoPeft.Orleans.Endpoints;

/// <summary>
/// The certificate with which the silos of a cluster know each other: all of them have the same one, a self-signed one as a rule.
/// Connections between silos are then TLS, and a silo takes only peers that prove to have the certificate's private key; nothing else of
/// the certificate is looked at.
/// </summary>
/// <param name="certificate">Certificate and private key.</param>
public sealed class SiloCertificate(X509Certificate2 certificate)
{
    /// <summary>Reads a file: PEM with certificate and private key in it, or PKCS #12 (.pfx, .p12).</summary>
    /// <param name="path">The file.</param>
    /// <param name="password">Of the private key; null where it has none.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or has no private key.</exception>
    public static SiloCertificate Load(string path, string? password = null)
    {
        try
        {
            X509Certificate2 read = System.IO.Path.GetExtension(path).ToLowerInvariant() is ".pfx" or ".p12"
                ? X509CertificateLoader.LoadPkcs12FromFile(path, password)
                : password is null ? X509Certificate2.CreateFromPemFile(path)
                : X509Certificate2.CreateFromEncryptedPemFile(path, password);
            return read.HasPrivateKey ? new SiloCertificate(read) :
                throw new InvalidInputException($"{path} has no private key; put it into the file.");
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(
                $"{path} cannot be read as a certificate with its private key (PEM, or PKCS #12 as .pfx): {e.Message}", e);
        }
    }

    internal void Use(ISiloBuilder builder) => builder.UseTls(certificate, o =>
    {
        o.RemoteCertificateMode = o.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        o.RemoteCertificateValidation = (remote, _, _) =>
            CryptographicOperations.FixedTimeEquals(remote.GetCertHash(HashAlgorithmName.SHA256),
            certificate.GetCertHash(HashAlgorithmName.SHA256));
        // Silos are found by address; the certificate itself, not a name in it, is what is trusted.
        o.OnAuthenticateAsClient = (_, tls) => tls.TargetHost = certificate.GetNameInfo(X509NameType.DnsName, false) is
        { Length: > 0 } name ? name : "autopeft";
    });
}
