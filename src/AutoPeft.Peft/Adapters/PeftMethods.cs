namespace AutoPeft.Peft.Adapters;

/// <summary>The methods of the literature as plans. The part of each method lies in its folder.</summary>
public static partial class PeftMethods
{
    private static void Positive(string what, int value)
    {
        if (value < 1) throw new InvalidInputException($"a {what} of {value} is not possible: it must be at least 1");
    }
}
