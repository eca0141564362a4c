using Microsoft.AspNetCore.Connections;

namespace AutoPeft.Dashboard.Web;

/// <summary>
/// Bounds the connections of which nobody knows yet who is behind them: past the bound, the one that has waited longest is ended for the
/// new one. So connections that say nothing, or have
/// no token, keep nobody out, however many there are; those that were let in count no more. Thread-safe.
/// </summary>
/// <param name="most">How many unknown ones may be open.</param>
internal sealed class ConnectionGate(int most)
{
    private readonly LinkedList<ConnectionContext> _unknown = new();
    private readonly Lock _lock = new();

    /// <summary>Serves a connection.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        LinkedListNode<ConnectionContext> place;
        ConnectionContext? oldest = null;
        lock (_lock)
        {
            place = _unknown.AddLast(connection);
            if (_unknown.Count > most)
            {
                oldest = _unknown.First!.Value;
                _unknown.RemoveFirst();
            }
        }
        oldest?.Abort(new ConnectionAbortedException("Others wait."));
        connection.Features.Set(new GatedConnection(this, place));
        try { await next(connection).ConfigureAwait(false); }
        finally { Drop(place); }
    }

    private void Drop(LinkedListNode<ConnectionContext> place)
    {
        lock (_lock)
            if (place.List is not null) _unknown.Remove(place);
    }

    /// <summary>A connection's place among the unknown; a request that is let in gives it up.</summary>
    internal sealed class GatedConnection(ConnectionGate gate, LinkedListNode<ConnectionContext> place)
    {
        /// <summary>The one behind the connection may look.</summary>
        public void LetIn() => gate.Drop(place);
    }
}
