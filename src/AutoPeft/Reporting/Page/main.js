// The page, from top to bottom.

function build() {
  const asked = new URLSearchParams(location.search).get("theme") ?? /theme=(dark|light)/.exec(location.hash)?.[1];
  if (asked === "dark" || asked === "light") document.documentElement.dataset.theme = asked;
  header();
  const page = $("page");
  page.replaceChildren();
  if (trials.length === 0) {
    page.append(
      h(
        "section",
        { class: "panel", id: "front" },
        h("h2", null, "No trial yet"),
        h("p", { class: "note" }, "The study was created and nothing has been proposed. Write the report again once trials have run."),
        spaceTable(),
      ),
    );
    return;
  }
  const single = objectives.length === 1,
    any = completed.length > 0;
  const lazily = (there, name, id, make) => [name, there ? lazySection(id, name, make) : null];
  const sections = [
    [single ? "Progress" : "Front", single ? progressSection() : frontSection()],
    ["Final evaluation", finalSection()],
    lazily(!single && any, "Hypervolume", "progress", progressSection),
    [single ? "Best trials" : "Table", frontTable()],
    lazily(data.winner?.length, "Winner", "winner", () => winnerSection(data.winner)),
    lazily(data.importance?.length, "Importance", "importance", () => importanceSection(data.importance)),
    lazily(any, "Parallel coordinates", "parallel", parallelSection),
    lazily(completed.length >= 3, "Slices", "slices", slicesSection),
    lazily(completed.length >= 3 && fields.length > 1, "Contour", "contour", contourSection),
    lazily(curveMetrics().length > 0, "Learning curves", "curves", curvesSection),
    lazily(true, "Timeline", "timeline", () => timelineSection(barsOf)),
    lazily(true, "Compare", "compare", () =>
      compareSection(
        worthComparing(),
        async n => trials[n],
        () => trials.length,
      ),
    ),
    lazily(true, "All trials", "trials", () => allTrials()),
    ["Notes", anyNote ? notesSection(() => notes, null) : null],
    ["Failures", failuresSection()],
  ].filter(([, section]) => section);
  $("top").append(
    h(
      "nav",
      { "aria-label": "Sections" },
      sections.map(([name, section]) => h("a", { href: `#${section.id}` }, name)),
    ),
  );
  page.append(tiles(), ...sections.map(([, section]) => section));
  selectionBar();
  addEventListener("keydown", e => {
    if (e.key === "Escape" && state.selected && !e.defaultPrevented) select(state.selected);
  });
  markAll();
  requestAnimationFrame(() => performance.mark("report-shown"));
  drawInTime();
}

/**
 * What is below the window is made and drawn when there is time, and in any case before printing, so that printing and searching find it.
 */
function drawInTime() {
  const idle = window.requestIdleCallback ?? (f => setTimeout(f, 30));
  const drawNext = () => {
    const plot = charts.find(c => c instanceof Plot && !c.drawn && c.element.clientWidth >= 40);
    if (!plot) return false;
    plot.draw(true);
    plot.mark();
    return true;
  };
  const step = () => makeNext() || drawNext();
  const next = () => {
    if (step()) idle(next);
  };
  // After the first picture.
  requestAnimationFrame(() =>
    setTimeout(() => {
      watchWaiting();
      idle(next);
    }),
  );
  addEventListener("beforeprint", () => {
    while (step());
  });
}

/** The trials that the comparison starts with: the knee and the best by each objective. */
const worthComparing = () => [front.find(t => t.knee), ...objectives.map(bestBy)].filter(Boolean).map(t => t.number);

const notes = { study: data.study.note, trials: trials.filter(t => t.note).map(t => ({ number: t.number, text: t.note })) };
const anyNote = notes.study || notes.trials.length > 0;

/** All trials, in the order and with the filter that the table asks for. */
function allTrials() {
  let kept = { key: "", list: [] };
  const rowsOf = async ({ sort, down, only, offset, limit }) => {
    const key = JSON.stringify([sort, down, only]);
    if (kept.key !== key)
      kept = {
        key,
        list: ordered(
          trials.filter(t => only === "all" || (only === "front" ? t.onFront : t.state === only)),
          sort,
          down,
        ),
      };
    return {
      total: kept.list.length,
      rows: kept.list.slice(offset, offset + limit).map(t => ({ attempt: 0, ...t, values: t.values ?? [] })),
    };
  };
  const { section, refresh } = trialsSection(rowsOf);
  refresh();
  return section;
}

/** What has no value comes last either way. */
function ordered(list, sort, down) {
  const by = sort.startsWith("value:")
    ? t => t.values?.[Number(sort.slice(6))]
    : { number: t => t.number, state: t => StateNames.indexOf(t.state), seconds: t => t.seconds }[sort];
  const keys = new Map(
    list.map(t => {
      const v = by(t);
      return [t, v === undefined || Number.isNaN(v) ? Infinity : down ? -v : v];
    }),
  );
  return list.sort((a, b) => {
    const x = keys.get(a),
      y = keys.get(b);
    return x < y ? -1 : x > y ? 1 : a.number - b.number;
  });
}

/** The bars of the timeline. */
async function barsOf(part) {
  const workers = [...new Set(trials.map(t => t.worker).filter(Boolean))].sort(),
    place = new Map(workers.map((w, i) => [w, i]));
  const end = Math.max(data.study.wall ?? 0, 1e-3),
    start = end * (1 - part),
    bars = [];
  for (const t of trials) {
    if (t.start === undefined || !place.has(t.worker)) continue;
    const running = t.state === "running",
      to = running ? undefined : (t.end ?? t.start);
    if ((to ?? end) >= start && TimelineStates.includes(t.state))
      bars.push({ t, worker: place.get(t.worker), state: t.state, from: Math.max(start, t.start), to });
  }
  return { workers, bars, of: bars.length, start, end };
}

/** What is searched, while there is nothing else to show. */
function spaceTable() {
  const domain = p =>
    ({
      float: () => `${number(p.low)} to ${number(p.high)}${p.log ? ", log" : ""}`,
      int: () => `${number(p.low)} to ${number(p.high)}${p.step ? ` in steps of ${p.step}` : ""}${p.log ? ", log" : ""}`,
      ordinal: () => p.values.map(v => number(v)).join(", "),
      categorical: () => p.choices.join(", "),
      bool: () => "on or off",
      subset: () => `any of ${p.items.join(", ")}`,
    })[p.type]();
  return h(
    "div",
    { class: "tablewrap" },
    h(
      "table",
      { class: "data" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["parameter", "type", "values", "exists where"].map(n => h("th", { scope: "col", class: "text" }, n)),
        ),
      ),
      h(
        "tbody",
        null,
        parameters.map(p =>
          h(
            "tr",
            null,
            cell(p.name, "text"),
            cell(p.type, "text"),
            cell(domain(p), "text wrap"),
            cell(p.when ? `${p.when.parent} is ${p.when.values.join(" or ")}` : "", "text"),
          ),
        ),
      ),
    ),
  );
}

build();
$("foot").append(
  h("p", null, `Written by AutoPeft. The study's data is inside this page, as JSON in the element with the id "data"; nothing is fetched.`),
);
