// The front as a table, and downloads.

function fieldColumn(f) {
  const p = f.parameter,
    at = f.indices[0],
    list = f.bits || p.type === "subset";
  return {
    name: f.label,
    title: f.label,
    text: p && ["categorical", "subset"].includes(p.type),
    first: "ascending",
    key: t =>
      !isActive(f, t)
        ? null
        : list
          ? members(f, t).filter(Boolean).length
          : p.type === "categorical"
            ? p.choices[t.codes[at]]
            : p.type === "ordinal"
              ? p.values[t.codes[at]]
              : t.codes[at],
    cell: t =>
      isActive(f, t)
        ? cell(fieldValue(f, t), p && ["categorical", "subset"].includes(p.type) ? "text" : undefined)
        : cell("–", p && ["categorical", "subset"].includes(p.type) ? "text inactive" : "inactive"),
  };
}

/** All trials: number, state, parameters, objectives, outcomes, seconds, worker, device, attempt, error, note. */
function trialsCsv() {
  const value = (p, code) => {
    const v = code === null ? null : decode(p, code);
    return Array.isArray(v) ? v.join("+") : v;
  };
  return csv([
    [
      "number",
      "state",
      ...parameters.map(p => p.name),
      ...objectives.map(o => o.name),
      ...data.outcomes.map(o => o.name),
      "seconds",
      "worker",
      "device",
      "attempt",
      "error",
      "note",
    ],
    ...trials.map(t => [
      t.number,
      t.state,
      ...parameters.map((p, i) => value(p, t.codes[i])),
      ...objectives.map(o => t.values?.[o.index]),
      ...data.outcomes.map((_, i) => t.outcomes?.[i]),
      t.seconds,
      t.worker,
      t.device,
      t.attempt,
      t.error,
      t.note,
    ]),
  ]);
}

function frontTable() {
  const single = objectives.length === 1;
  const rows = single
    ? completed
        .filter(t => !t.infeasible && finite(t))
        .sort((a, b) => (better(objectives[0], a.values[0], b.values[0]) ? -1 : 1))
        .slice(0, 20)
    : front;
  if (rows.length === 0) return null;
  const columns = [
    trialColumn(t => t.number),
    ...objectives.map(o => ({
      name: o.name,
      title: o.arrow,
      key: t => t.values[o.index],
      first: o.minimize ? "ascending" : "descending",
      cell: t => cell(number(t.values[o.index], 5)),
    })),
    ...data.outcomes.map((o, i) => ({ name: o.name, key: t => t.outcomes[i], cell: t => cell(number(t.outcomes[i])) })),
    ...fields.map(fieldColumn),
    {
      name: "seconds",
      key: t => t.seconds ?? null,
      first: "ascending",
      cell: t => cell(t.seconds === undefined ? "–" : number(Number(t.seconds.toPrecision(3)))),
    },
    {
      name: "",
      label: "configuration",
      cell: t => {
        const button = h(
          "button",
          {
            class: "small",
            "aria-label": `Copy the configuration of trial ${t.number} as JSON`,
            onclick: () => copy(JSON.stringify(configuration(t), null, 2), button),
          },
          "Copy JSON",
        );
        return h("td", null, button);
      },
    },
  ];
  const all = h(
    "button",
    {
      class: "small",
      onclick: () =>
        copy(
          JSON.stringify(
            rows.map(t => ({ number: t.number, params: configuration(t), values: t.values })),
            null,
            2,
          ),
          all,
        ),
    },
    "Copy all as JSON",
  );
  const file = h(
    "button",
    {
      class: "small",
      title: "All trials as comma-separated values",
      onclick: () => save(`${data.study.name}.csv`, new Blob([trialsCsv()], { type: "text/csv" })),
    },
    "All trials as CSV",
  );
  const title = single ? "Best trials" : "The front";
  return h(
    "section",
    { class: "panel", id: "table" },
    h("div", { class: "head" }, h("h2", null, title), h("div", { class: "tools" }, file, all)),
    h(
      "p",
      { class: "note" },
      single
        ? `The best ${grouped(rows.length)} of ${plural(completed.length, "completed trial")}.`
        : `${plural(front.length, "trial")} that no other trial dominates.`,
      " A column's name sorts by it.",
    ),
    sortable(columns, rows, { trialFor: t => t, caption: title, start: { column: columns[1], down: !objectives[0].minimize } }),
  );
}
