using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AutoPeft.Orleans.Endpoints;

namespace AutoPeft.Orleans.Postgres;

/// <summary>
/// What the silos of a database's clusters know each other by: made by the first silo, and kept where only those can read it who can read
/// the studies.
/// </summary>
/// <param name="Name">The first part of the clusters' names.</param>
/// <param name="Certificate">A self-signed certificate with its private key, as PKCS #12 without a password.</param>
internal sealed record ClusterIdentity(string Name, byte[] Certificate)
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365 * 50);

    public SiloCertificate Load() => new(X509CertificateLoader.LoadPkcs12(Certificate, null));

    public static ClusterIdentity Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = new CertificateRequest("CN=autopeft", key,
            HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now + Validity);
        return new ClusterIdentity(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            certificate.Export(X509ContentType.Pkcs12));
    }
}
