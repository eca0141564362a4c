// Who, what, how long; and the numbers that one looks for first.

function themeButton() {
  const root = document.documentElement;
  const button = h("button", {
    class: "small",
    onclick: () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      name();
      drawAll();
    },
  });
  const name = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${dark ? "light" : "dark"} theme`);
  };
  name();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    name();
    drawAll();
  });
  return button;
}

function header() {
  const { study, space } = data,
    settings = { ...study.settings };
  const kinds = [
    ["completed", "completed"],
    ["failed", "failed"],
    ["pruned", "pruned"],
    ["running", "running"],
    ["waiting", "waiting"],
    ["paused", "paused"],
  ]
    .map(([state, word]) => [stateCount(state), word])
    .filter(([n]) => n > 0);
  const goals = objectives.map(o => `${o.minimize ? "minimise" : "maximise"} ${o.name}`).join(", ");
  const fact = (name, value) =>
    value === undefined || value === null || value === "" ? null : h("div", null, h("dt", null, name), h("dd", { class: "number" }, value));
  const known = ["task", "tasks", "model", "version"],
    rest = Object.entries(settings).filter(([k]) => !known.includes(k));
  const workers = new Set(trials.map(t => t.worker).filter(Boolean)).size;
  $("top").replaceChildren(
    h(
      "div",
      { class: "masthead" },
      h(
        "div",
        null,
        study.live
          ? h("p", { class: "crumb" }, h("a", { href: study.live }, "Live page"))
          : study.liveCommand
            ? h("p", { class: "crumb" }, "Live page: ", h("code", null, study.liveCommand))
            : null,
        h("h1", null, study.title),
        h(
          "p",
          { class: "lede" },
          h("b", null, goals),
          ` over ${plural(parameters.length, "parameter")}`,
          space.cardinality
            ? ` (${space.cardinality.length > 15 ? `about 10^${space.cardinality.length - 1}` : grouped(space.cardinality)} configurations)`
            : "",
          "; ",
          trials.length === 0
            ? "no trial yet."
            : `${plural(trials.length, "trial")}: ${kinds.map(([n, word]) => `${grouped(n)} ${word}`).join(", ")}.`,
        ),
      ),
      themeButton(),
    ),
    h(
      "dl",
      { class: "facts" },
      study.title === study.name ? null : fact("study", study.name),
      fact("task", settings.task),
      fact("tasks", taskNames(settings.tasks)),
      fact("model", settings.model),
      fact("space", space.name),
      fact("sampler", study.sampler),
      fact("budget", study.budget === undefined ? undefined : plural(study.budget, "trial")),
      fact("seed", study.seed),
      fact("wall time", trials.length ? duration(study.wall) : undefined),
      fact("workers", workers || undefined),
      fact("started", study.started?.replace("T", " ").replace("Z", " UTC")),
    ),
    rest.length + space.constraints.length === 0
      ? ""
      : h(
          "details",
          null,
          h("summary", null, "All settings"),
          h(
            "dl",
            { class: "facts" },
            rest.map(([k, v]) => fact(k, h("code", null, v))),
            space.constraints.map(c => fact("constraint", h("code", null, c))),
          ),
        ),
  );
}

/** The tasks of a study over several, by name; as they are written where that is no list of tasks. */
function taskNames(text) {
  if (!text) return null;
  try {
    return JSON.parse(text)
      .map(t => t.name)
      .join(", ");
  } catch {
    return text;
  }
}

function tiles() {
  const list = [];
  const tile = (label, value, below, title, t) =>
    list.push(
      h(
        t ? "button" : "div",
        { class: "tile", title, onclick: t ? () => select(t) : undefined },
        h("span", null, label),
        h("b", null, value),
        h("small", null, below || "\u00a0"),
      ),
    );
  const budget = data.study.budget,
    lost = [
      ["failed", "failed"],
      ["pruned", "pruned"],
    ]
      .filter(([k]) => stateCount(k))
      .map(([k, word]) => `${grouped(stateCount(k))} ${word}`);
  tile(
    "trials completed",
    grouped(completed.length),
    [budget === undefined ? `of ${grouped(trials.length)}` : `of ${grouped(budget)}`, ...lost].join(", "),
  );
  if (objectives.length > 1) {
    const infeasible = completed.filter(t => t.infeasible).length;
    tile(
      "on the Pareto front",
      grouped(front.length),
      infeasible ? `${grouped(infeasible)} infeasible left out` : `of ${plural(completed.length, "trial")}`,
    );
    const hv = data.hypervolume;
    if (hv?.steps.length)
      tile(
        "hypervolume",
        brief(real(hv.steps[hv.steps.length - 1].value), 4),
        `below ${hv.reference.map(v => brief(real(v))).join(" · ")}`,
        referenceText(),
      );
  }
  for (const o of objectives) {
    const t = bestBy(o);
    if (t)
      tile(
        `best ${o.name}`,
        brief(t.values[o.index], 4),
        `trial ${t.number}`,
        `${o.name} = ${number(t.values[o.index], 6)} in trial ${t.number} (${o.arrow})`,
        t,
      );
  }
  const work = trials.reduce((sum, t) => sum + (t.seconds ?? 0), 0);
  if (objectives.length === 1 && work > 0)
    tile("time in trials", duration(work), `${plural(new Set(trials.map(t => t.worker).filter(Boolean)).size, "worker")}`);
  return h("div", { class: "tiles" }, list);
}

function referenceText() {
  const hv = data.hypervolume;
  const point = hv.reference.map((v, i) => `${objectives[i].name} ${number(real(v))}`).join(", ");
  return `Reference point${hv.inferred ? " (taken from the trials)" : ""}: ${point}.`;
}
