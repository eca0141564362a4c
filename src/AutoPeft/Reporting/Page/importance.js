// Which parameters matter: shares of variance with intervals, pairs, what each switch does. Curves are in dependence.js.

/** `list` has an analysis, or the reason why there is none, for each objective. */
function importanceSection(list) {
  const view = {
    objective: Math.max(
      0,
      list.findIndex(i => !i.reason),
    ),
  };
  const body = h("div"),
    parts = list.map(i => {
      let made = null;
      // Made when it is first asked for: charts are drawn where they have a width.
      return () => (made ??= i.reason ? [h("p", { class: "note" }, i.reason)] : importanceParts(i));
    });
  const show = () => {
    body.replaceChildren(...parts[view.objective]());
    later(drawAll);
  };
  show();
  const tools =
    list.length > 1
      ? h(
          "div",
          { class: "tools" },
          choice(
            "objective",
            list.map((i, k) => [String(k), i.objective]),
            String(view.objective),
            v => {
              view.objective = Number(v);
              show();
            },
          ),
        )
      : null;
  return h("section", { class: "panel", id: "importance" }, h("div", { class: "head" }, h("h2", null, "Importance"), tools), body);
}

const share = v => (Number.isFinite(v) ? `${(100 * v).toFixed(v >= 0.1 || v < 5e-4 ? 0 : 1)} %` : "–");
const measured = e => ({
  ...e,
  value: real(e.value),
  low: real(e.low),
  high: real(e.high),
  total: e.total === undefined ? NaN : real(e.total),
});

function importanceParts(report) {
  const rows = report.parameters.map(measured),
    pairs = report.pairs.map(measured),
    switches = report.switches.map(measured);
  const explained = report.explained === undefined ? NaN : real(report.explained),
    weak = explained < 0.5;
  const columns = [
    {
      name: "parameter",
      text: true,
      key: r => r.name.toLowerCase(),
      first: "ascending",
      cell: r => h("td", { class: "text name" }, breakable(r.name)),
    },
    {
      name: "alone",
      title: "Share of the objective's variance over the space that the parameter explains by itself",
      key: r => r.value,
      first: "descending",
      cell: r => h("td", null, h("b", null, share(r.value))),
    },
    { name: "95 % interval", cell: r => cell(Number.isFinite(r.low) ? `${share(r.low)} to ${share(r.high)}` : "–") },
    ...(rows.some(r => Number.isFinite(r.total))
      ? [
          {
            name: "in all",
            title: "With everything that it does together with others",
            key: r => r.total,
            first: "descending",
            cell: r => cell(share(r.total)),
          },
        ]
      : []),
    {
      name: "",
      label: "share, drawn",
      cell: r =>
        h(
          "td",
          { class: "text" },
          estimateBar(r.value, r.low, r.high, {
            from: 0,
            to: Math.max(...rows.map(q => Math.max(q.value, q.high || 0)), 0.01),
            zero: 0,
            bar: true,
          }),
        ),
    },
  ];
  return [
    h(
      "p",
      { class: "note" },
      `How much of the variance of ${report.ratio ? "the logarithm of " : ""}${report.objective} over the whole space each ` +
        "parameter explains, wherever the sampler looked. ",
      report.method === "its own formula"
        ? "By its own formula, so nothing is estimated"
        : `${report.method} of ${plural(report.trials, "trial")}`,
      Number.isFinite(explained)
        ? `; it predicts ${explained > 0 ? share(explained) : "none"} of the variance of trials that it has not seen.`
        : ".",
      weak ? " That is little: more trials, or less noise, before these numbers mean much." : "",
      (report.limits ?? []).map(l => ` ${l}`).join(""),
    ),
    sortable(columns, rows, { caption: `Importance for ${report.objective}`, start: { column: columns[1], down: true }, most: 10 }),
    pairs.length
      ? h(
          "p",
          { class: "note below" },
          "Together, beyond alone: ",
          pairs
            .map((p, i) => [
              i ? "; " : "",
              h("b", null, breakable(p.first), " × ", breakable(p.second)),
              ` ${share(p.value)}${Number.isFinite(p.low) ? ` (${share(p.low)} to ${share(p.high)})` : ""}`,
            ])
            .flat(),
          ".",
        )
      : null,
    dependenceGrid(report),
    switches.length > 1 ? switchTable(report, switches) : null,
  ].filter(Boolean);
}

/** What turning each switch on changes, all else averaged: for switches of layers the picture of which layers matter. */
function switchTable(report, rows) {
  const none = report.ratio ? 1 : 0,
    o = sheet.objectives.find(q => q.name === report.objective);
  const ends = rows.flatMap(r => [r.value, r.low, r.high]).filter(Number.isFinite),
    reach = Math.max(...ends.map(v => Math.abs(v - none)), 1e-12);
  const known = r => Number.isFinite(r.low) && (r.low > none || r.high < none),
    good = r => r.value > none === !o?.minimize;
  const text = v => (Number.isFinite(v) ? (report.ratio ? "× " : v > 0 ? "+" : "") + number(v, 3) : "–");
  const columns = [
    { name: "turned on", text: true, cell: r => h("td", { class: "text name" }, breakable(r.name)) },
    {
      name: `${report.objective} changes by`,
      key: r => r.value,
      first: "descending",
      cell: r => h("td", null, known(r) ? h("b", null, text(r.value)) : text(r.value)),
    },
    { name: "95 % interval", cell: r => cell(Number.isFinite(r.low) ? `${text(r.low)} to ${text(r.high)}` : "–") },
    {
      name: "",
      label: "change, drawn",
      cell: r =>
        h(
          "td",
          { class: "text" },
          estimateBar(r.value, r.low, r.high, { from: none - reach, to: none + reach, zero: none, bar: true, width: 180 }),
        ),
    },
    {
      name: "",
      label: "verdict",
      text: true,
      cell: r => cell(known(r) ? (good(r) ? "better" : "worse") : "not told apart", known(r) ? "text" : "text soft"),
    },
  ];
  const layers = rows.every(r => /layer|block/i.test(r.name));
  return h(
    "div",
    { class: "below" },
    h("h3", null, layers ? "Which layers matter" : "What each switch does"),
    sortable(columns, rows, { caption: layers ? "Which layers matter" : "What each switch does", most: 24 }),
  );
}
