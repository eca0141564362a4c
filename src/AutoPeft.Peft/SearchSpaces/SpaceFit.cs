using AutoPeft.Peft.Models;
using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>Whether a configuration was made for the model it is used with.</summary>
internal static class SpaceFit
{
    /// <summary>Refuses a configuration of a space other than the one that this model has.</summary>
    /// <exception cref="InvalidInputException">A parameter is missing, too many, or has another domain.</exception>
    public static void Require(Configuration configuration, SearchSpace expected, BertConfig config) =>
        Require(configuration, expected, $"a model of {config.NumHiddenLayers} layers and width {config.HiddenSize}");

    /// <summary>Refuses a configuration of a space other than the one that this decoder has.</summary>
    /// <exception cref="InvalidInputException">A parameter is missing, too many, or has another domain.</exception>
    public static void Require(Configuration configuration, SearchSpace expected, DecoderConfig config) =>
        Require(configuration, expected, $"a decoder of {config.NumHiddenLayers} layers and width {config.HiddenSize}");

    private static void Require(Configuration configuration, SearchSpace expected, string model)
    {
        if (ReferenceEquals(configuration.Space, expected)) return;
        foreach (var parameter in expected.Parameters)
        {
            if (!configuration.Space.Contains(parameter.Name))
                throw new InvalidInputException($"the configuration does not fit {model}: space '{expected.Name}' has a parameter "
                    + $"'{parameter.Name}' there, the configuration has none");
            var given = configuration.Space.Parameters[configuration.Space.IndexOf(parameter.Name)];
            if (given.Domain != parameter.Domain)
                throw new InvalidInputException($"the configuration does not fit {model}: '{parameter.Name}' is {parameter.Domain} there, "
                    + $"but {given.Domain} in the configuration's space");
        }
        foreach (var parameter in configuration.Space.Parameters)
            if (!expected.Contains(parameter.Name))
                throw new InvalidInputException(
                    $"the configuration does not fit {model}: space '{expected.Name}' has no parameter '{parameter.Name}' there");
    }
}
