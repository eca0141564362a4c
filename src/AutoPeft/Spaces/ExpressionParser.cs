namespace AutoPeft.Spaces;

/// <summary>
/// Recursive descent over the text of a constraint or a formula; the grammar is in <see cref="ConstraintExpression"/>. One use.
/// </summary>
internal sealed class ExpressionParser(string text, SearchSpace space, bool isFormula = false)
{
    private static readonly string[] s_comparisons = ["<=", ">=", "==", "!=", "<", ">", "="];

    // The second operand of what takes one.
    private static readonly ConstantNode s_none = new(ExpressionKind.Number, 0);

    private readonly ExpressionScanner _scan = new(text, isFormula ? "formula" : "constraint");
    private int _depth, _operations;

    /// <summary>Positions of the parameters that it names.</summary>
    public HashSet<int> Uses { get; } = [];

    private string Instead => isFormula ? "" : "; state several constraints";

    public ExpressionNode ParseAll()
    {
        ExpressionNode root = Or();
        if (!_scan.AtEnd) throw _scan.Error($"{_scan.Next} was not expected");
        if (isFormula)
            return root.Kind == ExpressionKind.Number
                ? root
                : throw _scan.Error(root.Kind == ExpressionKind.Bool ? "this is a condition, not a number" : "this is a text, not a number",
                    0);
        return root.Kind == ExpressionKind.Bool
            ? root
            : throw _scan.Error("this is a value, not a condition; compare it with something", 0);
    }

    private ExpressionNode Or()
    {
        Enter();
        int at = _scan.Here;
        ExpressionNode left = And();
        while (_scan.Word("or") || _scan.Symbol("||"))
        {
            left = Truth(left, at);
            at = _scan.Here;
            left = Count(new OrNode(left, Truth(And(), at)));
        }
        _depth--;
        return left;
    }

    private ExpressionNode And()
    {
        int at = _scan.Here;
        ExpressionNode left = Not();
        while (_scan.Word("and") || _scan.Symbol("&&"))
        {
            left = Truth(left, at);
            at = _scan.Here;
            left = Count(new AndNode(left, Truth(Not(), at)));
        }
        return left;
    }

    private ExpressionNode Not()
    {
        if (!_scan.Word("not") && !_scan.Symbol("!", notBefore: '=')) return Comparison();
        Enter();
        int at = _scan.Here;
        ExpressionNode node = Count(new NotNode(Truth(Not(), at)));
        _depth--;
        return node;
    }

    private ExpressionNode Comparison()
    {
        ExpressionNode left = Sum();
        int at = _scan.Here;
        if (_scan.Word("in")) return Membership(left, at);
        if (_scan.Words("not", "in")) return Count(new NotNode(Membership(left, at)));
        List<ExpressionNode> operands = [left];
        List<string> operators = [];
        while (s_comparisons.FirstOrDefault(s => _scan.Symbol(s)) is { } op)
        {
            operators.Add(op == "=" ? "==" : op);
            operands.Add(Sum());
            CheckComparable(operands[^2], operators[^1], operands[^1], at);
            at = _scan.Here;
        }
        return operators.Count == 0 ? left : Count(new ComparisonNode([.. operands], [.. operators]), operators.Count);
    }

    private ExpressionNode Membership(ExpressionNode left, int at)
    {
        string? close = _scan.Symbol("[") ? "]" : _scan.Symbol("(") ? ")" : null;
        if (close is not null)
        {
            List<ExpressionNode> list = [];
            do
            {
                list.Add(Sum());
                CheckComparable(left, "==", list[^1], at);
            }
            while (_scan.Symbol(","));
            if (!_scan.Symbol(close)) throw _scan.Error($"a '{close}' is missing");
            return Count(new MembershipNode(left, [.. list]), list.Count);
        }
        int nameAt = _scan.Here;
        if (Primary() is not ParameterNode { Parameter: SubsetParameter subset } node)
            throw _scan.Error("after 'in' stands a list such as ['a', 'b'], or a subset parameter", nameAt);
        if (left is not ConstantNode { Text: { } item }) throw _scan.Error($"only a text can be in '{subset.Name}'", at);
        int i = subset.Items.IndexOf(item);
        return i >= 0
            ? Count(new ContainsNode(node.Index, i, isFormula))
            : throw _scan.Error($"'{item}' is not among the items of '{subset.Name}': {string.Join(", ", subset.Items)}", at);
    }

    private void CheckComparable(ExpressionNode a, string op, ExpressionNode b, int at)
    {
        if (a.Kind != ExpressionKind.Text && b.Kind != ExpressionKind.Text) return;
        if (a.Kind != b.Kind) throw _scan.Error("a text and a number are never equal", at);
        if (op is not ("==" or "!=")) throw _scan.Error($"texts have no order; '{op}' needs numbers", at);
        // A misspelt choice would make a constraint that is always, or never, true.
        if ((Misspelt(a, b) ?? Misspelt(b, a)) is { } message) throw _scan.Error(message, at);
    }

    private static string? Misspelt(ExpressionNode parameter, ExpressionNode constant) =>
        parameter is ParameterNode { Parameter: CategoricalParameter c } && constant is ConstantNode { Text: { } text }
            && !c.Choices.Contains(text)
            ? $"'{c.Name}' is never '{text}'; it is {c.Domain}" : null;

    private ExpressionNode Sum()
    {
        int at = _scan.Here;
        ExpressionNode left = Product();
        while (true)
        {
            if (_scan.Symbol("+")) left = Arithmetic(left, Product(), static (x, y) => x + y, at);
            else if (_scan.Symbol("-")) left = Arithmetic(left, Product(), static (x, y) => x - y, at);
            else return left;
        }
    }

    private ExpressionNode Product()
    {
        int at = _scan.Here;
        ExpressionNode left = Sign();
        while (true)
        {
            if (_scan.Symbol("*", notBefore: '*')) left = Arithmetic(left, Sign(), static (x, y) => x * y, at);
            else if (_scan.Symbol("/")) left = Arithmetic(left, Sign(), static (x, y) => x / y, at);
            else if (_scan.Symbol("%")) left = Arithmetic(left, Sign(), static (x, y) => x % y, at);
            else return left;
        }
    }

    private ExpressionNode Sign()
    {
        int at = _scan.Here;
        bool minus = _scan.Symbol("-");
        if (!minus && !_scan.Symbol("+")) return Power();
        Enter();
        ExpressionNode operand = Sign();
        _depth--;
        return minus ? Arithmetic(operand, s_none, static (x, _) => -x, at) : operand;
    }

    private ExpressionNode Power()
    {
        int at = _scan.Here;
        ExpressionNode left = Primary();
        if (!_scan.Symbol("^") && !_scan.Symbol("**")) return left;
        Enter();
        ExpressionNode exponent = Sign();
        _depth--;
        return Arithmetic(left, exponent, Math.Pow, at);
    }

    private ExpressionNode Primary()
    {
        if (_scan.Symbol("("))
        {
            ExpressionNode inner = Or();
            return _scan.Symbol(")") ? inner : throw _scan.Error("a ')' is missing");
        }
        if (_scan.Quoted('\'') is { } single) return new ConstantNode(ExpressionKind.Text, 0, single);
        if (_scan.Quoted('"') is { } quoted) return new ConstantNode(ExpressionKind.Text, 0, quoted);
        if (_scan.Number() is { } number) return new ConstantNode(ExpressionKind.Number, number);
        int at = _scan.Here;
        if (_scan.Quoted('`') is { } exact) return Named(exact, at);
        if (_scan.Name() is not { } name) throw _scan.Error(_scan.AtEnd ? "it ends too early" : $"{_scan.Next} was not expected");
        if (space.Contains(name)) return Named(name, at);
        if (name is "true" or "True") return new ConstantNode(ExpressionKind.Bool, 1);
        if (name is "false" or "False") return new ConstantNode(ExpressionKind.Bool, 0);
        return _scan.Symbol("(") ? Call(name, at) : Named(name, at);
    }

    private ParameterNode Named(string name, int at)
    {
        if (!space.Contains(name)) throw _scan.Error($"the space has no parameter '{name}'; texts stand in quotes", at);
        int index = space.IndexOf(name);
        Uses.Add(index);
        return new ParameterNode(space.Parameters[index], index, isFormula);
    }

    private ExpressionNode Call(string function, int at)
    {
        var arguments = new List<ExpressionNode> { Or() };
        while (_scan.Symbol(",")) arguments.Add(Or());
        if (!_scan.Symbol(")")) throw _scan.Error("a ')' is missing");
        Func<double, double>? one = function switch
        {
            "log" => Math.Log,
            "log2" => Math.Log2,
            "log10" => Math.Log10,
            "exp" => Math.Exp,
            "sqrt" => Math.Sqrt,
            "abs" => Math.Abs,
            "floor" => Math.Floor,
            "ceil" => Math.Ceiling,
            _ => null,
        };
        if (one is not null && arguments.Count == 1) return Arithmetic(arguments[0], s_none, (x, _) => one(x), at);
        Func<double, double, double>? fold = function switch { "min" => Math.Min, "max" => Math.Max, _ => null };
        if (fold is null)
        {
            throw _scan.Error(one is not null ? $"{function}() takes one argument, not {arguments.Count}"
                : $"there is no function {function}(); there are log, log2, log10, exp, sqrt, abs, floor, ceil, min and max", at);
        }
        return arguments.Skip(1).Aggregate(arguments[0], (l, r) => Arithmetic(l, r, fold, at));
    }

    private ExpressionNode Arithmetic(ExpressionNode a, ExpressionNode b, Func<double, double, double> op, int at)
    {
        if (a.Kind == ExpressionKind.Text || b.Kind == ExpressionKind.Text)
            throw _scan.Error("arithmetic needs numbers, and this is a text", at);
        return Count(new ArithmeticNode(a, b, op));
    }

    private ExpressionNode Truth(ExpressionNode node, int at) =>
        node.Kind != ExpressionKind.Text ? node : throw _scan.Error("and, or and not need conditions, and this is a text", at);

    private ExpressionNode Count(ExpressionNode node, int operations = 1) =>
        (_operations += operations) <= ConstraintExpression.MaxOperations ? node
        : throw _scan.Error($"it has more than {ConstraintExpression.MaxOperations} operations{Instead}");

    private void Enter()
    {
        if (++_depth > ConstraintExpression.MaxDepth) throw _scan.Error($"it nests deeper than {ConstraintExpression.MaxDepth}{Instead}");
    }
}
