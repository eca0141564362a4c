// The winner by each objective, with the luck that selected it taken out.

/** `list` has what is known of the winner, or the reason why there is none, for each objective. */
function winnerSection(list) {
  const numbers = w => Object.fromEntries(["observed", "corrected", "worse", "better"].map(k => [k, real(w[k])]));
  const rows = list.filter(w => !w.reason).map(w => ({ ...w, ...numbers(w) }));
  const silent = list.filter(w => w.reason);
  const interval = w => [Math.min(w.worse, w.better), Math.max(w.worse, w.better)];
  const columns = [
    { name: "objective", text: true, cell: w => h("td", { class: "text name" }, breakable(w.objective)) },
    trialColumn(w => w.trial),
    { name: "best of", cell: w => cell(grouped(w.candidates)) },
    { name: "observed", cell: w => cell(number(w.observed)) },
    { name: "without luck", cell: w => h("td", null, h("b", null, number(w.corrected))) },
    {
      name: "95 % interval",
      cell: w =>
        cell(
          interval(w)
            .map(v => number(v))
            .join(" to "),
        ),
    },
    {
      name: "",
      label: "interval, drawn: a dot for the value without luck, a ring for the observed one",
      cell: w => h("td", { class: "text" }, estimateBar(w.corrected, ...interval(w), { ring: w.observed })),
    },
    { name: "told apart?", text: true, cell: w => cell(w.told ? "yes" : w.ties ? tied(w.ties) : "no", "text") },
  ];
  const guessed = rows.some(w => w.noise === "model"),
    learnt = rows.some(w => w.noise === "repeats");
  return h(
    "section",
    { class: "panel", id: "winner" },
    h("div", { class: "head" }, h("h2", null, "Winner")),
    h(
      "p",
      { class: "note" },
      "The best of many trials owes part of its result to luck. Without luck: what the winner is worth, as likely too high as too " +
        "low, and a 95 % interval that holds although the winner was chosen by its result",
      guessed
        ? ". Told apart: from the next best. How noisy results are is a guess here, by a model of the trials that " +
            "may take noise for structure; running some configurations again would tell."
        : learnt
          ? ". Told apart: from the next best. The noise is known from configurations that ran more than once."
          : ". Told apart: from the next best.",
      rows.some(w => w.ties)
        ? " Of trials that share the best value, the one named is the best by the other objectives, in their order, and then the first."
        : "",
    ),
    rows.length ? sortable(columns, rows, { trialFor: w => trialOf(w.trial), caption: "Winner by each objective" }) : null,
    silent.map(w => h("p", { class: "note" }, silent.length + rows.length > 1 ? `${w.objective}: ` : "", w.reason)),
  );
}

/** "level with 3, 7 and 12 more". */
function tied(ties) {
  const shown = ties.slice(0, 5);
  return `level with ${shown.join(", ")}${ties.length > shown.length ? ` and ${ties.length - shown.length} more` : ""}`;
}

/**
 * An interval as a line with a dot at the estimate. `from` and `to` are the ends of the axis, the interval's own where they are left out;
 * `zero` draws a line there, `ring` a ring.
 */
function estimateBar(value, low, high, { from, to, zero, ring, bar = false, width = 150 } = {}) {
  const all = [value, low, high, ring].filter(Number.isFinite);
  const a = from ?? Math.min(...all),
    b = to ?? Math.max(...all),
    x = v => 6 + (b > a ? clamp((v / 2 - a / 2) / (b / 2 - a / 2), 0, 1) : 0.5) * (width - 12);
  const node = s(
    "svg",
    { width, height: 16, viewBox: `0 0 ${width} 16`, "aria-hidden": "true" },
    s("path", { d: `M0 8H${width}`, stroke: "var(--grid)" }),
  );
  if (!Number.isFinite(value)) return node;
  if (zero !== undefined) node.append(s("path", { d: `M${x(zero)} 1V15`, stroke: "var(--ink2)", "stroke-opacity": 0.6 }));
  if (bar)
    node.append(s("path", { d: `M${x(zero ?? a)} 8H${x(value)}`, stroke: "var(--accent)", "stroke-width": 9, "stroke-opacity": 0.45 }));
  if (Number.isFinite(low) && Number.isFinite(high))
    node.append(
      s("path", {
        d: `M${x(low)} 8H${x(high)}`,
        stroke: bar ? "var(--ink)" : "var(--accent)",
        "stroke-width": bar ? 1.5 : 2.5,
        "stroke-opacity": bar ? 0.8 : 0.5,
      }),
    );
  if (Number.isFinite(ring))
    node.append(s("circle", { cx: x(ring), cy: 8, r: 4, fill: "var(--panel)", stroke: "var(--point)", "stroke-width": 1.75 }));
  node.append(s("circle", { cx: x(value), cy: 8, r: bar ? 3 : 4.5, fill: "var(--accent)" }));
  return node;
}
