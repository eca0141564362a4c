// The study as the page's data has it, made ready for charts.

const data = JSON.parse($("data").textContent);

/** JSON has no NaN and no infinity: they come as texts. */
const real = v => (v === null || v === undefined ? NaN : Number(v));

const parameters = data.space.parameters;
const trials = data.trials.map(t => ({
  ...t,
  values: t.values?.map(real),
  partial: t.partial?.map(real),
  outcomes: t.outcomes?.map(real),
  done: t.state === "completed",
}));
const completed = data.completed.map(n => trials[n]);
completed.forEach((t, i) => { t.order = i + 1; });
const front = data.front.map(n => trials[n]);
for (const t of front) t.onFront = true;
if (data.knee !== undefined) trials[data.knee].knee = true;

const objectives = data.objectives.map((o, index) => {
  const values = completed.map(t => t.values[index]).filter(Number.isFinite);
  const positive = values.filter(v => v > 0), whole = values.every(Number.isInteger);
  const sorted = ascending(positive), ratio = sorted.length > 0 ? sorted[sorted.length - 1] / sorted[0] : 1;
  // Counts (of parameters, of bytes) are compared by factors; other costs only where they span a wide range.
  const log = values.every(v => v >= 0) && (whole ? ratio >= 10 && sorted[sorted.length - 1] >= 1000 : o.direction === "minimize" && ratio >= 50);
  return {
    ...o, index, log, whole,
    canLog: positive.length > 0 && values.every(v => v >= 0),
    minimize: o.direction === "minimize",
    arrow: o.direction === "minimize" ? "smaller is better" : "larger is better",
  };
});

/** A trial that can be drawn against all objectives. */
const finite = t => t.done && t.values.every(Number.isFinite);

/** The range of an objective over everything that is drawn; cached per scale. */
function objectiveRange(o, log = o.log) {
  o.ranges ??= {};
  return o.ranges[log] ??= range([...completed.filter(finite).map(t => t.values[o.index]), ...trials.filter(t => t.partial).map(t => t.partial[o.index])],
    front.filter(finite).map(t => t.values[o.index]), log);
}

/** The best feasible trial by one objective. */
function bestBy(o) {
  let best = null;
  for (const t of completed) {
    const v = t.values[o.index];
    if (t.infeasible || !Number.isFinite(v)) continue;
    if (best === null || better(o, v, best.values[o.index]) || (v === best.values[o.index] && t.onFront && !best.onFront)) best = t;
  }
  return best;
}

/** The configuration as the ask-tell protocol writes it: active parameters only. */
function configuration(t) {
  return Object.fromEntries(parameters.map((p, i) => [p.name, t.codes[i] === null ? null : decode(p, t.codes[i])]).filter(([, v]) => v !== null));
}

const fields = fieldsOf(parameters);

/**
 * A field as an axis. `place(t)` is its position in [0, 1], null where inactive; a discrete one has `levels` (labels) and `level(t)`.
 */
function dimension(field) {
  const p = field.parameter, at = field.indices[0];
  const d = { label: field.label, field, when: p?.when };
  if (field.bits || p.type === "subset") {
    const fewest = field.bits ? 0 : p.minSize, most = field.bits ? field.indices.length : p.maxSize;
    d.levels = Array.from({ length: most - fewest + 1 }, (_, k) => String(fewest + k));
    d.level = t => { const has = members(field, t); return has ? has.filter(Boolean).length - fewest : null; };
    d.label += field.bits ? " · number on" : " · size";
    d.items = field.bits ? field.items : p.items;
  } else if (p.type === "categorical") [d.levels, d.level] = [p.choices, t => t.codes[at]];
  else if (p.type === "ordinal") [d.levels, d.level] = [p.values.map(v => brief(v, 4)), t => t.codes[at]];
  else if (p.type === "bool") [d.levels, d.level] = [["off", "on"], t => t.codes[at]];
  else if (p.type === "int" && (p.high - p.low) / (p.step ?? 1) < 24 && !p.log && p.high > p.low) {
    d.levels = Array.from({ length: (p.high - p.low) / (p.step ?? 1) + 1 }, (_, k) => String(p.low + k * (p.step ?? 1)));
    d.level = t => (t.codes[at] === null ? null : (t.codes[at] - p.low) / (p.step ?? 1));
  } else {
    d.range = { low: p.low, high: p.high, log: Boolean(p.log) };
    d.value = t => t.codes[at];
    d.place = t => (t.codes[at] === null ? null : d.unit(t.codes[at]));
    d.unit = scale(d.range, 0, 1).unit;
  }
  if (d.levels) {
    const last = d.levels.length - 1;
    d.place = t => { const l = d.level(t); return l === null ? null : last === 0 ? 0.5 : l / last; };
  }
  // Unordered choices have no direction: no line is drawn through them.
  d.ordered = p?.type !== "categorical";
  return d;
}

const stateCount = state => trials.filter(t => t.state === state).length;
