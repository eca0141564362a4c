// A study's page: made once, then told what has changed.

function takeLive(live) {
  study.live = live;
  study.front = new Set(live.front.number);
}

/** Draws what changes with every trial; charts of the sheet are drawn when that does. */
function drawLive() {
  for (const c of charts) if (!c.still) c.draw?.();
  markAll();
}

async function studyPage(id) {
  study.base = `/api/studies/${id}`;
  const connected = connection();
  let definition;
  try {
    definition = await get(study.base);
  } catch (error) {
    $("top").replaceChildren(
      h(
        "div",
        { class: "masthead" },
        h("div", null, h("p", { class: "crumb" }, h("a", { href: "/" }, "All studies")), h("h1", null, "This study cannot be shown")),
        themeButton(),
      ),
    );
    $("page").replaceChildren(h("p", { class: "problem" }, error.message));
    if (error.status === 503) setTimeout(() => location.reload(), 1500);
    return;
  }
  study.definition = definition;
  study.objectives = definition.objectives;
  study.parameters = definition.space.parameters;
  study.fields = fieldsOf(study.parameters);
  changeSheet({
    parameters: study.parameters,
    fields: study.fields,
    outcomes: definition.outcomes,
    objectives: objectivesOf(study.objectives, []),
  });
  takeLive(definition.live);
  document.title = `${definition.name} · AutoPeft`;
  const head = studyHead(connected.element),
    card = trialCard();
  const scatter = scatterSection(card),
    curves = curvesSection(),
    rows = trialsSection(rowsOf);
  const below = [
    ["Parallel coordinates", lazySection("parallel", "Parallel coordinates", () => sheetReady().then(parallelSection))],
    ["Slices", lazySection("slices", "Slices", () => sheetReady().then(slicesSection))],
    ["Contour", study.fields.length > 1 ? lazySection("contour", "Contour", () => sheetReady().then(contourSection)) : null],
    ["Winner and importance", lazySection("insight", "Winner and importance", insightSection)],
    ["Timeline", lazySection("timeline", "Timeline", () => timelineSection(barsOf))],
    ["Compare", lazySection("compare", "Compare", () => compareSection(worthComparing(), detailOf, () => study.live.trials))],
  ];
  const write = number => noteDialog(number).catch(e => notice(e.message, true));
  const sections = [
    [study.objectives.length > 1 ? "Front" : "Progress", scatter.section],
    ["Hypervolume", study.objectives.length > 1 ? historySection() : null],
    ["Learning curves", curves.section],
    ["Workers", workersSection()],
    ...below,
    ["Trials", rows.section],
    ["Notes", notesSection(() => study.live.notes, write)],
  ].filter(([, section]) => section);
  const nav = h(
    "nav",
    { "aria-label": "Sections" },
    sections.map(([name, section]) => h("a", { href: `#${section.id}` }, name)),
  );
  $("top").replaceChildren(head.element, nav);
  $("page").replaceChildren(head.tiles, ...sections.map(([, section]) => section));
  drawAll();
  let curvesAt = 0;
  const show = async first => {
    // Curves change slowly, and are the most to fetch.
    const due = first || performance.now() - curvesAt > 2500;
    if (due) curvesAt = performance.now();
    await Promise.all(
      [
        scatter.refresh(first),
        rows.refresh(),
        card.refresh(),
        due ? curves.refresh() : null,
        refreshSheet(),
        ...(due && !first ? below.map(([, section]) => section?.refresh?.()) : []),
      ].map(p => p?.catch?.(() => {}) ?? p),
    );
    drawLive();
  };
  await show(true);
  performance.mark("study-shown");
  watchWaiting();
  const update = paced(async () => {
    try {
      const before = study.live.sequence;
      takeLive(await get(`${study.base}/live`));
      if (study.live.sequence < before) location.reload();
      if (study.live.sequence !== before) await show(false);
      else drawLive();
    } catch (error) {
      if (error.status === 404) notice(error.message, true);
    }
  }, 700);
  follow(`${study.base}/events`, update, connected.say);
}

function studyHead(connected) {
  const d = study.definition,
    o = study.objectives;
  const fact = (name, value) =>
    value === undefined || value === null || value === "" ? null : h("div", null, h("dt", null, name), h("dd", { class: "number" }, value));
  const badge = h("span", { class: "badge" }),
    lede = h("p", { class: "lede" }),
    tiles = h("div", { class: "tiles" });
  const pause = h("button", { onclick: () => setPaused(!study.live.paused) }),
    enqueue = h(
      "button",
      {
        onclick: async () => {
          const best = state.selected?.number ?? study.live.front.knee ?? study.live.front.number[0];
          enqueueDialog(best === undefined ? {} : (await detailOf(best)).params);
        },
      },
      "Enqueue…",
    );
  const known = ["task", "model", "version"],
    rest = Object.entries(d.settings).filter(([k]) => !known.includes(k));
  const element = h(
    "div",
    null,
    h(
      "div",
      { class: "masthead" },
      h(
        "div",
        null,
        h("p", { class: "crumb" }, h("a", { href: "/" }, "All studies"), " / ", d.where),
        h("h1", null, d.name, " ", badge),
        lede,
      ),
      h("div", { class: "corner" }, connected, themeButton()),
    ),
    h(
      "dl",
      { class: "facts" },
      fact("task", d.settings.task),
      fact("model", d.settings.model),
      fact("space", d.space.name),
      fact("sampler", d.sampler),
      fact("budget", d.budget === undefined ? undefined : plural(d.budget, "trial")),
      fact("seed", d.seed),
      fact("parameters", String(study.parameters.length)),
    ),
    rest.length + d.space.constraints.length === 0
      ? null
      : h(
          "details",
          null,
          h("summary", null, "All settings"),
          h(
            "dl",
            { class: "facts" },
            rest.map(([k, v]) => fact(k, h("code", null, v))),
            d.space.constraints.map(c => fact("constraint", h("code", null, c))),
          ),
        ),
    h(
      "div",
      { class: "actions commands" },
      pause,
      enqueue,
      h(
        "a",
        {
          class: "button",
          href: `${location.pathname.replace(/\/$/, "")}/report`,
          title: "The study as one page to keep or to send, as of now",
        },
        "Report",
      ),
      h("a", { class: "button", href: `${study.base}/trials.csv`, download: "" }, "All trials as CSV"),
    ),
  );
  const draw = () => {
    const live = study.live;
    d.budget = live.budget ?? d.budget;
    const [word, kind] = studyState(live, d.budget);
    badge.textContent = word;
    badge.className = `badge ${kind}`;
    pause.textContent = live.paused ? "Resume" : "Pause";
    pause.hidden = word === "finished";
    lede.replaceChildren(
      h("b", null, o.map(x => `${x.minimize ? "minimise" : "maximise"} ${x.name}`).join(", ")),
      live.last ? `; last event ${ago(Math.max(0, Date.now() / 1000 - live.last))}` : "; no trial yet",
      ...(live.problem ? [h("span", { class: "problem" }, ` ${live.problem}`)] : []),
    );
    tiles.replaceChildren(...studyTiles(live));
  };
  charts.push({ draw });
  return { element, tiles };
}

/** A word for where the study is, and its colour. */
function studyState(live, budget) {
  const c = live.counts;
  if (live.paused) return ["paused", "pruned"];
  if (budget !== undefined && c.completed + c.failed + c.pruned >= budget) return ["finished", "completed"];
  if (c.running > 0) return ["running", "on"];
  return c.waiting > 0 ? ["waiting", ""] : ["idle", ""];
}

function studyTiles(live) {
  const c = live.counts,
    d = study.definition,
    list = [],
    total = d.budget ?? live.trials;
  const tile = (label, value, below, t, extra) =>
    list.push(
      h(
        t ? "button" : "div",
        { class: "tile", onclick: t ? () => select(t) : undefined },
        h("span", null, label),
        h("b", null, value),
        extra ?? h("small", null, below || "\u00a0"),
      ),
    );
  tile(
    "trials completed",
    grouped(c.completed),
    "",
    null,
    h(
      "span",
      null,
      progress(c, total),
      h(
        "small",
        null,
        `of ${grouped(total)}${c.failed ? `, ${grouped(c.failed)} failed` : ""}${c.pruned ? `, ${grouped(c.pruned)} pruned` : ""}`,
      ),
    ),
  );
  tile(
    "running",
    grouped(c.running),
    [c.waiting ? `${grouped(c.waiting)} waiting` : "none waiting", c.paused ? `${grouped(c.paused)} paused` : null]
      .filter(Boolean)
      .join(", "),
  );
  if (study.objectives.length > 1) {
    tile("on the Pareto front", grouped(live.front.number.length), `of ${grouped(c.completed)}`);
    if (live.history?.value.length)
      tile(
        "hypervolume",
        brief(real(live.history.value[live.history.value.length - 1]), 4),
        `below ${live.history.reference.map(v => brief(real(v))).join(" · ")}`,
      );
  }
  study.objectives.forEach((o, i) => {
    let best = -1;
    live.front.values.forEach((v, k) => {
      if (best < 0 || better(o, real(v[i]), real(live.front.values[best][i]))) best = k;
    });
    if (best >= 0)
      tile(
        `best ${o.name}`,
        brief(real(live.front.values[best][i]), 4),
        `trial ${live.front.number[best]}`,
        trialOf(live.front.number[best]),
      );
  });
  return list;
}

/** A bar of what has ended and what runs. */
function progress(c, total) {
  const bar = h("i", { class: "progress", role: "img", "aria-label": `${c.completed} of ${total} completed` });
  for (const [kind, n] of [
    ["completed", c.completed],
    ["pruned", c.pruned],
    ["failed", c.failed],
    ["running", c.running],
  ]) {
    if (!n) continue;
    const part = h("i", { class: kind });
    part.style.width = `${(100 * n) / Math.max(1, total)}%`;
    bar.append(part);
  }
  return bar;
}
