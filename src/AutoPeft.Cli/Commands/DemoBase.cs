using System.Security.Cryptography;
using System.Text;
using AutoPeft.Peft.Demo;

namespace AutoPeft.Cli.Commands;

/// <summary>The demo's base model.</summary>
internal static class DemoBase
{
    /// <summary>
    /// The base model, pretrained on first use. It is keyed by everything that it is made from, so a changed constant makes a new one.
    /// </summary>
    public static string Get(DemoOptions demo, CancellationToken cancellationToken)
    {
        string recipe = demo.Pretraining("", "").ToString() + demo.CorpusParagraphs + typeof(DemoOptions).Assembly.GetName().Version;
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(recipe)))[..12];
        string home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } x
            ? x
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string model = Path.Combine(home, "autopeft", $"demo-base-{key}");
        if (Directory.Exists(model)) return model;
        Console.Out.WriteLine("Pretraining a small encoder on the demo's language (once; it is kept).");
        string making = $"{model}.{Environment.ProcessId}";
        Directory.CreateDirectory(making);
        try
        {
            string corpus = Path.Combine(making, "corpus.txt");
            demo.WriteCorpus(corpus);
            // One thread: sums in another order would give another base, and so would another number of cores.
            if (PretrainCommand.Run(demo.Pretraining(corpus, making), cancellationToken) != 0)
                throw new OperationCanceledException(cancellationToken);
            File.Delete(corpus);
            Directory.Move(making, model);
        }
        catch (IOException) when (Directory.Exists(model))
        {
            // Another demo was quicker; its base is the same.
        }
        finally
        {
            if (Directory.Exists(making)) Directory.Delete(making, recursive: true);
        }
        return model;
    }
}
