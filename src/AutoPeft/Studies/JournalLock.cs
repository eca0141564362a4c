namespace AutoPeft.Studies;

/// <summary>
/// An exclusive lock between threads and processes, held by having a lock file open without sharing (flock, which Linux passes on to the
/// server on NFS).
/// The system drops it when its holder dies, whatever it died of; the file that stays behind means nothing, and nothing has to be cleaned
/// up.
/// </summary>
internal sealed class JournalLock : IDisposable
{
    // An append holds the lock for about a millisecond, so half a minute means that its holder hangs.
    private const int Tries = 30_000;

    private readonly FileStream _file;

    private JournalLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="InvalidInputException">The file cannot be made, or another process holds the lock for half a minute.</exception>
    public static JournalLock Take(string path)
    {
        for (int tries = 0; ; tries++)
        {
            if (TryTake(path) is { } taken) return taken;
            if (tries == Tries)
                throw new InvalidInputException($"{path} is held by another process that does not let go; stop it and try again.");
            Thread.Sleep(1);
        }
    }

    /// <summary>The lock, or null if somebody else has it.</summary>
    /// <exception cref="InvalidInputException">The file cannot be made, or file locks are switched off in this process.</exception>
    public static JournalLock? TryTake(string path)
    {
        // Without locks every open succeeds, and two processes would write over each other.
        if (AppContext.TryGetSwitch("System.IO.DisableFileLocking", out bool off) && off
            || Environment.GetEnvironmentVariable("DOTNET_SYSTEM_IO_DISABLEFILELOCKING") is "1" or "true")
            throw new InvalidInputException($"{path}: file locks are switched off (DOTNET_SYSTEM_IO_DISABLEFILELOCKING), and a study log "
                + $"is not safe without them; unset that.");
        try
        {
            return new JournalLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidInputException($"{path} cannot be written: {e.Message}", e);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new InvalidInputException($"{path} cannot be written: its directory does not exist.", e);
        }
        catch (IOException e) when (IsTaken(e))
        {
            return null;
        }
        catch (IOException e)
        {
            throw new InvalidInputException($"{path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Whether somebody has the lock. Makes no file, and needs no right to write.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None, 1);
            return false;
        }
        catch (FileNotFoundException) { return false; }
        catch (IOException e) { return IsTaken(e); }
        catch (UnauthorizedAccessException) { return false; }
    }

    // EWOULDBLOCK on Linux and macOS, sharing or lock violation on Windows.
    private static bool IsTaken(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
