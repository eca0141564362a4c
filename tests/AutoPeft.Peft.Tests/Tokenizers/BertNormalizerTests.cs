using AutoPeft.Peft.Tokenizers;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Peft.Tests.Tokenizers;

/// <summary>The first cases are those of BERT's own tokenization_test.py.</summary>
public class BertNormalizerTests
{
    private static string[] Words(string text, bool lowerCase = true) =>
        [.. BertNormalizer.SplitWords(new BertNormalizer(lowerCase).Normalize(text))];

    [Fact]
    public void Words_are_lowered_and_punctuation_stands_alone() =>
        Assert.Equal(["hello", "!", "how", "are", "you", "?"], Words(" \tHeLLo!how  \n Are yoU?  "));

    [Fact]
    public void A_cased_model_keeps_case_and_accents()
    {
        Assert.Equal(["HeLLo", "!", "how", "Are", "yoU", "?"], Words(" \tHeLLo!how  \n Are yoU?  ", lowerCase: false));
        Assert.Equal(["HäLLo", "!"], Words("HäLLo!", lowerCase: false));
    }

    [Fact]
    public void Accents_are_stripped_whether_composed_or_combining()
    {
        Assert.Equal(["hello"], Words("H\u00E9llo"));
        Assert.Equal(["hello"], Words("He\u0301llo"));
        Assert.Equal(["aouao"], Words("ÄÖÜåö"));
        Assert.Equal(["istanbul"], Words("\u0130stanbul"));
        Assert.Equal(["\u03b1\u03b8\u03b7\u03bd\u03b1"], Words("\u0391\u03b8\u03ae\u03bd\u03b1"));
        Assert.Equal(["\u0438\u043e\u0436"], Words("\u0419\u043e\u0436"));
        Assert.Equal(["viet"], Words("Vi\u1EC7t"));
    }

    [Fact]
    public void A_stroke_is_no_accent() => Assert.Equal(["ø", "ł", "đ"], Words("Ø Ł Đ"));

    [Fact]
    public void Hangul_syllables_become_jamo() => Assert.Equal(["\u1112\u1161\u11ab\u1100\u116e\u11a8"], Words("\uD55C\uAD6D"));

    [Fact]
    public void Ideographs_stand_alone_also_beyond_the_basic_plane()
    {
        Assert.Equal(["ah", "\u535A", "\u63A8", "zz"], Words("ah\u535A\u63A8zz"));
        Assert.Equal(["a", "\U00020000", "b"], Words("a\U00020000b"));
        Assert.Equal(["かな"], Words("かな"));
    }

    [Fact]
    public void Control_characters_vanish_and_blanks_of_every_kind_separate() =>
        Assert.Equal(["ab", "c", "d", "e"], Words("a\u200Db\u0000\uFFFD\u00A0c\u3000d\re"));

    [Fact]
    public void Control_characters_go_before_white_space_is_looked_for() =>
        // U+0085 is a control character first and white space second; U+2028 is white space alone.
        Assert.Equal(["ab", "c"], Words("a\u0085b\u2028c"));

    [Theory]
    [InlineData(0x0085)]
    [InlineData(0x001C)]
    [InlineData(0x200B)]
    [InlineData(0x180E)]
    [InlineData(0xE000)]
    // Not assigned: in a compatibility block of ideographs, behind extension B, and elsewhere.
    [InlineData(0xFA6E)]
    [InlineData(0x2A6DF + 1)]
    [InlineData(0x2FA1E)]
    [InlineData(0x0378)]
    public void What_is_no_character_vanishes_and_parts_nothing(int codePoint) =>
        Assert.Equal(["ab"], Words($"a{char.ConvertFromUtf32(codePoint)}b"));

    [Theory]
    [InlineData(0x2B81D)]
    [InlineData(0x2B820)]
    [InlineData(0x2CEA1)]
    [InlineData(0xFA6D)]
    public void Assigned_ideographs_stand_alone_to_the_last_of_their_ranges(int codePoint)
    {
        string ideograph = char.ConvertFromUtf32(codePoint);
        // Some compatibility ideographs decompose into the unified one.
        Assert.Equal(3, Words($"a{ideograph}b").Length);
        Assert.Equal(["a" + ideograph + "b"],
            BertNormalizer.SplitWords(new BertNormalizer(false, SeparateIdeographs: false).Normalize($"a{ideograph}b")));
    }

    [Fact]
    public void Case_is_lowered_without_stripping_accents_where_that_is_asked_for() =>
        Assert.Equal(["h\u00E9llo", "i\u0307"],
            BertNormalizer.SplitWords(new BertNormalizer(true, StripAccents: false).Normalize("H\u00C9LLO \u0130")));

    [Fact]
    public void Symbols_in_Ascii_are_punctuation_but_a_euro_sign_is_not() => Assert.Equal(["$", "5", "+", "^", "€5"], Words("$5+^ €5"));

    [Fact]
    public void A_lone_surrogate_does_no_harm() => Assert.Equal(["ab"], Words("a\uD800b"));

    [Fact]
    public void Normalising_twice_changes_nothing() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            string once = string.Join(' ', Words(text.Get));
            return once == string.Join(' ', Words(once));
        }).QuickCheckThrowOnFailure();
}
