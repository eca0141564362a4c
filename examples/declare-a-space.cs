// The same search space three times: as a record, with the fluent builder, and as JSON.
// Run it from anywhere:   dotnet run examples/declare-a-space.cs
#:project ../src/AutoPeft/AutoPeft.csproj

using AutoPeft.Randomness;
using AutoPeft.Spaces;

// 1. Typed: the record is the space, and a configuration is an instance of it. A misspelt name does not compile.
var recipes = new TypedSpace<Recipe>();
SearchSpace typed = recipes.Space;

// 2. Fluent: for spaces that a program puts together.
SearchSpace fluent = SearchSpace.Build(s => s
    .Float("LearningRate", 1e-5, 1e-2, log: true, prior: new NormalPrior(1e-3))
    .Categorical("Method", ["Lora", "Dora", "Ia3"])
    .Int("Rank", 1, 64, log: true, when: Condition.On("Method", "Lora", "Dora"))
    .Ordinal("Bottleneck", [0, 1, 3, 6, 12, 24])
    .Bool("TrainBias")
    .Subset("Targets", ["query", "key", "value", "output"], minSize: 1)
    .Require("Rank <= 32 or not TrainBias")
    .Require("'query' in Targets or 'value' in Targets"));

// 3. JSON: what the command line and other languages use.
SearchSpace json = SpaceJson.Parse("""
    {"space":[
       {"name":"LearningRate","type":"float","low":1e-5,"high":0.01,"log":true,"prior":{"mean":0.001}},
       {"name":"Method","type":"categorical","choices":["Lora","Dora","Ia3"]},
       {"name":"Rank","type":"int","low":1,"high":64,"log":true,"when":{"Method":["Lora","Dora"]}},
       {"name":"Bottleneck","type":"ordinal","values":[0,1,3,6,12,24]},
       {"name":"TrainBias","type":"bool"},
       {"name":"Targets","type":"subset","items":["query","key","value","output"],"min_size":1}],
     "require":["Rank <= 32 or not TrainBias","'query' in Targets or 'value' in Targets"]}
    """);

Console.WriteLine($"The three are equal: {typed.Equals(fluent) && fluent.Equals(json)}");
foreach (Parameter p in typed.Parameters)
    Console.WriteLine(
        $"  {p.Name}: {p.Domain}{(p.When is { } when ? $", where {when.Parent} is {string.Join(" or ", when.Values)}" : "")}");

Console.WriteLine("\nThree random configurations, as records:");
var random = new Philox(seed: 0);
for (int i = 0; i < 3; i++)
{
    Recipe recipe = recipes.Read(typed.Sample(random));
    Console.WriteLine($"  {recipe.Method}, rank {recipe.Rank?.ToString() ?? "-"}, bottleneck {recipe.Bottleneck}, learning rate "
        + $"{recipe.LearningRate:0.00e+0}, {string.Join("+", recipe.Targets)}");
}

Console.WriteLine("\nAnd back, as the JSON that an answer carries:");
var mine = new Recipe(1e-3, Method.Lora, 8, 6, TrainBias: true, ["query", "value"]);
Console.WriteLine($"  {SpaceJson.ToText(recipes.Write(mine))}");
Console.WriteLine($"  it has {typed.NeighboursOf(recipes.Write(mine), random).Count} neighbours");

Console.WriteLine("\nMistakes are named:");
Try(() => recipes.Write(mine with { Rank = 128 }));
Try(() => recipes.Write(mine with { Method = Method.Ia3 }));
Try(() => SpaceJson.Parse("""[{"name":"lr","type":"float","low":1e-5,"hihg":0.01}]"""));
Try(() => SearchSpace.Build(s => s.Categorical("method", ["lora", "ia3"]).Require("method != 'lorra'")));

static void Try(Func<object> action)
{
    try { action(); }
    catch (AutoPeft.InvalidInputException e) { Console.WriteLine($"  {e.Message}"); }
}

[Require("Rank <= 32 or not TrainBias")]
[Require("'query' in Targets or 'value' in Targets")]
internal sealed record Recipe(
    [Float(1e-5, 1e-2, Log = true), Prior(1e-3)] double LearningRate,
    Method Method,
    [Int(1, 64, Log = true), When(nameof(Method), Method.Lora, Method.Dora)] int? Rank,
    [Ordinal(0, 1, 3, 6, 12, 24)] int Bottleneck,
    bool TrainBias,
    [Subset("query", "key", "value", "output", MinSize = 1)] IReadOnlyList<string> Targets);

internal enum Method
{
    Lora,
    Dora,
    Ia3,
}
