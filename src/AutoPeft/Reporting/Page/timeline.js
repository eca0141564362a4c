// Timeline: each trial a bar from its start to its end, in the lane of the worker that ran it, in the colour of how it ended.

const TimelineStates = ["completed", "pruned", "failed", "running"];

/**
 * `fetchBars(part)` gives a promise of { workers, bars, of, start, end }: a bar is { t, worker, state, from, to, weight? } in seconds,
 * `weight` how many trials it stands for; `part` is the share of the time that is shown, from its end.
 */
function timelineSection(fetchBars) {
  const view = { part: 1, data: null };
  const plot = new Plot({
    label: "Timeline of all workers",
    height: () => timelineHeight(view.data),
    reach: 4,
    paint: p => paintTimeline(p, view.data),
    paintMarks: p => markTimeline(p, view.data),
  });
  plot.element.removeAttribute("tabindex");
  plot.still = true;
  plot.nearest = (x, y) => barAt(plot, x, y);
  const words = h("span"),
    section = h("section", { class: "panel", id: "timeline" });
  const refresh = async () => {
    view.data = await fetchBars(view.part);
    const { bars, of, workers } = view.data;
    words.textContent =
      bars.length < of ? ` ${grouped(bars.length)} of ${plural(of, "trial")} are drawn: of those that would cover each other, one.` : "";
    plot.svg.setAttribute("aria-label", `Timeline: ${plural(of, "trial")} on ${plural(workers.length, "worker")}`);
    later(plot.redraw);
  };
  const tools = h(
    "div",
    { class: "tools" },
    choice(
      "time",
      [
        ["1", "all"],
        ["0.1", "last tenth"],
        ["0.01", "last hundredth"],
      ],
      "1",
      v => {
        view.part = Number(v);
        refresh();
      },
    ),
  );
  section.append(
    h("div", { class: "head" }, h("h2", null, "Timeline"), tools),
    h("p", { class: "note" }, "A lane for each worker, a bar for the last attempt of each trial.", words),
    plot.element,
    timelineLegend(),
  );
  section.refresh = refresh;
  refresh().catch(() => {});
  return section;
}

const laneHeight = n => clamp(Math.floor(460 / Math.max(1, n)), 3, 26);
const timelineHeight = d => (d && d.workers.length > 0 ? laneHeight(d.workers.length) * d.workers.length + 72 : 90);

/** The colour of a state; running trials are the ones without an end. */
const barColour = state => style({ completed: "--accent", pruned: "--prune", failed: "--fail", running: "--ink" }[state]);

function timelineLegend() {
  return h(
    "div",
    { class: "legend" },
    TimelineStates.map(name =>
      h(
        "span",
        null,
        s(
          "svg",
          { "aria-hidden": "true", viewBox: "0 0 18 12" },
          s("rect", {
            x: 1,
            y: name === "failed" ? 1 : 3,
            width: 16,
            height: name === "failed" ? 10 : 6,
            rx: 1,
            fill: `var(${{ completed: "--accent", pruned: "--prune", failed: "--fail", running: "--ink" }[name]})`,
            "fill-opacity": name === "completed" ? 0.7 : 1,
          }),
        ),
        name,
      ),
    ),
  );
}

function timeUnit(seconds) {
  if (seconds > 3 * 86400) return [86400, "days since the first proposal"];
  if (seconds > 3 * 3600) return [3600, "hours since the first proposal"];
  return seconds > 180 ? [60, "minutes since the first proposal"] : [1, "seconds since the first proposal"];
}

function paintTimeline(p, d) {
  p.bars = [];
  if (!d || d.bars.length === 0) {
    p.inset(0, 0, 0, 0);
    p.text(p.full.width / 2, p.full.height / 2, d ? "No trial has started yet." : "", { "text-anchor": "middle" });
    return;
  }
  const lane = laneHeight(d.workers.length),
    labelled = lane >= 12;
  const names = d.workers.map(w => shorten(w, 22));
  p.inset(labelled ? Math.min(p.full.width * 0.34, Math.max(...names.map(n => textWidth(n))) + 12) : 12, 28, 14, 44);
  const [unit, label] = timeUnit(d.end),
    sx = scale({ low: d.start / unit, high: Math.max(d.end, d.start + 1e-3) / unit }, p.left, p.right),
    ctx = p.ctx;
  p.axisX(sx, label);
  if (labelled)
    names.forEach((name, i) => {
      const fits = shorten(name, Math.max(4, Math.floor((p.left - 10) / 6.2)));
      p.text(p.left - 8, p.top + (i + 0.5) * lane + 4, fits, { "text-anchor": "end" }).append(s("title", null, d.workers[i]));
    });
  const failed = d.bars.filter(b => b.state === "failed").length,
    least = clamp((0.3 * (p.right - p.left)) / Math.max(1, 4 * failed), 0.02, 0.3);
  const rank = b => TimelineStates.indexOf(b.state);
  // What failed is drawn last and taller: a colour alone does not tell everybody.
  for (const b of d.bars.slice().sort((a, c) => rank(a) - rank(c))) {
    const x1 = sx.map(b.from / unit),
      exact = sx.map((b.to ?? d.end) / unit) - x1,
      x2 = x1 + Math.max(1, exact),
      tall = b.state === "failed" ? 0.86 : 0.6;
    const y = p.top + (b.worker + (1 - tall) / 2) * lane,
      height = Math.max(1, tall * lane);
    ctx.fillStyle = barColour(b.state);
    // Bars thinner than a pixel share it: each takes as much of the colour as it has of the width, and what failed, while it is rare,
    // enough to be seen. `weight` makes up for bars left out.
    const part = clamp(exact * (b.weight ?? 1), b.state === "failed" ? least : 0.02, 1);
    ctx.globalAlpha = part * (dimmed(b.t) ? 0.12 : b.state === "completed" ? 0.7 : 0.95);
    // A hair of room between two bars, where there is any.
    ctx.fillRect(x1, y, x2 - x1 > 3 ? x2 - x1 - 0.75 : x2 - x1, height);
    p.bars.push({ ...b, x1, x2, y, height });
  }
  ctx.globalAlpha = 1;
}

function barAt(p, x, y) {
  for (const b of p.bars ?? []) if (x >= b.x1 - 1.5 && x <= b.x2 + 1.5 && y >= b.y - 2 && y <= b.y + b.height + 2) return { x, y, t: b.t };
  return null;
}

function markTimeline(p) {
  for (const [t, kind] of [
    [state.selected, "selectring"],
    [state.hover, "hoverring"],
  ]) {
    const b = t && p.bars?.find(q => q.t === t);
    if (b) p.marks.append(s("rect", { x: b.x1 - 2, y: b.y - 2, width: b.x2 - b.x1 + 3, height: b.height + 4, rx: 2, class: kind }));
  }
}
