"""Writes DecoderOracle.Numbers.cs: logits of tiny decoders by a second implementation in plain numpy, token by token and head by head.

The formulas are those of the papers and of Hugging Face's modeling_llama.py, modeling_qwen2.py, modeling_qwen3.py, modeling_mistral.py and
modeling_gpt2.py. Weights are made by a formula of name and place, in the model's layout: linear maps [out, in].
    python3 decoder_oracle.py > DecoderOracle.Numbers.cs
"""
import math
import numpy as np

IDS = [[1, 7, 3, 28, 11, 0, 5], [2, 2, 19, 4, 23, 8, 16]]
BASE = dict(vocab=29, d=12, layers=2, heads=4, kv=2, hd=6, inner=20, eps=1e-5, theta=10000.0, tied=False, qkv_bias=False, o_bias=False,
            qk_norm=False, window=None, scaling=None)
CASES = {
    "Llama": dict(BASE),
    "Qwen2": dict(BASE, qkv_bias=True, hd=3 + 1, tied=True, theta=1e6, eps=1e-6),
    "Qwen3": dict(BASE, qk_norm=True, eps=1e-6),
    "Mistral": dict(BASE, window=3),
    "Llama3": dict(BASE, scaling=dict(factor=8.0, low=1.0, high=4.0, original=200.0)),
}
GPT2 = dict(vocab=29, d=12, layers=2, heads=3, inner=48, positions=24, eps=1e-5)


def made(name, *shape):
    phase = sum((i + 1) * ord(c) for i, c in enumerate(name)) % 997 * 0.01
    start = 1.0 if "norm.weight" in name or "ln_" in name and name.endswith("weight") else 0.0
    return start + 0.3 * np.sin(0.7 * np.arange(math.prod(shape)) + phase).reshape(shape)


def rms(x, w, eps):
    return x / math.sqrt((x * x).mean() + eps) * w


def silu(x):
    return x / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def stretched(frequency, s):
    length = 2 * math.pi / frequency
    if s is None or length < s["original"] / s["high"]: return frequency
    if length > s["original"] / s["low"]: return frequency / s["factor"]
    smooth = (s["original"] / length - s["low"]) / (s["high"] - s["low"])
    return (1 - smooth) * frequency / s["factor"] + smooth * frequency


def turn(x, position, theta, scaling):
    out = x.copy()
    half = len(x) // 2
    for i in range(half):
        angle = position * stretched(theta ** (-2 * i / len(x)), scaling)
        out[i] = x[i] * math.cos(angle) - x[i + half] * math.sin(angle)
        out[i + half] = x[i + half] * math.cos(angle) + x[i] * math.sin(angle)
    return out


def llama(c, ids):
    embed = made("model.embed_tokens.weight", c["vocab"], c["d"])
    h = [embed[i].copy() for i in ids]
    def linear(name, x, out, bias):
        y = made(name + ".weight", out, len(x)) @ x
        return y + made(name + ".bias", out) if bias else y
    for l in range(c["layers"]):
        p = f"model.layers.{l}."
        n = [rms(x, made(p + "input_layernorm.weight", c["d"]), c["eps"]) for x in h]
        q = [linear(p + "self_attn.q_proj", x, c["heads"] * c["hd"], c["qkv_bias"]).reshape(c["heads"], c["hd"]) for x in n]
        k = [linear(p + "self_attn.k_proj", x, c["kv"] * c["hd"], c["qkv_bias"]).reshape(c["kv"], c["hd"]) for x in n]
        v = [linear(p + "self_attn.v_proj", x, c["kv"] * c["hd"], c["qkv_bias"]).reshape(c["kv"], c["hd"]) for x in n]
        if c["qk_norm"]:
            q = [np.array([rms(y, made(p + "self_attn.q_norm.weight", c["hd"]), c["eps"]) for y in x]) for x in q]
            k = [np.array([rms(y, made(p + "self_attn.k_norm.weight", c["hd"]), c["eps"]) for y in x]) for x in k]
        q = [np.array([turn(y, t, c["theta"], c["scaling"]) for y in x]) for t, x in enumerate(q)]
        k = [np.array([turn(y, t, c["theta"], c["scaling"]) for y in x]) for t, x in enumerate(k)]
        for t in range(len(ids)):
            first = 0 if c["window"] is None else max(0, t - c["window"] + 1)
            heads = []
            for a in range(c["heads"]):
                g = a // (c["heads"] // c["kv"])
                weights = softmax(np.array([q[t][a] @ k[s][g] / math.sqrt(c["hd"]) for s in range(first, t + 1)]))
                heads.append(sum(w * v[s][g] for w, s in zip(weights, range(first, t + 1))))
            h[t] = h[t] + linear(p + "self_attn.o_proj", np.concatenate(heads), c["d"], c["o_bias"])
        for t in range(len(ids)):
            x = rms(h[t], made(p + "post_attention_layernorm.weight", c["d"]), c["eps"])
            inner = silu(linear(p + "mlp.gate_proj", x, c["inner"], False)) * linear(p + "mlp.up_proj", x, c["inner"], False)
            h[t] = h[t] + linear(p + "mlp.down_proj", inner, c["d"], False)
    head = embed if c["tied"] else made("lm_head.weight", c["vocab"], c["d"])
    return head @ rms(h[-1], made("model.norm.weight", c["d"]), c["eps"])


def layer_norm(x, name, eps):
    return (x - x.mean()) / math.sqrt(x.var() + eps) * made(name + ".weight", len(x)) + made(name + ".bias", len(x))


def gelu_new(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def gpt2(c, ids):
    def linear(name, x, out):
        return made(name + ".weight", out, len(x)) @ x + made(name + ".bias", out)
    wte, hd = made("transformer.wte.weight", c["vocab"], c["d"]), c["d"] // c["heads"]
    h = [wte[i] + made("transformer.wpe.weight", c["positions"], c["d"])[t] for t, i in enumerate(ids)]
    for l in range(c["layers"]):
        p = f"transformer.h.{l}."
        qkv = [linear(p + "attn.c_attn", layer_norm(x, p + "ln_1", c["eps"]), 3 * c["d"]).reshape(3, c["heads"], hd) for x in h]
        for t in range(len(ids)):
            heads = []
            for a in range(c["heads"]):
                weights = softmax(np.array([qkv[t][0][a] @ qkv[s][1][a] / math.sqrt(hd) for s in range(t + 1)]))
                heads.append(sum(w * qkv[s][2][a] for s, w in enumerate(weights)))
            h[t] = h[t] + linear(p + "attn.c_proj", np.concatenate(heads), c["d"])
        for t in range(len(ids)):
            inner = gelu_new(linear(p + "mlp.c_fc", layer_norm(h[t], p + "ln_2", c["eps"]), c["inner"]))
            h[t] = h[t] + linear(p + "mlp.c_proj", inner, c["d"])
    return wte @ layer_norm(h[-1], "transformer.ln_f", c["eps"])


def array(values):
    lines, line = [], "       "
    for v in values:
        piece = f" {v:.15g},"
        if len(line) + len(piece) > 130:
            lines.append(line)
            line = "       "
        line += piece
    return "\n".join(lines + [line])


print("namespace AutoPeft.Peft.Tests.Oracles;\n")
print("// Made by decoder_oracle.py, a second implementation in plain numpy; not by hand.")
print("internal static partial class DecoderOracle\n{")
results = {name: [llama(c, ids) for ids in IDS] for name, c in CASES.items()}
results["Gpt2"] = [gpt2(GPT2, ids) for ids in IDS]
for i, (name, rows) in enumerate(results.items()):
    if i: print()
    print(f"    public static readonly double[] {name} =\n    [\n{array(np.concatenate(rows))}\n    ];")
print("}")
