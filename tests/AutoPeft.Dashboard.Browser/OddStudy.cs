using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Browser;

/// <summary>
/// A study that charts find hard: long names with markup in them, values at the ends of what a double holds, parameters that are mostly
/// inactive, a subset, forty workers, notes.
/// </summary>
internal static class OddStudy
{
    private const string Method = "<b>method</b> with a name that is much too long for any axis";

    /// <summary>The log of so many trials.</summary>
    public static List<StudyEvent> Log(int count)
    {
        SearchSpace space = SearchSpace.Build(b => b
            .Categorical(Method,
                ["</script><script>alert(1)</script>", "a choice of more words than anybody would type into a box, and then some", "x"])
            .Float("rate/very/long/path/to/the/learning_rate", 1e-300, 1e300, log: true)
            .Int("only_with_x", 1, 1_000_000_000, log: true, when: Condition.On(Method, "x"))
            .Subset("targets", ["q_proj", "k_proj", "v_proj", "o_proj", "a_module_with_a_long_name"], 1)
            .Float("wide", -8e307, 8e307), "odd");
        Objective[] objectives =
            [Objective.Minimize("a loss with <i>markup</i> and a name that does not end where it should"), Objective.Maximize("score")];
        var definition = new StudyDefinition(space, objectives) { Name = "odd <img src=x onerror=alert(2)>", Sampler = "random", Seed = 3 };
        DateTimeOffset start = DateTimeOffset.UtcNow.AddHours(-3);
        var log = new List<StudyEvent> { new StudyCreated(start, definition) };
        for (int n = 0; n < count; n++)
        {
            var random = new Philox(definition.Seed, (ulong)n, StreamPurpose.Ask);
            log.Add(new TrialProposed(start.AddSeconds(n), n, space.Sample(random), "random", log.Count, n, 1));
            log.Add(new TrialStarted(start.AddSeconds(n), n, $"a-machine-with-a-long-name.example/cuda:{n % 40}", $"cuda:{n % 40}", 1));
            double loss = n % 50 == 7 ? 1e308 : n % 50 == 8 ? -1e308 : n % 50 == 9 ? 1e-320 : random.NextDouble();
            if (n % 11 == 10) log.Add(new TrialFailed(start.AddSeconds(n + 50), n, null, new string('!', 300)));
            else
                log.Add(new TrialCompleted(start.AddSeconds(n + 40 + n % 7), n, null, [loss, random.NextDouble() * 1e-300], [],
                    ImmutableSortedDictionary<string, double>.Empty.Add("a metric", double.NaN)));
        }
        log.Add(new NoteWritten(start, null, $"<script>alert(3)</script>\n{new string('w', 500)}"));
        log.Add(new NoteWritten(start, 3, "a note on trial 3"));
        return log;
    }
}
