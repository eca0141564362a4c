// Compare: trials side by side, with what differs between them marked.

/** Trials that are compared, by number, in the order in which they were chosen. */
const compared = [];
const MostCompared = 8;

/** Adds a trial to the comparison, or takes it out. */
function compare(t) {
  const at = compared.indexOf(t.number);
  if (at >= 0) compared.splice(at, 1);
  else {
    if (compared.length === MostCompared) compared.shift();
    compared.push(t.number);
  }
  announce(
    at >= 0
      ? `Trial ${t.number} is compared no more.`
      : `Trial ${t.number} is compared with ${plural(compared.length - 1, "other trial")}.`,
  );
  later(markAll);
}

/** For cards: a button that says whether the trial is compared. */
function compareButton(t) {
  const on = compared.includes(t.number);
  return h(
    "button",
    {
      class: "small",
      "aria-pressed": String(on),
      onclick: e => {
        compare(t);
        e.target.textContent = compared.includes(t.number) ? "Compared" : "Compare";
        e.target.setAttribute("aria-pressed", String(compared.includes(t.number)));
      },
    },
    on ? "Compared" : "Compare",
  );
}

/**
 * `first` are the numbers that the section starts with; `factsOf(number)` gives a promise of one trial with everything that is known of it;
 * `most()` is how many trials there are.
 */
function compareSection(first, factsOf, most) {
  compared.push(...[...new Set(first)].slice(0, 3));
  const view = { differing: false },
    body = h("div");
  const input = h("input", {
    type: "number",
    min: "0",
    max: String(Math.max(0, most() - 1)),
    "aria-label": "Number of a trial to compare",
    placeholder: "trial",
    class: "short",
  });
  const add = h("button", { class: "small", type: "submit" }, "Add");
  const form = h(
    "form",
    {
      class: "inline",
      onsubmit: e => {
        e.preventDefault();
        const n = Number(input.value);
        if (input.value === "" || !Number.isInteger(n) || n < 0 || n >= most()) {
          announce(`There is no trial ${input.value}.`);
          input.select();
          return;
        }
        if (!compared.includes(n)) compare(trialOf(n));
        input.value = "";
      },
    },
    input,
    add,
  );
  let shown = "";
  const show = async () => {
    const key = JSON.stringify([compared, view.differing, state.selected?.number]);
    if (key === shown) return;
    shown = key;
    input.max = String(Math.max(0, most() - 1));
    const list = await Promise.all(compared.map(n => factsOf(n)));
    if (key === shown)
      body.replaceChildren(list.length === 0 ? h("p", { class: "note" }, "No trial is chosen.") : compareTable(list, view));
  };
  charts.push({
    mark: () => {
      show().catch(() => {
        shown = "";
      });
    },
  });
  const chosen = h(
    "button",
    {
      class: "small",
      onclick: () => {
        if (state.selected && !compared.includes(state.selected.number)) compare(state.selected);
      },
    },
    "Add the selected",
  );
  const tools = h(
    "div",
    { class: "tools" },
    tick("differences only", false, v => {
      view.differing = v;
      shown = "";
      later(markAll);
    }),
    form,
    chosen,
  );
  show().catch(() => {});
  return h(
    "section",
    { class: "panel", id: "compare" },
    h("div", { class: "head" }, h("h2", null, "Compare"), tools),
    h("p", { class: "note" }, "Trials side by side; ≠ marks what differs. Add one by its number, or select it in any chart."),
    body,
  );
}

/** Rows: { name, texts, nodes, kind }. */
function compareRows(list) {
  const rows = [],
    row = (name, kind, of, node = of) =>
      rows.push({ name, kind, texts: list.map(t => String(of(t) ?? "–")), nodes: list.map(t => node(t) ?? "–") });
  row("state", "state", t => t.state);
  sheet.objectives.forEach(o => row(o.name, "goal", t => (t.values?.length ? number(t.values[o.index], 6) : undefined)));
  sheet.outcomes.forEach((o, i) => row(o.name, "goal", t => (t.outcomes?.length ? number(t.outcomes[i], 6) : undefined)));
  for (const f of sheet.fields) {
    const text = t => (!isActive(f, t) ? "inactive" : f.bits ? members(f, t).map(Number).join("") : String(fieldValue(f, t)));
    row(f.label, "field", text, t => (isActive(f, t) ? fieldValue(f, t) : h("span", { class: "soft" }, "inactive")));
  }
  for (const name of [...new Set(list.flatMap(t => Object.keys(t.metrics ?? {})))].sort())
    row(name, "metric", t => (t.metrics?.[name] === undefined ? undefined : number(real(t.metrics[name]), 6)));
  row("chosen by", "run", t => t.source);
  row("ran", "run", t => (t.seconds === undefined || t.seconds === null ? undefined : duration(t.seconds)));
  row("worker", "run", t => [t.worker, t.device].filter(Boolean).join(" on ") || undefined);
  if (list.some(t => t.error)) row("error", "run", t => t.error);
  if (list.some(t => t.note)) row("note", "run", t => t.note);
  return rows;
}

function compareTable(list, view) {
  const rows = compareRows(list).map(r => ({ ...r, differs: new Set(r.texts).size > 1 }));
  const head = list.map(t =>
    h(
      "th",
      { scope: "col" },
      h("button", { class: "link", onclick: () => select(trialOf(t.number)) }, `trial ${t.number}`),
      " ",
      h("button", { class: "small", "aria-label": `Take trial ${t.number} out of the comparison`, onclick: () => compare(t) }, "×"),
    ),
  );
  const shown = rows.filter(r => !view.differing || r.differs);
  return h(
    "div",
    { class: "tablewrap", tabindex: "0", role: "region", "aria-label": "Comparison of trials" },
    h(
      "table",
      { class: "data compare" },
      h("caption", { class: "unseen" }, "Comparison of trials"),
      h("thead", null, h("tr", null, h("th", { scope: "col", class: "text" }, ""), head)),
      h(
        "tbody",
        null,
        shown.map((r, i) =>
          h(
            "tr",
            { class: [r.differs ? "differs" : "", i > 0 && shown[i - 1].kind !== r.kind ? "rule" : ""].join(" ").trim() || null },
            h(
              "th",
              { scope: "row", class: "text" },
              r.differs ? h("span", { class: "unequal", title: "differs", role: "img", "aria-label": "differs" }, "≠ ") : null,
              breakable(r.name),
            ),
            r.nodes.map(n => h("td", { class: r.kind === "run" ? "wrap" : null }, n)),
          ),
        ),
      ),
    ),
  );
}
