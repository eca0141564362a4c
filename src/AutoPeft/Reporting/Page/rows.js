// All trials as a table: only the rows in view are in the document, and only they are asked for.

/** A column that shows its name, within reason; its values are shorter. */
const fit = name => clamp(textWidth(shorten(name, 30), 13.6, 600) + 40, 96, 230);
const isText = f => f.bits || ["categorical", "subset"].includes(f.parameter?.type);

const RowHeight = 31,
  PageRows = 100,
  MaxPages = 24;

/** The states of a trial. */
const StateNames = ["waiting", "running", "completed", "failed", "pruned", "paused"];

/**
 * `rowsOf({ sort, down, only, offset, limit })` gives a promise of { total, rows }: a row is { number, state, attempt, seconds, values,
 * codes, device, note, error }, state by its name.
 */
function trialsSection(rowsOf) {
  const view = { sort: "number", down: true, only: "all" };
  // By page number: { rows, version }. What an older version said is shown until the newer one is there.
  const pages = new Map(),
    fetching = new Map();
  let total = 0,
    version = 0,
    drawn = "";
  const columns = [
    {
      name: "trial",
      sort: "number",
      width: 92,
      cell: t =>
        h(
          "td",
          null,
          h(
            "button",
            { class: "link", "aria-label": `Select trial ${t.number}`, onclick: () => select(trialOf(t.number)) },
            String(t.number),
          ),
        ),
    },
    {
      name: "state",
      sort: "state",
      width: 122,
      text: true,
      cell: t => {
        const on = trialOf(t.number).onFront;
        return h(
          "td",
          { class: "text" },
          h("span", { class: `badge ${on ? "on" : t.state}` }, on ? (sheet.objectives.length > 1 ? "front" : "best") : t.state),
          t.attempt > 1 ? ` ×${t.attempt}` : "",
        );
      },
    },
    ...sheet.objectives.map((o, i) => ({
      name: o.name,
      sort: `value:${i}`,
      width: fit(o.name),
      first: !o.minimize,
      cell: t => h("td", null, t.values.length ? number(t.values[i], 5) : "–"),
    })),
    ...sheet.fields.map(f => ({
      name: f.label,
      width: f.bits ? Math.max(fit(f.label), f.items.length * 10 + 24) : fit(f.label),
      text: isText(f),
      cell: t =>
        h(
          "td",
          { class: [isText(f) && "text", !isActive(f, t) && "inactive"].filter(Boolean).join(" ") || null },
          isActive(f, t) ? fieldValue(f, t) : "–",
        ),
    })),
    {
      name: "time",
      sort: "seconds",
      width: 96,
      first: true,
      cell: t => h("td", null, t.seconds === null || t.seconds === undefined ? "–" : duration(t.seconds)),
    },
    { name: "device", width: 88, text: true, cell: t => h("td", { class: "text" }, t.device ?? "–") },
    {
      name: "note",
      width: 260,
      text: true,
      cell: t => {
        const text = [t.note, t.error].filter(Boolean).join(" · ");
        return h("td", { class: "text", title: text || null }, text);
      },
    },
  ];
  const above = h("td"),
    below = h("td"),
    body = h("tbody"),
    heads = columns.map(c => h("th", { scope: "col", class: c.text ? "text" : null }));
  const table = h(
    "table",
    { class: "data fixed" },
    h("caption", { class: "unseen" }, "All trials"),
    h(
      "colgroup",
      null,
      columns.map(c => {
        const col = h("col");
        col.style.width = `${c.width}px`;
        return col;
      }),
    ),
    h("thead", null, h("tr", null, heads)),
    h("tbody", { "aria-hidden": "true" }, h("tr", null, above)),
    body,
    h("tbody", { "aria-hidden": "true" }, h("tr", null, below)),
  );
  table.style.width = `${columns.reduce((w, c) => w + c.width, 0)}px`;
  for (const td of [above, below]) {
    td.colSpan = columns.length;
    td.className = "spacer";
  }
  const scroller = h(
    "div",
    { class: "rows", tabindex: "0", role: "region", "aria-label": "All trials", onscroll: () => later(render) },
    table,
  );
  const count = h("span", { class: "number" });

  const setHeads = () =>
    columns.forEach((c, i) => {
      if (!c.sort) {
        heads[i].replaceChildren(shorten(c.name, 30));
        return;
      }
      heads[i].setAttribute("aria-sort", view.sort === c.sort ? (view.down ? "descending" : "ascending") : "none");
      heads[i].replaceChildren(
        h(
          "button",
          {
            class: "sort",
            onclick: () => {
              view.down = view.sort === c.sort ? !view.down : Boolean(c.first);
              view.sort = c.sort;
              setHeads();
              restart();
            },
          },
          shorten(c.name, 30),
        ),
      );
    });

  const load = async index => {
    if (fetching.get(index) === version) return;
    const asked = version,
      key = `${view.sort} ${view.down} ${view.only}`;
    fetching.set(index, asked);
    try {
      const got = await rowsOf({ ...view, offset: index * PageRows, limit: PageRows });
      if (key !== `${view.sort} ${view.down} ${view.only}`) return;
      // New trials come in at the top: what is being read must not move.
      if (got.total > total && total > 0 && view.sort === "number" && view.down && scroller.scrollTop > RowHeight)
        scroller.scrollTop += (got.total - total) * RowHeight;
      total = got.total;
      pages.delete(index);
      pages.set(index, { version: asked, rows: got.rows });
      if (pages.size > MaxPages) pages.delete(pages.keys().next().value);
      drawn = "";
      later(render);
    } finally {
      if (fetching.get(index) === asked) fetching.delete(index);
    }
  };

  const render = () => {
    const top = Math.max(0, Math.floor(scroller.scrollTop / RowHeight) - 6),
      end = Math.min(total, top + Math.ceil(scroller.clientHeight / RowHeight) + 12);
    for (let page = Math.floor(top / PageRows); page <= Math.floor(Math.max(top, end - 1) / PageRows); page++)
      if (pages.get(page)?.version !== version) load(page).catch(() => {});
    const key = `${top} ${end} ${total} ${version} ${state.selected?.number}`;
    if (key === drawn) return;
    drawn = key;
    above.style.height = `${top * RowHeight}px`;
    below.style.height = `${Math.max(0, total - end) * RowHeight}px`;
    const focused = body.contains(document.activeElement) ? document.activeElement.textContent : null;
    body.replaceChildren(
      ...Array.from({ length: Math.max(0, end - top) }, (_, i) => {
        const t = pages.get(Math.floor((top + i) / PageRows))?.rows[(top + i) % PageRows];
        if (!t)
          return h(
            "tr",
            null,
            columns.map((c, k) => h("td", { class: "inactive" }, k ? "" : "…")),
          );
        return h(
          "tr",
          {
            class: `clickable${state.selected?.number === t.number ? " selected" : ""}`,
            onclick: e => {
              if (!e.target.closest("button")) select(trialOf(t.number));
            },
          },
          columns.map(c => c.cell(t)),
        );
      }),
    );
    if (focused) [...body.querySelectorAll("button.link")].find(b => b.textContent === focused)?.focus();
    count.textContent = plural(total, "trial");
  };

  /** Another order or filter: nothing of the old is shown. */
  const restart = () => {
    pages.clear();
    [total, drawn] = [0, ""];
    version++;
    scroller.scrollTop = 0;
    load(0).catch(() => {});
  };
  setHeads();
  charts.push({
    mark: () => {
      drawn = "";
      render();
    },
  });
  const tools = h(
    "div",
    { class: "tools" },
    count,
    choice(
      "show",
      [["all", "all"], ["front", sheet.objectives.length > 1 ? "front" : "best"], ...StateNames.map(n => [n, n])],
      view.only,
      v => {
        view.only = v;
        restart();
      },
    ),
  );
  const section = h("section", { class: "panel", id: "trials" }, h("div", { class: "head" }, h("h2", null, "Trials"), tools), scroller);
  const refresh = async () => {
    version++;
    // Whatever is shown first: the total comes with it.
    await load(Math.floor(scroller.scrollTop / RowHeight / PageRows));
  };
  return { section, refresh };
}
