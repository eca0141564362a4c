using static AutoPeft.Parametrization.TensorRole;

namespace AutoPeft.Parametrization.Tests;

/// <summary>Plans compared with factors worked out by hand.</summary>
internal static class ExpectedPlan
{
    public static void Expect(
        ParametrizationPlan plan, params (string Name, TensorRole Role, double Init, double Rate, double Decay, double Epsilon)[] rows)
    {
        Assert.Equal(rows.Select(r => r.Name).Order(), plan.Tensors.Select(t => t.Name).Order());
        foreach (var row in rows)
        {
            TensorPlan tensor = plan[row.Name];
            Assert.True(row.Role == tensor.Role, $"{row.Name}: {tensor.Role}");
            Assert.True(Math.Abs(row.Init - tensor.InitialScale) < 1e-12, $"{row.Name}: init {tensor.InitialScale}");
            Assert.True(Math.Abs(row.Rate - tensor.LearningRate) < 1e-12, $"{row.Name}: rate {tensor.LearningRate}");
            Assert.True(Math.Abs(row.Decay - tensor.WeightDecay) < 1e-12, $"{row.Name}: decay {tensor.WeightDecay}");
            Assert.True(Math.Abs(row.Epsilon - tensor.Epsilon) < 1e-12, $"{row.Name}: epsilon {tensor.Epsilon}");
        }
    }

    public static IEnumerable<(string, TensorRole, double, double, double, double)> Blocks(
        int depth, (double Init, double Rate, double Decay, double Epsilon) matrix,
            (double Init, double Rate, double Decay, double Epsilon) end,
        (double Init, double Rate, double Decay, double Epsilon) vector, (double Init, double Rate, double Decay, double Epsilon) endVector)
    {
        for (int i = 0; i < depth; i++)
        {
            foreach (string name in new[] { "attention.query", "attention.key", "attention.value", "mlp.up" })
                yield return ($"layers.{i}.{name}.weight", Hidden, matrix.Init, matrix.Rate, matrix.Decay, matrix.Epsilon);
            foreach (string name in new[] { "attention.output", "mlp.down" })
                yield return ($"layers.{i}.{name}.weight", Hidden, end.Init, end.Rate, end.Decay, end.Epsilon);
            foreach (string name in new[] { "before.weight", "before.bias", "between.weight", "between.bias", "mlp.up.bias" })
                yield return ($"layers.{i}.{name}", Vector, vector.Init, vector.Rate, vector.Decay, vector.Epsilon);
            yield return ($"layers.{i}.mlp.down.bias", Vector, endVector.Init, endVector.Rate, endVector.Decay, endVector.Epsilon);
        }
    }
}
