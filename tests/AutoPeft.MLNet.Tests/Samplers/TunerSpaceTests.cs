using AutoPeft.MLNet.Samplers;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Tests.Spaces;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;

namespace AutoPeft.MLNet.Tests.Samplers;

public sealed class TunerSpaceTests
{
    [Fact]
    public void Every_configuration_survives_the_way_to_a_tuner_and_through_its_unit_cube() =>
        RandomSpaces.ForAll((space, random) =>
        {
            var tuner = new TunerSpace(space);
            for (int i = 0; i < 5; i++)
            {
                Configuration c = space.Sample(random);
                TheirParameter point = tuner.Encode(c);
                Assert.Equal(c, tuner.Decode(point, random), Close);
                // What a tuner does with a point that it was told: into the unit cube and out again.
                Assert.Equal(c, tuner.Decode(tuner.Theirs.SampleFromFeatureSpace(tuner.Theirs.MappingToFeatureSpace(point)), random),
                    Close);
            }
        });

    [Fact]
    public void Every_point_of_the_unit_cube_is_a_configuration() =>
        RandomSpaces.ForAll((space, random) =>
        {
            var tuner = new TunerSpace(space);
            double[] features = [.. Enumerable.Range(0, tuner.Theirs.FeatureSpaceDim)
                .Select(_ => random.NextInt(4) switch { 0 => 0.0, 1 => 1.0, _ => random.NextDouble() })];
            Configuration c = tuner.Decode(tuner.Theirs.SampleFromFeatureSpace(features), random);
            Assert.Equal(c, space.FromCodes(c.Codes));
            for (int i = 0; i < space.Count; i++)
                Assert.True(double.IsNaN(c.Codes[i]) ? !space.IsActive(i, c.Codes) : space.Parameters[i].IsValid(c.Codes[i]), c.ToString());
        });

    [Fact]
    public void A_uniform_draw_of_the_tuner_gives_each_value_its_share()
    {
        var tuner = new TunerSpace(SearchSpace.Build(s => s.Int("n", 1, 3).Subset("t", ["a", "b", "c"], minSize: 1, maxSize: 2)));
        var random = new Philox(1);
        var counts = new int[4];
        for (int i = 0; i < 3000; i++)
            counts[tuner.Decode(
                tuner.Theirs.SampleFromFeatureSpace([random.NextDouble(), random.NextDouble(), random.NextDouble(), random.NextDouble()]),
                random).GetInt("n")]++;
        // A standard deviation is 26.
        Assert.All(counts[1..], c => Assert.InRange(c, 900, 1100));
    }

    private static bool Close(Configuration a, Configuration b)
    {
        for (int i = 0; i < a.Codes.Length; i++)
        {
            if (double.IsNaN(a.Codes[i]) != double.IsNaN(b.Codes[i])) return false;
            double slack = a.Space.Parameters[i] is FloatParameter f ? 1e-9 * (f.High - f.Low) : 0;
            if (Math.Abs(a.Codes[i] - b.Codes[i]) > slack) return false;
        }
        return true;
    }
}
