using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Spaces;

namespace AutoPeft.Studies;

/// <summary>
/// Reads the records that make up nearly all of a log in one pass and without a document: a log of 100,000 trials opens in less than a
/// second. Whatever it does not know (another kind, a member that was added later, a number that is not finite) it leaves to
/// <see cref="EventJson.Read(ReadOnlyMemory{byte}, StudyDefinition)"/>, which has the last word on everything.
/// </summary>
internal static class EventReader
{
    private static readonly ImmutableSortedDictionary<string, double> s_noMetrics =
        ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);

    /// <summary>Reads one record, as <see cref="EventJson.Read(ReadOnlyMemory{byte}, StudyDefinition)"/> does.</summary>
    /// <exception cref="InvalidInputException">It is no record that this version knows.</exception>
    public static StudyEvent Read(ReadOnlyMemory<byte> json, StudyDefinition? definition)
    {
        if (definition is not null)
        {
            try
            {
                if (TryRead(json.Span, definition) is { } e) return e;
            }
            // The slow way says what is wrong with it.
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or InvalidInputException) { }
        }
        return EventJson.Read(json, definition);
    }

    // Above 60 lines: a closed switch over members and one over kinds; their values stay locals, so that a record costs no object more.
    private static StudyEvent? TryRead(ReadOnlySpan<byte> json, StudyDefinition definition)
    {
        var r = new Utf8JsonReader(json);
        string? kind = null, worker = null, device = null, error = null, reason = null, source = null, state = null;
        DateTimeOffset? time = null;
        int? trial = null, attempt = null, batch = null, batchSize = null, parent = null;
        long? step = null, seen = null, parentStep = null;
        double? seconds = null;
        ImmutableSortedDictionary<string, double>? metrics = null;
        ImmutableArray<double> values = default, outcomes = default;
        Configuration? configuration = null;
        if (!r.Read() || r.TokenType != JsonTokenType.StartObject) return null;
        int members = 0;
        while (r.Read() && r.TokenType == JsonTokenType.PropertyName)
        {
            members++;
            if (r.ValueTextEquals("event"u8)) kind = Text(ref r);
            else if (r.ValueTextEquals("time"u8)) time = Time(ref r);
            else if (r.ValueTextEquals("trial"u8)) trial = Int(ref r);
            else if (r.ValueTextEquals("worker"u8)) worker = Text(ref r);
            else if (r.ValueTextEquals("device"u8)) device = Text(ref r);
            else if (r.ValueTextEquals("attempt"u8)) attempt = Int(ref r);
            else if (r.ValueTextEquals("step"u8)) step = Long(ref r);
            else if (r.ValueTextEquals("metrics"u8)) metrics = Metrics(ref r);
            else if (r.ValueTextEquals("seconds"u8)) seconds = Double(ref r);
            else if (r.ValueTextEquals("values"u8)) values = Numbers(ref r);
            else if (r.ValueTextEquals("outcomes"u8)) outcomes = Numbers(ref r);
            else if (r.ValueTextEquals("error"u8)) error = Text(ref r);
            else if (r.ValueTextEquals("reason"u8)) reason = Text(ref r);
            else if (r.ValueTextEquals("source"u8)) source = Text(ref r);
            else if (r.ValueTextEquals("seen"u8)) seen = Long(ref r);
            else if (r.ValueTextEquals("batch"u8)) batch = Int(ref r);
            else if (r.ValueTextEquals("batch_size"u8)) batchSize = Int(ref r);
            else if (r.ValueTextEquals("state"u8)) state = Text(ref r);
            else if (r.ValueTextEquals("parent"u8)) parent = Int(ref r);
            else if (r.ValueTextEquals("parent_step"u8)) parentStep = Long(ref r);
            else if (r.ValueTextEquals("params"u8)) configuration = Params(ref r, definition.Space);
            else return null;
        }
        if (r.Read() || time is not { } t || trial is not { } n) return null;
        members -= seconds is null ? 3 : 4;
        int ofAttempt = attempt is null ? 0 : 1;
        // The number of members is checked too: one that belongs to another kind of record has to be looked at.
        return kind switch
        {
            "proposed"
                when seconds is null && configuration is not null && source is not null && seen is { } s && batch is { } b
                    && batchSize is { } of && parent is null == parentStep is null
                    && members == 5 + (state is null ? 0 : 1) + (parent is null ? 0 : 2) =>
                new TrialProposed(t, n, configuration, source, s, b, of, state,
                    parent is { } p && parentStep is { } at ? new TrialParent(p, at) : null),
            "started" when seconds is null && worker is not null && device is not null && attempt is { } a && members == 3 =>
                new TrialStarted(t, n, worker, device, a),
            "reported" when step is { } s && metrics is not null && members == 2 + ofAttempt =>
                new TrialReported(t, n, attempt, s, metrics) { Seconds = seconds },
            "completed" when !values.IsDefault && members == 1 + ofAttempt + (outcomes.IsDefault ? 0 : 1) + (metrics is null ? 0 : 1) =>
                new TrialCompleted(t, n, attempt, values, outcomes.IsDefault ? [] : outcomes, metrics ?? s_noMetrics) { Seconds = seconds },
            "failed" when error is not null && members == 1 + ofAttempt => new TrialFailed(t, n, attempt, error) { Seconds = seconds },
            "pruned" when step is { } s && members == 1 + ofAttempt => new TrialPruned(t, n, attempt, s) { Seconds = seconds },
            "requeued" when reason is not null && members == 1 + ofAttempt =>
                new TrialRequeued(t, n, attempt, reason) { Seconds = seconds },
            _ => null,
        };
    }

    private static string? Text(ref Utf8JsonReader r)
    {
        r.Read();
        if (r.TokenType != JsonTokenType.String) throw new FormatException();
        // A log says the same few words over and over: one string for each.
        return r.ValueIsEscaped || r.HasValueSequence || r.ValueSpan.Length > RecentTexts.Longest
            ? r.GetString()
            : RecentTexts.Get(r.ValueSpan);
    }

    private static DateTimeOffset Time(ref Utf8JsonReader r)
    {
        r.Read();
        return new(DateTime.SpecifyKind(r.GetDateTime(), DateTimeKind.Utc));
    }

    private static int Int(ref Utf8JsonReader r)
    {
        r.Read();
        return r.GetInt32();
    }

    private static long Long(ref Utf8JsonReader r)
    {
        r.Read();
        return r.GetInt64();
    }

    private static double Double(ref Utf8JsonReader r)
    {
        r.Read();
        return r.GetDouble();
    }

    // What is not finite stands as a string: GetDouble throws, and the slow way reads it.
    private static ImmutableArray<double> Numbers(ref Utf8JsonReader r)
    {
        r.Read();
        if (r.TokenType != JsonTokenType.StartArray) throw new FormatException();
        Span<double> few = stackalloc double[8];
        int count = 0;
        while (r.Read() && r.TokenType != JsonTokenType.EndArray)
        {
            if (count == few.Length) few = Grown(few);
            few[count++] = r.GetDouble();
        }
        return [.. few[..count]];
    }

    private static double[] Grown(Span<double> numbers)
    {
        var larger = new double[4 * numbers.Length];
        numbers.CopyTo(larger);
        return larger;
    }

    private static ImmutableSortedDictionary<string, double> Metrics(ref Utf8JsonReader r)
    {
        r.Read();
        if (r.TokenType != JsonTokenType.StartObject) throw new FormatException();
        ImmutableSortedDictionary<string, double>.Builder? read = null;
        while (r.Read() && r.TokenType == JsonTokenType.PropertyName)
        {
            string name = r.ValueIsEscaped || r.ValueSpan.Length > RecentTexts.Longest ? r.GetString()! : RecentTexts.Get(r.ValueSpan);
            r.Read();
            (read ??= s_noMetrics.ToBuilder()).Add(name, r.GetDouble());
        }
        return read?.ToImmutable() ?? s_noMetrics;
    }

    private static Configuration Params(ref Utf8JsonReader r, SearchSpace space)
    {
        r.Read();
        if (r.TokenType != JsonTokenType.StartObject) throw new FormatException();
        ImmutableArray<Parameter> parameters = space.Parameters;
        var codes = new double[parameters.Length];
        Array.Fill(codes, double.NaN);
        int next = 0;
        while (r.Read() && r.TokenType == JsonTokenType.PropertyName)
        {
            // They were written in the space's order, without the inactive ones.
            int i = next, tried = 0;
            while (tried < parameters.Length && !r.ValueTextEquals(parameters[i % parameters.Length].Name)) (i, tried) = (i + 1, tried + 1);
            i %= parameters.Length;
            if (tried == parameters.Length || !double.IsNaN(codes[i])) throw new FormatException();
            next = i + 1;
            r.Read();
            codes[i] = Code(ref r, parameters[i]);
        }
        return space.FromGivenCodes(codes);
    }

    private static double Code(ref Utf8JsonReader r, Parameter parameter)
    {
        switch (parameter)
        {
            case FloatParameter or IntParameter when r.TokenType == JsonTokenType.Number && r.GetDouble() is var d && parameter.IsValid(d):
                return d;
            case BoolParameter when r.TokenType is JsonTokenType.True or JsonTokenType.False:
                return r.TokenType == JsonTokenType.True ? 1 : 0;
            case CategoricalParameter { Literals.IsEmpty: true } c when r.TokenType == JsonTokenType.String:
                for (int k = 0; k < c.Choices.Length; k++)
                    if (r.ValueTextEquals(c.Choices[k])) return k;
                break;
        }
        return parameter.FromValue(ParameterJsonReader.Value(JsonElement.ParseValue(ref r), parameter));
    }

    /// <summary>The strings that this thread read last, by their UTF-8 bytes.</summary>
    private static class RecentTexts
    {
        public const int Longest = 32;

        [ThreadStatic]
        private static (byte[] Bytes, string Text)[]? s_slots;

        public static string Get(ReadOnlySpan<byte> bytes)
        {
            if (bytes.IsEmpty) return "";
            (byte[] Bytes, string Text)[] slots = s_slots ??= new (byte[], string)[64];
            ref (byte[] Bytes, string Text) slot = ref slots[(bytes.Length + 7 * bytes[0] + 31 * bytes[^1]) & 63];
            if (slot.Bytes is null || !bytes.SequenceEqual(slot.Bytes))
                slot = (bytes.ToArray(), System.Text.Encoding.UTF8.GetString(bytes));
            return slot.Text;
        }
    }
}
