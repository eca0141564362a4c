// A sampler of your own, local search with restarts:   dotnet run examples/own-sampler.cs
// It is done when a class that inherits SamplerContract of AutoPeft.TestKit passes.
#:project ../src/AutoPeft/AutoPeft.csproj

using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;

SweepResult<Recipe> result = await Sweep.Over<Recipe>()
    .Minimize("error")
    .Trials(60).Seed(1)
    .Sampler(new LocalSearch())
    .RunAsync(r => [Math.Pow(Math.Log10(r.LearningRate) + 3, 2) + Math.Abs(r.Rank - 12) / 64.0 + (r.Bias ? 0 : 0.1)]);

Console.WriteLine($"best error {result.Best!.Values[0]:0.0000} at {result.Best.Configuration}");

/// <summary>Proposes a neighbour of the best trial, and every fifth time a random configuration.</summary>
internal sealed class LocalSearch : ISampler
{
    public string Name => "local-search";

    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        Trial? best = study.Completed.MinBy(t => t.Values[0]);
        var proposals = new List<Proposal>(count);
        while (proposals.Count < count)
        {
            int number = study.Trials.Count + proposals.Count;
            IReadOnlyList<Configuration> near = best is null || number % 5 == 0 ? [] : space.NeighboursOf(best.Configuration, random);
            proposals.Add(near.Count == 0
                ? new Proposal(space.Sample(random), Note: "random")
                : new Proposal(near[random.NextInt(near.Count)], Note: $"beside trial {best!.Number}"));
        }
        return proposals;
    }
}

internal sealed record Recipe([Float(1e-5, 1e-1, Log = true)] double LearningRate, [Int(1, 64)] int Rank, bool Bias);
