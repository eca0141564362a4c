// The page, from top to bottom.

function build() {
  const asked = new URLSearchParams(location.search).get("theme") ?? /theme=(dark|light)/.exec(location.hash)?.[1];
  if (asked === "dark" || asked === "light") document.documentElement.dataset.theme = asked;
  header();
  const page = $("page");
  page.replaceChildren();
  if (trials.length === 0) {
    page.append(h("section", { class: "panel", id: "front" }, h("h2", null, "No trial yet"), h("p", { class: "note" }, "The study was created and nothing has been proposed. Write the report again once trials have run."), spaceTable()));
    return;
  }
  const single = objectives.length === 1, any = completed.length > 0;
  const sections = [
    [single ? "Progress" : "Front", single ? progressSection() : frontSection()],
    ["Final evaluation", finalSection()],
    ["Hypervolume", single || !any ? null : progressSection()],
    [single ? "Best trials" : "Table", frontTable()],
    ["Winner", winnerSection()],
    ["Importance", importanceSection()],
    ["Parallel coordinates", any ? parallelSection() : null],
    ["Effects", completed.length >= 3 ? effectsSection() : null],
    ["Learning curves", curvesSection()],
    ["Failures", failuresSection()],
  ].filter(([, section]) => section);
  $("top").append(h("nav", { "aria-label": "Sections" }, sections.map(([name, section]) => h("a", { href: `#${section.id}` }, name))));
  page.append(tiles(), ...sections.map(([, section]) => section));
  selectionBar();
  addEventListener("keydown", e => { if (e.key === "Escape" && state.selected && !e.defaultPrevented) select(state.selected); });
  markAll();
  // What is below the window is drawn when there is time, so that printing and searching find it.
  const idle = window.requestIdleCallback ?? (f => setTimeout(f, 30));
  const plots = charts.filter(c => c instanceof Plot);
  const next = () => {
    const plot = plots.find(p => !p.drawn && p.element.clientWidth >= 40);
    if (!plot) return;
    plot.draw(true);
    plot.mark();
    idle(next);
  };
  idle(next);
}

/** What is searched, while there is nothing else to show. */
function spaceTable() {
  const domain = p => ({
    float: () => `${number(p.low)} to ${number(p.high)}${p.log ? ", log" : ""}`,
    int: () => `${number(p.low)} to ${number(p.high)}${p.step ? ` in steps of ${p.step}` : ""}${p.log ? ", log" : ""}`,
    ordinal: () => p.values.map(v => number(v)).join(", "),
    categorical: () => p.choices.join(", "),
    bool: () => "on or off",
    subset: () => `any of ${p.items.join(", ")}`,
  })[p.type]();
  return h("div", { class: "tablewrap" }, h("table", { class: "data" },
    h("thead", null, h("tr", null, ["parameter", "type", "values", "exists where"].map(n => h("th", { scope: "col", class: "text" }, n)))),
    h("tbody", null, parameters.map(p => h("tr", null, cell(p.name, "text"), cell(p.type, "text"), cell(domain(p), "text wrap"), cell(p.when ? `${p.when.parent} is ${p.when.values.join(" or ")}` : "", "text"))))));
}

build();
$("foot").append(h("p", null, `Written by AutoPeft. The study's data is inside this page, as JSON in the element with the id "data"; nothing is fetched.`));
