using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace AutoPeft.Spaces;

/// <summary>Writes parameters and their values in the JSON form.</summary>
internal static class ParameterJsonWriter
{
    /// <summary>A parameter as an object; keys that say what is the default are left out.</summary>
    public static void Write(Utf8JsonWriter writer, Parameter parameter, SearchSpace space)
    {
        writer.WriteStartObject();
        writer.WriteString("name", parameter.Name);
        switch (parameter)
        {
            case FloatParameter f:
                writer.WriteString("type", "float");
                Number(writer, "low", f.Low);
                Number(writer, "high", f.High);
                if (f.Log) writer.WriteBoolean("log", true);
                break;
            case IntParameter i:
                writer.WriteString("type", "int");
                writer.WriteNumber("low", i.Low);
                writer.WriteNumber("high", i.High);
                if (i.Log) writer.WriteBoolean("log", true);
                if (i.Step != 1) writer.WriteNumber("step", i.Step);
                break;
            case OrdinalParameter o:
                writer.WriteString("type", "ordinal");
                writer.WriteStartArray("values");
                for (int k = 0; k < o.Values.Length; k++) WriteCode(writer, o, k);
                writer.WriteEndArray();
                break;
            case CategoricalParameter c:
                writer.WriteString("type", "categorical");
                writer.WriteStartArray("choices");
                for (int k = 0; k < c.Choices.Length; k++) WriteCode(writer, c, k);
                writer.WriteEndArray();
                break;
            case BoolParameter:
                writer.WriteString("type", "bool");
                break;
            case SubsetParameter s:
                writer.WriteString("type", "subset");
                writer.WriteStartArray("items");
                foreach (string item in s.Items) writer.WriteStringValue(item);
                writer.WriteEndArray();
                if (s.MinSize != 0) writer.WriteNumber("min_size", s.MinSize);
                if (s.MaxSize != s.Items.Length) writer.WriteNumber("max_size", s.MaxSize);
                break;
        }
        if (parameter.When is { } when)
        {
            Parameter parent = space.Parameters[space.IndexOf(when.Parent)];
            writer.WriteStartObject("when");
            writer.WriteStartArray(when.Parent);
            foreach (object value in when.Values) WriteCode(writer, parent, parent.FromValue(value));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        if (parameter.Prior is { } prior) Write(writer, prior);
        writer.WriteEndObject();
    }

    /// <summary>A value by its code; a choice that was declared as a number, a bool or null comes back as the same JSON text.</summary>
    public static void WriteCode(Utf8JsonWriter writer, Parameter parameter, double code)
    {
        if (parameter is CategoricalParameter { Literals.IsEmpty: false } c)
        {
            writer.WriteRawValue(c.Literals[(int)code], skipInputValidation: true);
            return;
        }
        switch (parameter.ToValue(code))
        {
            case string s: writer.WriteStringValue(s); break;
            case bool b: writer.WriteBooleanValue(b); break;
            case long l: writer.WriteNumberValue(l); break;
            case double d: writer.WriteRawValue(Float(d), skipInputValidation: true); break;
            case ImmutableArray<string> list:
                writer.WriteStartArray();
                foreach (string item in list) writer.WriteStringValue(item);
                writer.WriteEndArray();
                break;
        }
    }

    private static void Write(Utf8JsonWriter writer, ParameterPrior prior)
    {
        writer.WriteStartObject("prior");
        switch (prior)
        {
            case NormalPrior n:
                Number(writer, "mean", n.Mean);
                Number(writer, "spread", n.Spread);
                break;
            case WeightsPrior w:
                writer.WriteStartArray("weights");
                foreach (double weight in w.Weights) writer.WriteRawValue(Float(weight), skipInputValidation: true);
                writer.WriteEndArray();
                break;
        }
        writer.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter writer, string key, double value)
    {
        writer.WritePropertyName(key);
        writer.WriteRawValue(Float(value), skipInputValidation: true);
    }

    /// <summary>
    /// Shortest text that reads back the same; whole floats keep their point, so that languages with two kinds of numbers read a float.
    /// </summary>
    private static string Float(double d)
    {
        string text = d.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny(".E") < 0 ? text + ".0" : text;
    }
}
