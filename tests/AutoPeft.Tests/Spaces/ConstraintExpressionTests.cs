using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Tests.Spaces;

public class ConstraintExpressionTests
{
    // t is true, f is false, u is inactive and so unknown; a = 7, b = 3, o = 2.5, method = 'lora', targets = {q, v}, batch = 32.
    private static readonly SearchSpace s_space = SpaceJson.Parse("""
        [{"name":"t","type":"bool"},{"name":"f","type":"bool"},{"name":"u","type":"bool","when":{"f":true}},
         {"name":"v","type":"int","low":0,"high":9,"when":{"f":true}},
         {"name":"a","type":"int","low":0,"high":9},{"name":"b","type":"int","low":0,"high":9},
          {"name":"o","type":"ordinal","values":[1,2.5]},
         {"name":"method","type":"categorical","choices":["lora","ia3"]},{"name":"targets","type":"subset","items":["q","k","v"]},
         {"name":"batch","type":"categorical","choices":[16,32]},{"name":"lora-alpha","type":"int","low":0,"high":9},
          {"name":"n.x_1","type":"int","low":0,"high":9}]
        """);

    private static readonly Configuration s_here = s_space.FromValues(new Dictionary<string, object?>
    {
        ["t"] = true,
        ["f"] = false,
        ["a"] = 7,
        ["b"] = 3,
        ["o"] = 2.5,
        ["method"] = "lora",
        ["targets"] = new List<string> { "q", "v" },
        ["batch"] = 32,
        ["lora-alpha"] = 4,
        ["n.x_1"] = 5,
    });

    // Holds and its negation's holding tell true (yes, no), false (no, yes) and unknown (yes, yes) apart.
    private static string Truth(string expression)
    {
        bool holds = ConstraintExpression.Parse(expression, s_space).Holds(s_here),
            negation = ConstraintExpression.Parse($"not ({expression})", s_space).Holds(s_here);
        return (holds, negation) switch { (true, false) => "true", (false, true) => "false", (true, true) => "unknown", _ => "impossible" };
    }

    [Theory]
    [InlineData("t", "true")]
    [InlineData("f", "false")]
    [InlineData("u", "unknown")]
    [InlineData("not u", "unknown")]
    // Kleene's tables.
    [InlineData("t and t", "true")]
    [InlineData("t and f", "false")]
    [InlineData("t and u", "unknown")]
    [InlineData("f and u", "false")]
    [InlineData("u and f", "false")]
    [InlineData("u and u", "unknown")]
    [InlineData("f or f", "false")]
    [InlineData("t or u", "true")]
    [InlineData("u or t", "true")]
    [InlineData("f or u", "unknown")]
    [InlineData("u or u", "unknown")]
    // Precedence.
    [InlineData("t or f and f", "true")]
    [InlineData("(t or f) and f", "false")]
    [InlineData("not f and f", "false")]
    [InlineData("not a == 8", "true")]
    [InlineData("!t || !f && t", "true")]
    [InlineData("1 + 2 * 3 == 7", "true")]
    [InlineData("-2^2 == -4", "true")]
    [InlineData("2^3^2 == 512", "true")]
    [InlineData("2**-1 == 0.5", "true")]
    [InlineData("10 - 4 - 3 == 3", "true")]
    [InlineData("24 / 4 / 2 == 3", "true")]
    [InlineData("a % b == 1", "true")]
    [InlineData("--a == +a", "true")]
    [InlineData("2*-3 == -6", "true")]
    // Comparisons and chains.
    [InlineData("a = 7", "true")]
    [InlineData("a != 7", "false")]
    [InlineData("1 < b < a < 8", "true")]
    [InlineData("1 < b < a < 7", "false")]
    [InlineData("8 < a < v", "false")]
    [InlineData("6 < a < v", "unknown")]
    [InlineData("v < 3 < 2", "false")]
    [InlineData("o == 2.5", "true")]
    [InlineData("t + t == 2", "true")]
    [InlineData("t == true and f == False", "true")]
    [InlineData("a and b", "true")]
    [InlineData("not (b - 3)", "true")]
    [InlineData("0/0 == 0/0", "false")]
    // Texts, lists, subsets.
    [InlineData("method == 'lora'", "true")]
    [InlineData("method != \"lora\"", "false")]
    [InlineData("method in ['ia3', 'lora']", "true")]
    [InlineData("method not in ('ia3')", "true")]
    [InlineData("a in [1, b + 4]", "true")]
    [InlineData("a in [1, v]", "unknown")]
    [InlineData("v in [1, 2]", "unknown")]
    [InlineData("a in [v, 7]", "true")]
    [InlineData("'q' in targets and 'k' not in targets", "true")]
    [InlineData("targets == 2", "true")]
    [InlineData("batch * 2 == 64", "true")]
    [InlineData("`lora-alpha` == 4 and n.x_1 == 5", "true")]
    // Functions, numbers, words in any case, blanks.
    [InlineData("max(a, b, 1) - min(a, b, 1) == 6", "true")]
    [InlineData("log2(8) + sqrt(4) + abs(-1) + floor(1.5) + ceil(0.5) == 8", "true")]
    [InlineData("log10(100) == 2 AND exp(log(1)) == 1", "true")]
    [InlineData("max(a, v) > 3", "unknown")]
    [InlineData("1e1==10 and .5==5e-1 and 1E+1>9", "true")]
    [InlineData("  \t a\n>=\n7  ", "true")]
    public void An_expression_has_the_value_that_mathematics_gives_it(string expression, string expected) =>
    Assert.Equal(expected, Truth(expression));

    [Theory]
    [InlineData("a <", 4, "it ends too early")]
    [InlineData("", 1, "it ends too early")]
    [InlineData("a < 3)", 6, "')' was not expected")]
    [InlineData("(a < 3", 7, "a ')' is missing")]
    [InlineData("a < 3 b", 7, "'b' was not expected")]
    [InlineData("a << 3", 4, "'<' was not expected")]
    [InlineData("a < 1.2.3", 5, "'1.2.3' is no number")]
    [InlineData("a < 3x", 5, "'3x' is no number")]
    [InlineData("a < 1e999", 5, "'1e999' is no number")]
    [InlineData("aa < 3", 1, "the space has no parameter 'aa'")]
    [InlineData("t and zz", 7, "the space has no parameter 'zz'")]
    [InlineData("method == lora", 11, "the space has no parameter 'lora'; texts stand in quotes")]
    [InlineData("method == 'lorra'", 8, "'method' is never 'lorra'; it is one of 'lora', 'ia3'")]
    [InlineData("method in ['lora', 'x']", 8, "'method' is never 'x'")]
    [InlineData("method == 1", 8, "a text and a number are never equal")]
    [InlineData("method < 'z'", 8, "texts have no order; '<' needs numbers")]
    [InlineData("method + 1 == 2", 1, "arithmetic needs numbers, and this is a text")]
    [InlineData("t and method", 7, "and, or and not need conditions, and this is a text")]
    [InlineData("a + b", 1, "this is a value, not a condition; compare it with something")]
    [InlineData("'z' in targets", 5, "'z' is not among the items of 'targets': q, k, v")]
    [InlineData("a in b", 6, "after 'in' stands a list")]
    [InlineData("method == 'lora", 11, "a closing ' is missing")]
    [InlineData("logg(a) > 1", 1, "there is no function logg()")]
    [InlineData("log(a, b) > 1", 1, "log() takes one argument, not 2")]
    [InlineData("a ? b", 3, "'?' was not expected")]
    public void A_malformed_expression_is_refused_with_the_position(string expression, int position, string expected)
    {
        string message = Assert.Throws<InvalidInputException>(() => ConstraintExpression.Parse(expression, s_space)).Message;
        Assert.StartsWith($"Constraint '{expression}', at character {position}: {expected}", message);
    }

    [Fact]
    public void Depth_and_length_are_limited_before_the_stack_is()
    {
        string[] hostile =
        [
            new string('(', 100_000), new string('-', 100_000) + "a > 1", string.Concat(Enumerable.Repeat("not ", 100_000)) + "t",
            "a" + string.Concat(Enumerable.Repeat("^a", 100_000)) + " > 1",
            string.Join(" or ", Enumerable.Repeat("t", 100_000)), string.Join(" + ", Enumerable.Repeat("a", 100_000)) + " > 1",
            "a in [" + string.Join(",", Enumerable.Repeat("1", 100_000)) + "]",
            string.Concat(Enumerable.Repeat("abs(", 100_000)),
        ];
        foreach (string expression in hostile)
            Assert.Contains("state several constraints",
                Assert.Throws<InvalidInputException>(() => ConstraintExpression.Parse(expression, s_space)).Message);
    }

    [Fact]
    public void Nesting_within_the_limits_costs_no_more_than_its_length()
    {
        // Each operand is evaluated once: otherwise 2^60 evaluations.
        string nested = "a";
        for (int i = 0; i < 60; i++)
            nested = i % 3 == 0 ? $"(0 <= {nested} <= 9)" : i % 3 == 1 ? $"abs({nested})" : $"({nested} in [1, 2])";
        Assert.NotEqual("impossible", Truth(nested + " >= 0"));
    }

    [Fact]
    public void Random_expressions_agree_with_an_independent_three_valued_evaluator()
    {
        var random = new Philox(31);
        for (int i = 0; i < 3000; i++)
        {
            (string text, bool? expected, _) = Condition(random, 4);
            Assert.Equal((text, expected switch { true => "true", false => "false", null => "unknown" }), (text, Truth(text)));
        }
    }

    // C#'s lifted & and | on bool? are Kleene's. Prec: 0 or, 1 and, 2 not, 3 comparison, 4 atom; parentheses only where they are needed.
    private static (string Text, bool? Value, int Prec) Condition(Philox random, int depth)
    {
        switch (depth == 0 ? 3 + random.NextInt(2) : random.NextInt(5))
        {
            case 0:
                var (a, b) = (Condition(random, depth - 1), Condition(random, depth - 1));
                return ($"{Wrap(a, 0)} or {Wrap(b, 1)}", a.Value | b.Value, 0);
            case 1:
                var (c, d) = (Condition(random, depth - 1), Condition(random, depth - 1));
                return ($"{Wrap(c, 1)} and {Wrap(d, 2)}", c.Value & d.Value, 1);
            case 2:
                var e = Condition(random, depth - 1);
                return ($"not {Wrap(e, 2)}", !e.Value, 2);
            case 3:
                var (x, y) = (Number(random, 2), Number(random, 2));
                bool? less = x.Value is { } p && y.Value is { } q ? p < q : null,
                    equal = x.Value is { } r && y.Value is { } s ? r == s : null;
                return random.NextInt(3) switch
                {
                    0 => ($"{x.Text} < {y.Text}", less, 3),
                    1 => ($"{x.Text} == {y.Text}", equal, 3),
                    _ => ($"{x.Text} != {y.Text}", !equal, 3),
                };
            default:
                return random.NextInt(3) switch { 0 => ("t", true, 4), 1 => ("f", false, 4), _ => ("u", null, 4) };
        }
        static string Wrap((string Text, bool? Value, int Prec) part, int needed) => part.Prec >= needed ? part.Text : $"({part.Text})";
    }

    // Prec: 0 sum, 1 product, 2 atom.
    private static (string Text, double? Value, int Prec) Number(Philox random, int depth)
    {
        if (depth == 0 || random.NextInt(3) == 0)
            return random.NextInt(4) switch
            {
                0 => ("a", 7.0, 2),
                1 => ("b", 3.0, 2),
                2 => ("v", null, 2),
                _ => (random.NextInt(5) is var n ? $"{n}" : "", n, 2),
            };
        var (l, r) = (Number(random, depth - 1), Number(random, depth - 1));
        return random.NextInt(3) switch
        {
            0 => ($"{l.Text} + {Wrap(r, 1)}", l.Value + r.Value, 0),
            1 => ($"{l.Text} - {Wrap(r, 1)}", l.Value - r.Value, 0),
            _ => ($"{Wrap(l, 1)} * {Wrap(r, 2)}", l.Value * r.Value, 1),
        };
        static string Wrap((string Text, double? Value, int Prec) part, int needed) => part.Prec >= needed ? part.Text : $"({part.Text})";
    }
}
