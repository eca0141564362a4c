namespace AutoPeft.Cli.Terminal;

/// <summary>
/// Progress on a terminal that may be full, closed or gone: what cannot be shown ends nothing, and is not tried again. Thread-safe.
/// </summary>
internal sealed class ProgressOutput
{
    private int _failed;

    /// <summary>Shows something, unless showing failed before.</summary>
    public void Show(Action write)
    {
        if (Volatile.Read(ref _failed) == 1) return;
        try
        {
            write();
        }
        catch (IOException e)
        {
            if (Interlocked.Exchange(ref _failed, 1) == 0)
                Console.Error.WriteLine($"autopeft: the progress cannot be shown ({e.Message.TrimEnd('.')}); what runs goes on.");
        }
    }
}
