using System.Text.Json;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Spaces;

public class SpaceJsonTests
{
    private const string Peft = """
        [{"name":"lr","type":"float","low":1e-5,"high":0.01,"log":true,"prior":{"mean":0.001,"spread":0.2}},
         {"name":"rank","type":"int","low":1,"high":64.0,"log":true,"when":{"method":["lora","dora"]}},
         {"name":"method","type":"categorical","choices":["lora","dora","ia3"],"prior":{"weights":[3,2,1]}},
         {"name":"bottleneck","type":"ordinal","values":[0,1,3,6.0]},
         {"name":"alpha","type":"ordinal","values":[0.5,1,2]},
         {"name":"bias","type":"bool"},
         {"name":"bias_lr","type":"float","low":0,"high":1,"when":{"bias":true}},
         {"name":"steps","type":"int","low":100,"high":1000,"step":100},
         {"name":"targets","type":"subset","items":["q","k","v","o"],"min_size":1,"max_size":3}]
        """;

    [Fact]
    public void A_space_reads_back_equal_to_what_was_written()
    {
        SearchSpace space = SpaceJson.Parse($$"""{"name":"peft","space":{{Peft}},"require":["method != 'lora' or rank <= 32"]}""");
        string text = SpaceJson.ToText(space);
        SearchSpace again = SpaceJson.Parse(text);
        Assert.Equal(space, again);
        Assert.Equal("peft", again.Name);
        Assert.Equal(text, SpaceJson.ToText(again));
        Assert.Equal("method != 'lora' or rank <= 32", again.Constraints.Single().Expression);
    }

    [Fact]
    public void A_configuration_is_an_object_of_its_active_values()
    {
        SearchSpace space = SpaceJson.Parse(Peft);
        const string given = """{"lr":0.001,"method":"ia3","bottleneck":3,"alpha":1,"bias":false,"steps":300.0,"targets":["v","q"]}""";
        Configuration c = SpaceJson.ReadValues(space, JsonDocument.Parse(given).RootElement);
        Assert.Equal("""{"lr":0.001,"method":"ia3","bottleneck":3,"alpha":1.0,"bias":false,"steps":300,"targets":["q","v"]}""",
            SpaceJson.ToText(c));
    }

    [Theory]
    [InlineData("[16, 32, 1e-3]", "16", "16")]
    [InlineData("[16, 32, 1e-3]", "0.001", "1e-3")]
    [InlineData("[16.0, 32]", "16", "16.0")]
    [InlineData("[true, false]", "false", "false")]
    [InlineData("[null, \"relu\"]", "null", "null")]
    [InlineData("[\"auto\", 8]", "\"auto\"", "\"auto\"")]
    public void Choices_that_are_not_texts_are_echoed_as_they_were_declared(string choices, string told, string echoed)
    {
        SearchSpace space = SpaceJson.Parse(
            $$$"""[{"name":"x","type":"categorical","choices":{{{choices}}}},{"name":"y","type":"bool","when":{"x":[{{{told}}}]}}]""");
        Configuration c = SpaceJson.ReadValues(space, JsonDocument.Parse($$"""{"x":{{told}},"y":true}""").RootElement);
        Assert.Equal($$"""{"x":{{echoed}},"y":true}""", SpaceJson.ToText(c));
        Assert.Equal(space, SpaceJson.Parse(SpaceJson.ToText(space)));
    }

    [Theory]
    [InlineData("""[{"name":"lr","type":"float","low":0,"high":1,"lgo":true}]""",
        "Parameter 'lr': the key \"lgo\" does not belong to type float, which takes name, type, low, high, log, step, when, prior.")]
    [InlineData("""[{"name":"lr","type":"float","low":0.1,"high":1,"log":true,"step":0.1}]""", "either \"log\" or \"step\"")]
    [InlineData("""[{"name":"lr","type":"float","low":0,"high":1,"step":0}]""", "step must be a number above 0")]
    [InlineData("""[{"name":"lr","type":"float","low":0,"high":1,"step":1e-9}]""", "more than 10000 values")]
    [InlineData("""[{"name":"lr","type":"float","low":0}]""", "Parameter 'lr': \"high\" is missing.")]
    [InlineData("""[{"name":"lr","type":"float","low":"0","high":1}]""", "Parameter 'lr': \"low\" must be a number, not the text '0'.")]
    [InlineData("""[{"name":"lr","type":"float","low":0,"high":1e999}]""", "\"high\" must be a number that fits a double")]
    [InlineData("""[{"name":"lr","type":"float","low":0,"low":1,"high":2}]""", "\"low\" stands twice")]
    [InlineData("""[{"name":"n","type":"int","low":0.5,"high":1}]""", "Parameter 'n': \"low\" must be a whole number, not 0.5.")]
    [InlineData("""[{"name":"n","type":"integer","low":0,"high":1}]""",
        "Parameter 'n': its \"type\" must be float, int, ordinal, categorical, bool or subset, not 'integer'.")]
    [InlineData("""[{"type":"bool"}]""", "Parameter 1 of the space has no \"name\"")]
    [InlineData("""[{"name":"b","type":"bool"},7]""", "Parameter 2 of the space must be an object, not 7.")]
    [InlineData("""[{"name":"o","type":"ordinal","values":["a","b"]}]""", "for texts use type categorical")]
    [InlineData("""[{"name":"c","type":"categorical","choices":["a",["b"]]}]""",
        "Parameter 'c': \"choices\" must be an array of texts, numbers, true, false or null, not an array.")]
    [InlineData("""[{"name":"c","type":"categorical","choices":["a","a"]}]""", "choice 'a' stands twice")]
    [InlineData("""[{"name":"c","type":"categorical","choices":[16,"16"]}]""", "choice '16' stands twice")]
    [InlineData("""[{"name":"c","type":"categorical","choices":[1,1.0]}]""",
        "Parameter 'c': choices 1 and 1.0 are the same number; keep one.")]
    [InlineData("""[{"name":"c","type":"categorical","choices":[0,"x",-0.0]}]""", "choices 0 and -0.0 are the same number")]
    [InlineData("""[{"name":"c","type":"categorical","choices":[1e2,7,100]}]""", "choices 1e2 and 100 are the same number")]
    [InlineData("""[{"name":"c","type":"categorical","choices":[0.1,0.1000000000000000055]}]""",
        "choices 0.1 and 0.1000000000000000055 are the same number")]
    [InlineData("""[{"name":"c","type":"categorical","choices":[36893488147419103232,36893488147419103233]}]""", "are the same number")]
    [InlineData("""[{"name":"o","type":"ordinal","values":[1,9007199254740993]}]""",
        "Parameter 'o': 9007199254740993 has more digits than an ordinal keeps (±2^53); use type categorical.")]
    [InlineData("""[{"name":"n","type":"int","low":0,"high":3e64}]""",
        "Parameter 'n': \"high\" is 3e64, which is too large: a whole number has at most 64 bits.")]
    [InlineData("""[{"name":"n","type":"int","low":-1e400,"high":3}]""", "\"low\" is -1e400, which is too large")]
    [InlineData("""[{"name":"n","type":"int","low":0,"high":1e17}]""", "Parameter 'n': the bounds must stay within ±2^50.")]
    [InlineData("""[{"name":"a","type":"bool"},{"name":"c","type":"bool","when":{"a":[1]}}]""",
        "Parameter 'c': its condition asks for 1, but 'a' is true or false.")]
    [InlineData("""[{"name":"c","type":"bool","when":{"z":[1]}}]""",
        "Parameter 'c': its condition names 'z', which the space does not have.")]
    [InlineData("""[{"name":"c","type":"bool","when":{}}]""", "names 0 parents")]
    [InlineData("""[{"name":"c","type":"bool","prior":{"mean":1,"weights":[1,1]}}]""",
        "Parameter 'c': its prior takes mean and spread, or weights, not both.")]
    [InlineData("""{"spaces":[]}""", "The search space: the key \"spaces\" is unknown; it takes space, require, name, predicates.")]
    [InlineData("""{"space":[{"name":"b","type":"bool"}],"require":[1]}""", "\"require\" is an array of texts")]
    [InlineData("[{]", "not valid JSON, at line 1")]
    [InlineData("3", "The search space is an array of parameters, not 3.")]
    public void A_mistake_is_refused_with_the_parameter_and_the_key(string json, string expected)
    {
        string message = Assert.Throws<InvalidInputException>(() => SpaceJson.Parse(json)).Message;
        Assert.Contains(expected, message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Whole_numbers_that_a_double_would_round_alike_are_two_choices()
    {
        const string json = """
            [{"name":"seed","type":"categorical","choices":[9007199254740992,9007199254740993,-9223372036854775808]},
             {"name":"x","type":"float","low":0,"high":1,"when":{"seed":[9007199254740993]}}]
            """;
        SearchSpace space = SpaceJson.Parse(json);
        Assert.Equal(space, SpaceJson.Parse(SpaceJson.ToText(space)));
        Configuration second = SpaceJson.ReadValues(space, JsonDocument.Parse("""{"seed":9007199254740993,"x":0.5}""").RootElement);
        Assert.Equal(9007199254740993, second.GetLong("seed"));
        Assert.Equal("""{"seed":9007199254740993,"x":0.5}""", SpaceJson.ToText(second));
        Configuration first = SpaceJson.ReadValues(space, JsonDocument.Parse("""{"seed":9007199254740992}""").RootElement);
        Assert.Equal(9007199254740992, first.GetLong("seed"));
        Assert.False(first.IsActive("x"));
        Assert.Equal(first, space.FromValues([new("seed", 9007199254740992)]));
    }

    [Theory]
    [InlineData("""{"x":1}""", "has no parameter 'x'")]
    [InlineData("""{"c":"b"}""", "Parameter 'n' is missing")]
    [InlineData("""{"c":"a","n":1}""", "Parameter 'n' is not active here: it exists only where 'c' is 'b'")]
    [InlineData("""{"c":"b","n":9}""", "Parameter 'n': 9 is not an int from 0 to 3.")]
    [InlineData("""{"c":"b","n":1.5}""", "Parameter 'n': 1.5 is not an int from 0 to 3.")]
    [InlineData("""{"c":"b","c":"a"}""", "Parameter 'c' is given twice.")]
    [InlineData("""{"c":["a"]}""", "Parameter 'c': an array is not one of 'a', 'b'.")]
    [InlineData("""[]""", "A configuration is an object of names and values, not an array.")]
    public void A_configuration_outside_the_space_is_refused(string json, string expected)
    {
        SearchSpace space = SpaceJson.Parse(
            """[{"name":"c","type":"categorical","choices":["a","b"]},{"name":"n","type":"int","low":0,"high":3,"when":{"c":["b"]}}]""");
        string message =
            Assert.Throws<InvalidInputException>(() => SpaceJson.ReadValues(space, JsonDocument.Parse(json).RootElement)).Message;
        Assert.Contains(expected, message);
    }

    [Fact]
    public void A_predicate_is_written_only_as_text_and_says_what_is_missing_until_it_is_given_back()
    {
        SearchSpace space = SearchSpace.Build(s => s.Bool("a").Bool("b").Require("not both", c => !(c.GetBool("a") && c.GetBool("b"))));
        Assert.Contains("'not both' is a C# predicate", Assert.Throws<InvalidInputException>(() => SpaceJson.ToText(space)).Message);
        SearchSpace read = SpaceJson.Parse(SpaceJson.ToText(space, predicatesAsText: true));
        Configuration c = read.FromCodes([1, 1]);
        Assert.Contains("only its text was written down", Assert.Throws<InvalidInputException>(() => read.IsFeasible(c)).Message);
        Assert.False(read.WithPredicatesOf(space).IsFeasible(c));
        Assert.Contains("another search space",
            Assert.Throws<InvalidInputException>(() => read.WithPredicatesOf(SearchSpace.Build(s => s.Bool("a")))).Message);
    }
}
