using System.Text.Json;
using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Spaces;

public class SearchSpacePropertyTests
{
    [Fact]
    public void A_draw_has_exactly_the_parameters_that_its_conditions_ask_for_and_valid_values() => RandomSpaces.ForAll((space, random) =>
    {
        Configuration c = space.Sample(random);
        foreach (Parameter p in space.Parameters)
        {
            // By values, not by codes: an independent reading of the conditions.
            bool expected =
                p.When is not { } when || c.IsActive(when.Parent) && when.Values.Any(v => ValueText.Of(v) == ValueText.Of(c[when.Parent]));
            Assert.Equal(expected, c.IsActive(p.Name));
            if (!expected) Assert.Null(c[p.Name]);
            else Assert.Equal(c.Codes[space.IndexOf(p.Name)], p.FromValue(c[p.Name]));
        }
    });

    [Fact]
    public void Codes_and_values_both_give_the_configuration_back() => RandomSpaces.ForAll((space, random) =>
    {
        Configuration c = space.Sample(random);
        Assert.Equal(c, space.FromCodes(c.Codes));
        Assert.Equal(c, space.FromValues(c.Values.Select(v => KeyValuePair.Create(v.Key, (object?)v.Value))));
        Assert.Equal(c.GetHashCode(), space.FromCodes(c.Codes).GetHashCode());
    });

    [Fact]
    public void Spaces_and_configurations_survive_JSON() => RandomSpaces.ForAll((space, random) =>
    {
        SearchSpace read = SpaceJson.Parse(SpaceJson.ToText(space));
        Assert.Equal(space, read);
        Assert.Equal(space.GetHashCode(), read.GetHashCode());
        Configuration c = space.Sample(random);
        Configuration back = SpaceJson.ReadValues(read, JsonDocument.Parse(SpaceJson.ToText(c)).RootElement);
        Assert.Equal(c, back);
        Assert.Equal(c.Codes.ToArray(), back.Codes.ToArray());
    });

    [Fact]
    public void Listing_a_finite_space_gives_as_many_distinct_members_as_its_cardinality_says() => RandomSpaces.ForAll((space, _) =>
    {
        if (space.Cardinality > 3000) return;
        HashSet<Configuration> all = [.. space.Enumerate()];
        Assert.Equal(space.Cardinality, all.Count);
        Assert.Equal(all.Count, space.Enumerate().Count());
        Assert.All(all.Take(50), c => Assert.Equal(c, space.FromCodes(c.Codes)));
    }, finite: true);

    [Fact]
    public void Every_draw_of_a_finite_space_is_in_its_listing() => RandomSpaces.ForAll((space, random) =>
    {
        if (space.Cardinality > 500) return;
        HashSet<Configuration> all = [.. space.Enumerate()];
        for (int i = 0; i < 20; i++) Assert.Contains(space.Sample(random), all);
    }, finite: true);

    [Fact]
    public void Any_codes_at_all_become_a_member() => RandomSpaces.ForAll((space, random) =>
    {
        double[] wild = [.. Enumerable.Range(0, space.Count).Select(_ => random.NextInt(6) switch
        {
            0 => double.NaN,
            1 => double.NegativeInfinity,
            2 => double.PositiveInfinity,
            3 => random.NextNormal() * 1e20,
            4 => random.NextInt(10),
            _ => random.NextNormal() * 10,
        })];
        Configuration c = space.FromCodes(wild);
        for (int i = 0; i < space.Count; i++)
            if (space.IsActive(i, c.Codes))
                Assert.True(space.Parameters[i].IsValid(c.Codes[i]), $"{space.Parameters[i].Name}: {wild[i]} became {c.Codes[i]}");
    });

    [Fact]
    public void Neighbours_are_distinct_and_differ_in_one_parameter_and_what_hangs_on_it() => RandomSpaces.ForAll((space, random) =>
    {
        Configuration centre = space.Sample(random);
        IReadOnlyList<Configuration> neighbours = space.NeighboursOf(centre, new Philox(3));
        Assert.Equal(neighbours, space.NeighboursOf(centre, new Philox(3)));
        Assert.Equal(neighbours.Count, neighbours.Distinct().Count());
        Assert.DoesNotContain(centre, neighbours);
        foreach (Configuration n in neighbours)
        {
            Assert.Equal(n, space.FromCodes(n.Codes));
            string[] changed =
                [.. space.Parameters.Where(p => !Equals(ValueText.Of(n[p.Name]), ValueText.Of(centre[p.Name]))).Select(p => p.Name)];
            string[] roots = [.. changed.Where(name => n.IsActive(name) && centre.IsActive(name))];
            string root = Assert.Single(roots);
            Assert.All(changed, name => Assert.True(name == root || HangsOn(space, name, root)));
        }
    });

    [Fact]
    public void The_neighbours_of_a_finite_parameter_are_all_of_its_others_or_one_rank_up_and_down()
    {
        SearchSpace space = SearchSpace.Build(
            s => s.Categorical("c", ["a", "b", "c", "d"]).Bool("b").Ordinal("o", [1, 2, 4, 8]).Subset("s", ["x", "y", "z"], 1, 2));
        Configuration centre = space.FromValues(
            new Dictionary<string, object?> { ["c"] = "b", ["b"] = true, ["o"] = 1, ["s"] = new List<string> { "x", "y" } });
        string[] found = [.. space.NeighboursOf(centre, new Philox(1))
            .Select(n => string.Join(" ",
                space.Parameters.Where(p => ValueText.Of(n[p.Name]) != ValueText.Of(centre[p.Name]))
                    .Select(p => ValueText.Plain(n[p.Name]))))];
        // The subset's size limit leaves two removals and the exchanges of x and of y for z.
        Assert.Equal(["a", "c", "d", "false", "2", "y", "x", "y+z", "x+z"], found);
    }

    [Fact]
    public void Neighbours_keep_the_constraints()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("a", 0, 1).Float("b", 0, 1).Require("a + b <= 1"));
        var random = new Philox(9);
        for (int i = 0; i < 50; i++)
        {
            IReadOnlyList<Configuration> neighbours = space.NeighboursOf(space.Sample(random), random);
            Assert.NotEmpty(neighbours);
            Assert.All(neighbours, n => Assert.True(n.GetDouble("a") + n.GetDouble("b") <= 1));
        }
    }

    private static bool HangsOn(SearchSpace space, string name, string ancestor)
    {
        for (int i = space.ParentOf(space.IndexOf(name)); i >= 0; i = space.ParentOf(i))
            if (space.Parameters[i].Name == ancestor) return true;
        return false;
    }
}
