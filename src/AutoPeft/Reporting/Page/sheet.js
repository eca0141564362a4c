// What the charts of parameters draw, in the report and on the dashboard alike: the space, the objectives, and trials.

/**
 * `trials` are all that the page knows, `completed` those of them that are drawn (at most MaxDrawn, the front among them), `of` how many
 * trials completed in all. A trial is { number, state, codes, values?, partial?, onFront?, infeasible?, done }.
 */
const sheet = { parameters: [], fields: [], objectives: [], outcomes: [], trials: [], completed: [], of: 0 };

/** More marks or lines than this on one chart are a blot, and every redraw of them is felt. */
const MaxDrawn = 4000;

/** The front, and of the others evenly many in the order of completion, up to `most` in all. */
function sampleOf(list, most = MaxDrawn) {
  if (list.length <= most) return list;
  const others = list.filter(t => !t.onFront),
    room = Math.max(1, most - (list.length - others.length)),
    kept = new Set();
  for (let i = 0; i < room; i++) kept.add(others[Math.floor((i * others.length) / room)]);
  return list.filter(t => t.onFront || kept.has(t));
}

/** "4,000 of 50,000 completed trials are drawn, the front among them."; nothing where all are. */
const sampledWords = () =>
  sheet.completed.length < sheet.of
    ? ` ${grouped(sheet.completed.length)} of ${plural(sheet.of, "completed trial")} are drawn, the front among them.`
    : "";

/** Calls `changed` when the sheet has other trials, which in a report it never has. */
const sheetReaders = [];
const onSheet = changed => {
  sheetReaders.push(changed);
};

/** Other trials for all charts of the sheet. */
function changeSheet(to) {
  Object.assign(sheet, to);
  for (const changed of sheetReaders) changed();
}

/** A choice among the sheet's objectives, by index. */
const objectiveChoice = (label, at, chosen) =>
  choice(
    label,
    sheet.objectives.map(o => [String(o.index), o.name]),
    String(at),
    v => chosen(Number(v)),
  );

/** A trial that can be drawn against all objectives. */
const finite = t => t.done && t.values.every(Number.isFinite);

/** Objectives as charts need them, from { name, minimize, log? } and the completed trials' values. */
function objectivesOf(list, completed) {
  return list.map((o, index) => {
    const values = completed.map(t => t.values[index]).filter(Number.isFinite);
    const positive = values.filter(v => v > 0),
      whole = values.every(Number.isInteger);
    const sorted = ascending(positive),
      ratio = sorted.length > 0 ? sorted[sorted.length - 1] / sorted[0] : 1;
    const canLog = positive.length > 0 && values.every(v => v >= 0);
    // Counts (of parameters, of bytes) are compared by factors; other costs only where they span a wide range.
    const wide = whole ? ratio >= 10 && sorted[sorted.length - 1] >= 1000 : o.minimize && ratio >= 50;
    return {
      ...o,
      index,
      whole,
      canLog,
      log: canLog && Boolean(o.log || wide),
      arrow: o.minimize ? "smaller is better" : "larger is better",
    };
  });
}

/** The range of an objective over the trials that the sheet draws. */
const sheetRange = o => rangeOver(o, sheet.completed, sheet.trials, o.log);

/** The range of an objective over completed trials and the last reports of those that were cut short; the front is inside. */
function rangeOver(o, completed, trials, log) {
  const drawn = completed.filter(finite);
  return range(
    [...drawn.map(t => t.values[o.index]), ...trials.filter(t => t.partial).map(t => t.partial[o.index])],
    drawn.filter(t => t.onFront).map(t => t.values[o.index]),
    log,
  );
}

/** Best first. */
const byGoodness = o => (a, b) =>
  better(o, a.values[o.index], b.values[o.index]) ? -1 : better(o, b.values[o.index], a.values[o.index]) ? 1 : 0;

/**
 * A field as an axis. `place(t)` is its position in [0, 1], null where inactive; a discrete one has `levels` (labels) and `level(t)`.
 */
function dimension(field) {
  const p = field.parameter,
    at = field.indices[0];
  const d = { label: field.label, field, when: p?.when };
  if (field.bits || p.type === "subset") {
    const fewest = field.bits ? 0 : p.minSize,
      most = field.bits ? field.indices.length : p.maxSize;
    d.levels = Array.from({ length: most - fewest + 1 }, (_, k) => String(fewest + k));
    d.level = t => {
      const has = members(field, t);
      return has ? has.filter(Boolean).length - fewest : null;
    };
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
    d.place = t => {
      const l = d.level(t);
      return l === null ? null : last === 0 ? 0.5 : l / last;
    };
  }
  // Unordered choices have no direction: no line is drawn through them.
  d.ordered = p?.type !== "categorical";
  return d;
}
