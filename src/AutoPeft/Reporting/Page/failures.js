// What failed or was cut short, grouped by what it said.

function failuresSection() {
  const lost = trials.filter(t => t.state === "failed" || t.state === "pruned");
  const again = trials.filter(t => (t.attempt ?? 0) > 1);
  if (lost.length + again.length === 0) return null;
  const groups = new Map();
  for (const t of trials.filter(t => t.state === "failed")) {
    const key = t.error ?? "no message";
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(t);
  }
  const links = list =>
    list
      .slice(0, 40)
      .flatMap((t, i) => [
        i ? ", " : "",
        h("button", { class: "link", "aria-label": `Select trial ${t.number}`, onclick: () => select(t) }, String(t.number)),
      ])
      .concat(list.length > 40 ? [` and ${list.length - 40} more`] : []);
  const rows = [
    ...[...groups].sort((a, b) => b[1].length - a[1].length).map(([error, list]) => ({ what: "failed", error, list })),
    ...(stateCount("pruned")
      ? [{ what: "pruned", error: "ended early by the scheduler", list: trials.filter(t => t.state === "pruned") }]
      : []),
    ...(again.length ? [{ what: "run again", error: "a worker was lost; the trial was started more than once", list: again }] : []),
  ];
  return h(
    "section",
    { class: "panel", id: "failures" },
    h("div", { class: "head" }, h("h2", null, "Failures")),
    h(
      "p",
      { class: "note" },
      `${grouped(stateCount("failed"))} failed, ${grouped(stateCount("pruned"))} pruned, ${grouped(again.length)} run again, ` +
        `of ${plural(trials.length, "trial")}.`,
    ),
    h(
      "div",
      { class: "tablewrap", tabindex: "0", role: "region", "aria-label": "Failures" },
      h(
        "table",
        { class: "data" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col", class: "text" }, "end"),
            h("th", { scope: "col" }, "count"),
            h("th", { scope: "col", class: "text" }, "message"),
            h("th", { scope: "col", class: "text" }, "trials"),
          ),
        ),
        h(
          "tbody",
          null,
          rows.map(r =>
            h(
              "tr",
              null,
              h("td", { class: "text" }, h("span", { class: r.what === "failed" ? "badge bad" : "badge" }, r.what)),
              cell(grouped(r.list.length)),
              cell(r.error, "text wrap"),
              h("td", { class: "text wrap" }, links(r.list)),
            ),
          ),
        ),
      ),
    ),
  );
}
