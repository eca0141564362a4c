using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>One condition on a column, such as <c>tokenizer=gpt2</c>, <c>loss&lt;4</c> or <c>step&gt;=1000</c>.</summary>
/// <param name="Column">Name of the column that the condition tests.</param>
/// <param name="Operator">One of =, !=, &lt;, &lt;=, &gt;, &gt;=.</param>
/// <param name="Value">Value that the column is compared with.</param>
public sealed record RowFilter(string Column, string Operator, string Value)
{
    private static readonly string[] s_operators = ["!=", "<=", ">=", "==", "=", "<", ">"];

    /// <summary>Parses one condition written as column, operator and value.</summary>
    /// <exception cref="ScalingDataException">The text has no operator.</exception>
    public static RowFilter Parse(string text)
    {
        var at = s_operators.Select(o => (o, i: text.IndexOf(o, StringComparison.Ordinal))).Where(q => q.i > 0).OrderBy(q => q.i)
            .ThenByDescending(q => q.o.Length).FirstOrDefault();
        if (at.o is null) throw new ScalingDataException($"--where {text}: a condition such as tokenizer=gpt2 or loss<4 is expected.");
        return new RowFilter(text[..at.i].Trim(), at.o == "==" ? "=" : at.o, text[(at.i + at.o.Length)..].Trim());
    }

    /// <summary>Rows that meet the condition.</summary>
    /// <exception cref="ScalingDataException">The column is missing, or an order is asked of text.</exception>
    public bool[] Of(RunTable table)
    {
        var column = table.Require(Column);
        bool number = NumberCell.TryParse(Value, out double v);
        if (column.Numbers is { } numbers && number)
            return [.. numbers.Select(
                x => Operator switch { "=" => x == v, "!=" => x != v, "<" => x < v, "<=" => x <= v, ">" => x > v, _ => x >= v })];
        if (Operator is not ("=" or "!="))
            throw new ScalingDataException(
                $"--where {Column}{Operator}{Value}: column '{Column}' holds text, which has no order; use = or !=.");
        return [.. Enumerable.Range(0, table.RowCount)
            .Select(i => string.Equals(column.TextAt(i), Value, StringComparison.OrdinalIgnoreCase) == (Operator == "="))];
    }

    /// <summary>The rows that meet all conditions.</summary>
    /// <exception cref="ScalingDataException">No row does.</exception>
    public static RunTable Apply(RunTable table, IReadOnlyList<RowFilter> filters)
    {
        if (filters.Count == 0) return table;
        var masks = filters.Select(f => f.Of(table)).ToList();
        int[] rows = [.. Enumerable.Range(0, table.RowCount).Where(i => masks.All(m => m[i]))];
        if (rows.Length == 0)
            throw new ScalingDataException($"{table.Source}: no row meets "
                + $"{string.Join(" and ", filters.Select(f => f.Column + f.Operator + f.Value.ToString(CultureInfo.InvariantCulture)))}.");
        return table.Take(rows);
    }
}
