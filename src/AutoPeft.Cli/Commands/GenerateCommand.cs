using System.CommandLine;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft generate</c>: a decoder continues a text.</summary>
internal static class GenerateCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var model = new Argument<string>("MODEL")
        {
            Description = "A folder with a decoder's checkpoint in Hugging Face's layout: config.json, model.safetensors, tokenizer.json.",
        };
        var prompt = new Option<string>("--prompt") { Description = "The beginning of the text.", DefaultValueFactory = _ => "" };
        var tokens = new Option<int>("--tokens") { Description = "Tokens to write at most.", DefaultValueFactory = _ => 64 };
        var adapter = new Option<string?>("--adapter")
        {
            Description = "A folder with an adapter in the format of Hugging Face's peft.",
            HelpName = "DIR",
        };
        var command = new Command("generate", "Continues a text by the likeliest token, again and again.")
            { model, prompt, tokens, adapter };
        command.SetAction((parsed, cancellationToken) =>
        {
            int count = parsed.GetValue(tokens) is > 0 and var n
                ? n
                : throw new InvalidInputException($"--tokens takes a whole number from 1, not {parsed.GetValue(tokens)}.");
            Run(parsed.GetRequiredValue(model), parsed.GetValue(prompt) ?? "", count, parsed.GetValue(adapter), cancellationToken);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Run(string folder, string prompt, int count, string? adapter, CancellationToken cancellationToken)
    {
        using DecoderModel model = DecoderModel.Load(folder);
        model.eval();
        TextCodec codec = TextCodec.Load(folder, model.Config);
        if (adapter is not null)
        {
            foreach (string note in HfAdapterFile.Load(model, adapter).Notes) Console.Error.WriteLine(note);
            PeftModel.Merge(model);
        }
        int[] start = codec.Encode(prompt);
        if (start.Length == 0) throw new InvalidInputException("--prompt: this model needs a beginning to go on from; give some text.");
        List<int> ids = [.. start];
        string shown = codec.Decode(ids);
        Console.Out.Write(shown);
        foreach (var (id, _) in TextGeneration.Greedy(model, start, count, cancellationToken))
        {
            ids.Add(id);
            string text = codec.Decode(ids);
            // A character may come in several tokens: what is not whole yet waits.
            if (text.EndsWith('\uFFFD') || !text.StartsWith(shown, StringComparison.Ordinal)) continue;
            Console.Out.Write(text[shown.Length..]);
            shown = text;
        }
        string whole = codec.Decode(ids);
        if (whole.StartsWith(shown, StringComparison.Ordinal)) Console.Out.Write(whole[shown.Length..]);
        Console.Out.WriteLine();
    }
}
