// All studies, a row each.

async function studiesPage() {
  const connected = connection(),
    body = h("tbody"),
    none = h("p", { class: "note", hidden: true }, "No study here yet. One appears as soon as a sweep has started.");
  $("top").replaceChildren(
    h("div", { class: "masthead" }, h("h1", null, "Studies"), h("div", { class: "corner" }, connected.element, themeButton())),
  );
  const table = h(
    "div",
    { class: "tablewrap", tabindex: "0", role: "region", "aria-label": "Studies" },
    h(
      "table",
      { class: "data studies" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["study", "state", "progress", "running", "front", "result", "last event"].map((name, i) =>
            h("th", { scope: "col", class: i < 3 ? "text" : null }, name),
          ),
        ),
      ),
      body,
    ),
  );
  $("page").replaceChildren(h("section", { class: "panel" }, table, none));
  const update = paced(async () => {
    const { studies } = await get("/api/studies");
    none.hidden = studies.length > 0;
    table.hidden = studies.length === 0;
    const focused = body.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    body.replaceChildren(...studies.map(studyRow));
    if (focused) body.querySelector(`a[href="${focused}"]`)?.focus();
  }, 1000);
  await update();
  performance.mark("studies-shown");
  follow("/api/events", update, connected.say);
}

function studyRow(row) {
  const name = h("td", { class: "text name" }, h("a", { href: `/studies/${row.id}` }, row.name ?? row.where), h("small", null, row.where));
  if (!row.counts) return h("tr", null, name, h("td", { class: "text wrap problem", colspan: "6" }, row.problem ?? "being opened"));
  const c = row.counts,
    total = row.budget ?? c.completed + c.failed + c.pruned + c.running + c.waiting + c.paused,
    [word, kind] = studyState(row, row.budget);
  const result =
    row.best !== undefined
      ? `${row.objectives[0]} ${brief(real(row.best), 4)}`
      : row.hypervolume !== undefined
        ? `hypervolume ${brief(real(row.hypervolume), 4)}`
        : "–";
  return h(
    "tr",
    null,
    name,
    h("td", { class: "text" }, h("span", { class: `badge ${kind}` }, word)),
    h(
      "td",
      { class: "text" },
      progress(c, total),
      h("small", null, `${grouped(c.completed)} of ${grouped(total)}${c.failed ? `, ${grouped(c.failed)} failed` : ""}`),
    ),
    h("td", null, grouped(c.running)),
    h("td", null, row.objectives.length > 1 ? grouped(row.front) : "–"),
    h("td", null, result),
    h("td", null, row.last ? ago(Math.max(0, Date.now() / 1000 - row.last)) : "–"),
  );
}
