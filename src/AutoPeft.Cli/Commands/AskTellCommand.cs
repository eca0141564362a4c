using System.CommandLine;
using AutoPeft.Cli.AskTell;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft ask-tell</c>: one JSON object a line in, one out.</summary>
internal static class AskTellCommand
{
    private const string Help = """
        Serves a study over standard input and output, one JSON object a line, so that any language can drive it.

        {"study":{"space":[…],"objectives":[{"name":"error","direction":"minimize"}],"sampler":"auto",
          "scheduler":"asha:min=1,eta=3,max=9","seed":0,"budget":60}} → {"ok":true,"sampler":"…"}. "scheduler" may be left out:
          every trial then runs to its end.
          `sweep --help` names schedulers. An objective that the parameters alone decide may have a "formula":"1536 * layers * rank", and
          need not be learnt.
        {"ask":2} → {"trials":[{"number":0,"params":{…}},…]}. A paused trial that is to go on comes first, with "resume_from": the
          step at which it was paused.
        {"report":{"number":0,"step":3,"values":[0.4]}} → {"ok":true,"decision":"continue"}, or "stop" or "pause". "metrics":{"loss":0.7}
          may stand beside "values" or in their place, for schedulers that rank by them. A trial that is told to leave is told as
          {"tell":{"number":0,"state":"pruned"}}, or "paused" with its checkpoint kept.
        {"tell":{"number":0,"values":[0.31]}} → {"ok":true}. Also "state":"failed", "pruned" or "paused" in place of values, and
          "outcomes":[…].
        "journal":"DIR" in the study keeps it on disk; the same message, or {"study":{"journal":"DIR"}}, goes on with it in another
          process, with "budget" to another number of trials. The answer also says how many trials there are; those that were asked for
          and not told come again from "ask", before new ones.
        {"enqueue":{"lr":0.001,…}} → {"number":5}: a configuration of your own, which the next "ask" gives.
        {"add":{"params":{…},"values":[0.4]}} → {"number":6}: one whose result is known.
        {"retry":true} → {"waiting":2}: failed trials come again from "ask".
        {"write":"DIR"} → {"ok":true,"report":"…"}: writes trials.parquet, pareto.parquet, curves.parquet and report.html;
          {"write":true} beside the journal.
        {"front":true} → {"front":[{"number":0,"params":{…},"values":[…]}]}
        Every line has an answer. A bad one is answered with {"error":"what and where"} and changes nothing.
        """;

    public static Command Create()
    {
        var command = new Command("ask-tell", Help);
        command.SetAction(async (_, cancellationToken) =>
        {
            using var input = new StreamReader(Console.OpenStandardInput(), System.Text.Encoding.UTF8, false, 1 << 16);
            await using var output = new StreamWriter(Console.OpenStandardOutput(), new System.Text.UTF8Encoding(false), 1 << 16);
            await new AskTellServer(input, output).RunAsync(cancellationToken).ConfigureAwait(false);
            return 0;
        });
        return command;
    }
}
