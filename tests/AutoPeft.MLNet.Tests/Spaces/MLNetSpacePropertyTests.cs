using System.Text.Json;
using AutoPeft.MLNet.Spaces;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Tests.Spaces;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.SearchSpace.Option;
using SearchSpace = AutoPeft.Spaces.SearchSpace;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Tests.Spaces;

public sealed class MLNetSpacePropertyTests
{
    [Fact]
    public void Our_configurations_go_there_and_back_also_through_ML_NETs_JSON() =>
        RandomSpaces.ForAll((space, random) =>
        {
            if (Refused(space)) return;
            var map = MLNetSpace.Of(space);
            for (int i = 0; i < 5; i++)
            {
                Configuration c = space.Sample(random);
                TheirParameter there = map.ToParameter(c);
                Assert.Equal(c, map.ToConfiguration(there));
                Assert.Equal(c, map.ToConfiguration(JsonSerializer.Deserialize<TheirParameter>(JsonSerializer.Serialize(there))!));
            }
        });

    [Fact]
    public void Our_space_comes_back_with_the_same_values_under_the_same_names() =>
        RandomSpaces.ForAll((space, random) =>
        {
            if (Refused(space)) return;
            SearchSpace back = MLNetSpace.Of(MLNetSpace.Of(space).Theirs).Ours;
            foreach (Parameter p in space.Parameters)
            {
                if (p is SubsetParameter s)
                    Assert.All(s.Items, item => Assert.IsType<BoolParameter>(back.Parameters[back.IndexOf($"{p.Name}.{item}")]));
                else Assert.Equal(Bare(p), Bare(back.Parameters[back.IndexOf(p.Name)]));
            }
        });

    [Fact]
    public void What_ML_NET_draws_from_our_space_is_in_it() =>
        RandomSpaces.ForAll((space, random) =>
        {
            if (Refused(space)) return;
            var map = MLNetSpace.Of(space);
            TheirParameter drawn = map.Theirs.SampleFromFeatureSpace(
                [.. Enumerable.Range(0, map.Theirs.FeatureSpaceDim).Select(_ => random.NextInt(5) == 0 ? 1 : random.NextDouble())]);
            Configuration c = map.ToConfiguration(drawn);
            Assert.Equal(c, map.ToConfiguration(map.ToParameter(c)));
        });

    [Fact]
    public void Its_parameters_come_here_and_go_back() =>
        Prop.ForAll(ArbMap.Default.ArbFor<uint>(), (uint seed) =>
        {
            var random = new Philox(seed, 5);
            TheirSpace theirs = Make(random, 0);
            var map = MLNetSpace.Of(theirs);
            TheirParameter drawn =
                theirs.SampleFromFeatureSpace([.. Enumerable.Range(0, theirs.FeatureSpaceDim).Select(_ => random.NextDouble())]);
            TheirParameter back = map.ToParameter(map.ToConfiguration(drawn));
            Assert.Equal(JsonSerializer.Serialize(drawn), JsonSerializer.Serialize(back));
            // And its own way into its unit cube takes what we give it.
            double[] features = theirs.MappingToFeatureSpace(map.ToParameter(map.Ours.Sample(random)));
            Assert.All(features, f => Assert.InRange(f, -1e-6, 1 + 1e-6));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(int.MaxValue));

    /// <summary>A bounded subset is the only thing in a random space that ML.NET cannot have.</summary>
    private static bool Refused(SearchSpace space)
    {
        Parameter[] bounded = [.. space.Parameters.Where(p => p is SubsetParameter s && (s.MinSize > 0 || s.MaxSize < s.Items.Length))];
        if (bounded.Length == 0) return false;
        Assert.Contains($"'{bounded[0].Name}'", Assert.Throws<InvalidInputException>(() => MLNetSpace.Of(space)).Message);
        return true;
    }

    /// <summary>
    /// A parameter as its kind of range or its list of values: a range of one value comes back as a list of one, and an int with a step as
    /// a list.
    /// </summary>
    private static string Bare(Parameter p) => p switch
    {
        FloatParameter { Cardinality: null } f => $"float {f.Low} {f.High} {f.Log}",
        IntParameter { Step: 1, Cardinality: > 1 } n => $"int {n.Low} {n.High} {n.Log}",
        _ => string.Join(" ", Enumerable.Range(0, (int)p.Cardinality!.Value).Select(i => ValueText.Of(p.ToValue(p.CodeAt(i))))),
    };

    private static TheirSpace Make(Philox random, int depth)
    {
        var space = new TheirSpace();
        for (int i = 1 + random.NextInt(4); i > 0; i--)
        {
            float low = random.NextInt(20) - 10, width = 1 + random.NextInt(50);
            space[$"o{i}"] = random.NextInt(depth < 2 ? 9 : 8) switch
            {
                0 => new UniformDoubleOption(low, low + width),
                1 => new UniformDoubleOption(0.001 + random.NextDouble(), 10, true),
                2 => new UniformSingleOption(low, low + width / 3),
                3 => new UniformSingleOption(0.01f, 7.3f, true, 0.1f),
                4 => new UniformIntOption((int)low, (int)(low + width)),
                5 => new UniformIntOption(1, 1 + (int)width, true),
                6 => new ChoiceOption([.. Enumerable.Range(0, 1 + random.NextInt(5)).Select(k => (object)$"c{k}")]),
                7 => random.NextInt(3) switch
                {
                    0 => new ChoiceOption(true, false),
                    1 => new ChoiceOption(0.1f, 0.5f, 0.7f),
                    _ => new ChoiceOption(5, 3, 4, 1.5),
                },
                _ => Make(random, depth + 1),
            };
        }
        return space;
    }
}
