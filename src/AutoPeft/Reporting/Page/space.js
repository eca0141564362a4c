// The search space in words: what a code means, and which parameters read as one.

/** A parameter's value from its code: what the configuration holds. */
function decode(p, code) {
  switch (p.type) {
    case "ordinal":
      return p.values[code];
    case "categorical":
      return p.choices[code];
    case "bool":
      return code === 1;
    // Division, for a mask has up to 52 bits and JavaScript shifts 32.
    case "subset":
      return p.items.filter((_, i) => Math.floor(code / 2 ** i) % 2 === 1);
    default:
      return code;
  }
}

function valueText(p, code) {
  if (code === null) return "–";
  const v = decode(p, code);
  if (typeof v === "boolean") return v ? "on" : "off";
  if (Array.isArray(v)) return v.length ? v.join(", ") : "none";
  return typeof v === "number" ? number(v) : v;
}

/** Runs of switches that differ in a number only (layer_0 … layer_11) read as one row of bits; everything else is a field of its own. */
function fieldsOf(parameters) {
  const runs = new Map();
  parameters.forEach((p, i) => {
    const m = p.type === "bool" && !p.when && /^(.*?)(\d+)(\D*)$/.exec(p.name);
    if (!m) return;
    const key = JSON.stringify([m[1], m[3]]);
    if (!runs.has(key)) runs.set(key, []);
    runs.get(key).push({ i, n: m[2], before: m[1], after: m[3] });
  });
  const inRun = new Map();
  for (const run of runs.values()) if (run.length >= 3) for (const r of run) inRun.set(r.i, run);
  const list = [];
  parameters.forEach((p, i) => {
    const run = inRun.get(i);
    if (!run) list.push({ label: p.name, indices: [i], parameter: p });
    else if (run[0].i === i) {
      list.push({
        label: `${run[0].before}${run[0].n}…${run[run.length - 1].n}${run[0].after}`,
        indices: run.map(r => r.i),
        items: run.map(r => r.n),
        bits: true,
      });
    }
  });
  return list;
}

/** Which items of a run of switches, or of a subset, a trial has; null where it is inactive. */
function members(field, t) {
  if (field.bits) return field.indices.map(i => t.codes[i] === 1);
  const code = t.codes[field.indices[0]];
  return code === null ? null : field.parameter.items.map((_, i) => Math.floor(code / 2 ** i) % 2 === 1);
}

function bits(list, names) {
  const on = names.filter((_, i) => list[i]);
  return h(
    "span",
    {
      class: "bits",
      role: "img",
      "aria-label": on.length ? `on: ${on.join(", ")}` : "all off",
      title: on.length ? `on: ${on.join(", ")}` : "all off",
    },
    list.map(b => h("i", { class: b ? "on" : "" })),
  );
}

/** A field's value: text, or a row of bits. */
function fieldValue(field, t) {
  if (field.bits) return bits(members(field, t), field.items);
  return valueText(field.parameter, t.codes[field.indices[0]]);
}

const isActive = (field, t) => field.bits || t.codes[field.indices[0]] !== null;
