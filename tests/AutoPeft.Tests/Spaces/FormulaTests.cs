using AutoPeft.Spaces;

namespace AutoPeft.Tests.Spaces;

public sealed class FormulaTests
{
    private static readonly SearchSpace s_space = SpaceJson.Parse("""
        [{"name":"method","type":"categorical","choices":["lora","adapter"]},
         {"name":"rank","type":"int","low":1,"high":64,"when":{"method":["lora"]}},
         {"name":"bottleneck","type":"int","low":1,"high":512,"when":{"method":["adapter"]}},{"name":"on","type":"bool"},
          {"name":"targets","type":"subset","items":["q","v"]},
         {"name":"kind","type":"categorical","choices":["a","b"],"when":{"on":[true]}}]
        """);

    private static readonly Configuration s_here = s_space.FromValues(new Dictionary<string, object?>
    {
        ["method"] = "lora",
        ["rank"] = 8,
        ["on"] = false,
        ["targets"] = new List<string> { "q" },
    });

    [Theory]
    [InlineData("1536 * rank", 12288)]
    [InlineData("(method == 'lora') * rank * 9 + (method == 'adapter') * bottleneck", 72)]
    [InlineData("bottleneck + 1", 1)]
    [InlineData("10 * (bottleneck > 3) + ('q' in targets) + 2 * ('v' in targets)", 1)]
    [InlineData("7 * (kind == 'a') + 5 * (kind in ['a', 'b']) + (kind != 'b')", 1)]
    [InlineData("log10(max(100, rank)) ^ 2", 4)]
    [InlineData("3 * on + targets", 1)]
    public void It_is_a_number_that_the_configuration_decides_with_0_for_what_is_inactive(string text, double value) =>
        Assert.Equal(value, Formula.Parse(text, s_space).Value(s_here), 1e-12);

    [Theory]
    [InlineData("rank > 3", "Formula 'rank > 3', at character 1: this is a condition, not a number.")]
    [InlineData("method", "this is a text, not a number")]
    [InlineData("2 * ranks", "Formula '2 * ranks', at character 5: the space has no parameter 'ranks'")]
    [InlineData("2 *", "it ends too early")]
    public void What_is_no_number_is_refused_with_its_position(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => Formula.Parse(text, s_space)).Message,
            StringComparison.Ordinal);
}
