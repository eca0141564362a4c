// Sortable tables.

/**
 * A table. Columns: { name, key(row) for sorting, cell(row), text (left-aligned), first ("ascending" or "descending" on the first click) }.
 * Rows that stand for a trial are linked with the charts.
 */
function sortable(columns, rows, { trialFor, caption, start, most = 15, rowClass }) {
  const body = h("tbody"),
    heads = [],
    view = { column: start?.column ?? null, down: start?.down ?? false, all: false };
  const more = h("button", {
    class: "small",
    onclick: () => {
      view.all = true;
      fillBody();
    },
  });
  const fillBody = () => {
    const list = rows.slice();
    if (view.column) {
      const key = view.column.key,
        sign = view.down ? -1 : 1;
      // What has no value goes last either way.
      list.sort((a, b) => {
        const x = key(a),
          y = key(b),
          ax = x === null || Number.isNaN(x),
          ay = y === null || Number.isNaN(y);
        return ax || ay ? ax - ay : sign * (x < y ? -1 : x > y ? 1 : 0);
      });
    }
    heads.forEach((th, i) => {
      if (columns[i].key) th.setAttribute("aria-sort", columns[i] === view.column ? (view.down ? "descending" : "ascending") : "none");
    });
    const shown = view.all ? list : list.slice(0, most);
    body.replaceChildren(
      ...shown.map(row => {
        const t = trialFor?.(row);
        const tr = h(
          "tr",
          { class: [t ? "clickable" : "", rowClass?.(row) ?? ""].join(" ").trim() || undefined },
          columns.map(c => c.cell(row)),
        );
        if (t) {
          tr.trial = t;
          tr.addEventListener("pointerenter", () => hover(t));
          tr.addEventListener("pointerleave", () => hover(null));
          tr.addEventListener("click", e => {
            if (!e.target.closest("button")) select(t);
          });
        }
        return tr;
      }),
    );
    more.hidden = shown.length === list.length;
    more.textContent = `Show all ${grouped(list.length)}`;
    mark();
  };
  const mark = () => {
    for (const tr of body.children) {
      if (!tr.trial) continue;
      tr.classList.toggle("selected", tr.trial === state.selected);
      tr.classList.toggle("hover", tr.trial === state.hover);
      tr.classList.toggle("dim", dimmed(tr.trial));
    }
  };
  for (const c of columns) {
    const th = h("th", { scope: "col", class: c.text ? "text" : undefined });
    if (c.key)
      th.append(
        h(
          "button",
          {
            class: "sort",
            title: c.title ?? c.name,
            onclick: () => {
              view.down = view.column === c ? !view.down : c.first === "descending";
              view.column = c;
              fillBody();
            },
          },
          shorten(c.name, 30),
        ),
      );
    else th.append(c.name ? c.name : h("span", { class: "unseen" }, c.label ?? "actions"));
    heads.push(th);
  }
  fillBody();
  charts.push({ draw() {}, mark });
  return h(
    "div",
    { class: "tablewrap", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: "data" }, h("caption", { class: "unseen" }, caption), h("thead", null, h("tr", null, heads)), body),
    more,
  );
}

const cell = (text, kind) => h("td", { class: kind }, text);

function trialColumn(numberOf) {
  return {
    name: "trial",
    key: numberOf,
    first: "ascending",
    cell: row => {
      const t = trialOf(numberOf(row));
      return h(
        "td",
        null,
        h("button", { class: "link", "aria-label": `Select trial ${t.number}`, onclick: () => select(t) }, String(t.number)),
      );
    },
  };
}
