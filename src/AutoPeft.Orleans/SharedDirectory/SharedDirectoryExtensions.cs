using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Orleans.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Storage;

namespace AutoPeft.Orleans.SharedDirectory;

/// <summary>
/// A cluster whose members, reminders and studies are files of one directory: for the silos of one machine, with nothing to install, and for those that share a disk. Every silo may be
/// killed at any moment, and all of them together: what was acknowledged is on the disk.
/// </summary>
public static class SharedDirectoryExtensions
{
    /// <summary>Makes this silo a member of the cluster that lives in <paramref name="directory"/>, which is made if need be.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="directory">Shared by all silos.</param>
    /// <param name="endpoint">Where the silo listens; the loopback address and free ports unless stated.</param>
    /// <exception cref="InvalidInputException">The directory cannot be made.</exception>
    public static ISiloBuilder UseAutoPeftDirectory(this ISiloBuilder builder, string directory, SiloEndpoint? endpoint = null)
    {
        string root = Make(directory);
        builder.ListenOn(endpoint ?? new SiloEndpoint());
        builder.Services.AddSingleton(new LockedFile<MembershipDocument>(Path.Combine(root, "members.json")));
        builder.Services.AddSingleton(new LockedFile<ReminderDocument>(Path.Combine(root, "reminders.json")));
        builder.Services.AddSingleton<IMembershipTable, DirectoryMembershipTable>();
        builder.Services.AddKeyedSingleton<IGrainStorage>(StudyStorage.ProviderName, new DirectoryGrainStorage(Make(Path.Combine(root, "grains"))));
        builder.AddReminders();
        builder.Services.AddSingleton<IReminderTable, DirectoryReminderTable>();
        return builder;
    }

    /// <summary>Finds the silos of the cluster that lives in <paramref name="directory"/>.</summary>
    /// <exception cref="InvalidInputException">There never was a cluster in it.</exception>
    public static IClientBuilder UseAutoPeftDirectory(this IClientBuilder builder, string directory)
    {
        string members = Path.Combine(directory, "members.json");
        if (!File.Exists(members)) throw new InvalidInputException($"No silo ever ran in {directory}; start one with `autopeft silo`.");
        builder.Services.AddSingleton(new LockedFile<MembershipDocument>(members));
        builder.Services.AddSingleton<IGatewayListProvider, DirectoryGatewayListProvider>();
        return builder;
    }

    private static string Make(string directory)
    {
        try { return Directory.CreateDirectory(directory).FullName; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw new InvalidInputException($"{directory} cannot be made: {e.Message}", e); }
    }
}
