// Slices: an objective against each parameter. Boxes where it has few values, a running median where it is continuous, with and without for
// switches and subsets; where a parameter is inactive its trials stand in a lane of their own.

/** Completed trials with a value of the objective: those in which the dimension is active as `points`, the others as `idle`. */
function slicePoints(d, o) {
  const points = [],
    idle = [];
  for (const t of sheet.completed) {
    const y = t.values[o.index];
    if (!Number.isFinite(y)) continue;
    const x = d.levels ? d.level(t) : d.value(t);
    if (x === null) idle.push({ t, y });
    else points.push({ t, x, y });
  }
  return { points, idle };
}

/** What to compare by strength: levels, or ten bins of equal size. */
function sliceStrength(d, points) {
  if (d.levels)
    return strength(
      points.map(p => p.x),
      points.map(p => p.y),
    );
  const r = ranks(points.map(p => p.x)),
    bins = clamp(Math.floor(points.length / 6), 2, 10);
  return strength(
    Array.from(r, v => Math.min(bins - 1, Math.floor((v / points.length) * bins))),
    points.map(p => p.y),
  );
}

function slicesSection() {
  const view = { y: 0, order: "strength" };
  const dimensions = [
    ...sheet.fields.map(dimension),
    ...sheet.fields.filter(f => f.bits || f.parameter.type === "subset").map(f => ({ ...dimension(f), label: f.label, each: true })),
  ];
  const grid = h("div", { class: "effects" });
  const panels = dimensions.map(d => slicePanel(d, view));
  const arrange = () => {
    const o = sheet.objectives[view.y];
    for (const q of panels) q.measure(o);
    const list = view.order === "strength" ? panels.slice().sort((a, b) => b.strength - a.strength) : panels;
    grid.replaceChildren(...list.map(q => q.element));
    later(drawAll);
  };
  arrange();
  onSheet(arrange);
  const tools = h(
    "div",
    { class: "tools" },
    sheet.objectives.length > 1
      ? objectiveChoice("objective", view.y, i => {
          view.y = i;
          arrange();
        })
      : null,
    choice(
      "order",
      [
        ["strength", "strongest first"],
        ["declared", "as declared"],
      ],
      view.order,
      v => {
        view.order = v;
        arrange();
      },
    ),
  );
  return h(
    "section",
    { class: "panel", id: "slices" },
    h("div", { class: "head" }, h("h2", null, "Slices"), tools),
    h(
      "p",
      { class: "note" },
      "The objective against one parameter at a time. Boxes and bands are quartiles, the line is the median. ε² is the " +
        "share of the ranks' variance that lies between values of this parameter alone, corrected for their number: 0 tells nothing, 1 " +
        "tells all. An adaptive sampler looks where it expects good values, so these are associations among the trials that were run." +
        sampledWords(),
    ),
    grid,
  );
}

function slicePanel(d, view) {
  const plot = new Plot({
    label: d.each ? `With and without each of ${d.label}` : `Slice along ${d.label}`,
    height: d.each ? 190 : 220,
    reach: 14,
    paint: p => (d.each ? paintEach(p, d, sheet.objectives[view.y]) : paintSlice(p, d, sheet.objectives[view.y])),
    paintMarks: p => p.rings(6),
  });
  plot.element.removeAttribute("tabindex");
  plot.patient = plot.still = true;
  const value = h("span", { class: "number" });
  const panel = {
    strength: 0,
    element: h(
      "div",
      { class: "effect" },
      h("div", { class: "top" }, h("h3", null, d.each ? `${d.label} · each` : d.label), value),
      plot.element,
    ),
    measure(o) {
      const { points } = slicePoints(d, o);
      panel.strength = d.each
        ? Math.max(
            ...d.items.map((_, i) =>
              strength(
                points.map(p => (members(d.field, p.t)[i] ? 1 : 0)),
                points.map(p => p.y),
              ),
            ),
          )
        : sliceStrength(d, points);
      const words = d.each ? [`strongest ε² ${panel.strength.toFixed(2)}`] : [`ε² ${panel.strength.toFixed(2)}`];
      if (points.length < sheet.completed.length) words.push(`n ${grouped(points.length)}`);
      value.textContent = words.join(" · ");
      value.title = d.when ? `Exists only where ${d.when.parent} is ${d.when.values.join(" or ")}` : "";
    },
  };
  return panel;
}

function sliceFrame(p, o, bottom) {
  const r = padded(sheetRange(o));
  if (!r) {
    p.inset(0, 0, 0, 0);
    p.text(p.full.width / 2, p.full.height / 2, "No finite value yet.", { "text-anchor": "middle" });
    return null;
  }
  const ticks = scale(r, 0, 1).ticks(4);
  p.inset(Math.max(...ticks.map(t => textWidth(t.label))) + 12, 24, 8, bottom);
  const sy = scale(r, p.bottom, p.top);
  p.axisY(sy, upward(o, 34), "", sy.ticks(4));
  return sy;
}

function paintSlice(p, d, o) {
  const { points, idle } = slicePoints(d, o),
    labels = d.levels?.map(l => shorten(l, 14));
  const room = (p.full.width - 60 - (idle.length ? LaneWidth : 0)) / Math.max(1, d.levels?.length ?? 1);
  const slant =
    labels && labels.some(l => textWidth(l) > room - 6) && d.levels.length <= 14 && !d.field.bits && labels.some(l => l.length > 4);
  const sy = sliceFrame(p, o, slant ? slantRoom(labels) : 24);
  if (!sy) return;
  if (idle.length > 0) paintIdle(p, idle, sy);
  if (points.length === 0) {
    p.text((p.left + p.right) / 2, (p.top + p.bottom) / 2, "inactive in every completed trial", { "text-anchor": "middle" });
    return;
  }
  if (d.levels && d.levels.length <= 40) paintLevels(p, d, points, sy, labels, slant);
  else paintCloud(p, d, points, sy);
}

const LaneWidth = 54;

/** The lane at the right for the trials in which the parameter is inactive; what is painted afterwards ends before it. */
function paintIdle(p, idle, sy) {
  const right = p.right,
    left = right - LaneWidth + 10,
    middle = (left + right) / 2;
  p.right -= LaneWidth;
  p.base.append(s("line", { x1: left - 5, x2: left - 5, y1: p.top, y2: p.bottom, class: "axis", "stroke-dasharray": "3 3" }));
  p.text(middle, p.bottom + 17, "inactive", { "text-anchor": "middle" });
  p.faint = clamp(12 / Math.sqrt(idle.length), 0.16, 0.6);
  const colours = sliceColours(),
    radius = idle.length > 600 ? 1.8 : 2.6;
  for (const q of layered(idle)) dot(p, q, middle + jitter(q.t.number) * (LaneWidth / 2 - 12), sy.map(q.y), radius, colours);
  const kept = ascending(idle.filter(q => !dimmed(q.t)).map(q => q.y));
  if (kept.length === 0) return;
  const y = sy.map(quantile(kept, 0.5));
  p.base.append(s("path", { d: `M${left} ${y}H${right}`, stroke: "var(--ink)", "stroke-width": 2 }));
}

function dot(p, q, x, y, radius, colour) {
  const ctx = p.ctx;
  ctx.globalAlpha = dimmed(q.t) ? 0.08 : q.t.onFront ? 0.95 : p.faint;
  ctx.fillStyle = q.t.onFront ? colour.front : colour.point;
  ctx.beginPath();
  ctx.arc(x, y, q.t.onFront ? radius + 0.6 : radius, 0, 7);
  ctx.fill();
  p.hits.push({ x, y, t: q.t });
}

const sliceColours = () => ({ point: style("--point"), front: style("--accent") });

/** Dimmed first, the front last, so that it lies on top. */
const layered = points => points.slice().sort((a, b) => dimmed(b.t) - dimmed(a.t) || Boolean(a.t.onFront) - Boolean(b.t.onFront));

function paintCloud(p, d, points, sy) {
  const x = d.levels ? scale({ low: 0, high: d.levels.length - 1 }, p.left + 4, p.right - 4) : scale(d.range, p.left + 4, p.right - 4);
  p.axisX(x, null, x.ticks(Math.max(2, Math.floor((p.right - p.left) / 62))));
  p.faint = clamp(12 / Math.sqrt(points.length), 0.16, 0.6);
  const colours = sliceColours(),
    radius = points.length > 600 ? 1.8 : 2.6;
  for (const q of layered(points)) dot(p, q, x.map(q.x), sy.map(q.y), radius, colours);
  const line = running(
    points
      .filter(q => !dimmed(q.t))
      .map(q => ({ u: x.unit(q.x), y: q.y }))
      .sort((a, b) => a.u - b.u),
  );
  if (line.length < 2) return;
  const path = key => line.map(q => `${x.map(x.inverse(q.u))} ${sy.map(q[key])}`);
  p.base.append(
    s("path", { d: `M${path("high").join("L")}L${path("low").reverse().join("L")}Z`, fill: "var(--ink)", "fill-opacity": 0.09 }),
  );
  p.base.append(
    s("path", { d: `M${path("mid").join("L")}`, fill: "none", stroke: "var(--ink)", "stroke-width": 1.75, "stroke-linejoin": "round" }),
  );
}

function paintLevels(p, d, points, sy, labels, slant) {
  const n = labels.length,
    band = (p.right - p.left) / n,
    centre = k => p.left + (k + 0.5) * band;
  const stride = slant ? 1 : Math.max(1, Math.ceil((Math.max(...labels.map(l => textWidth(l))) + 8) / band));
  labels.forEach((label, k) => {
    if (k % stride !== 0) return;
    const at = centre(k);
    if (slant) slantedLabel(p, at, label);
    else p.text(at, p.bottom + 17, label, { "text-anchor": "middle" });
  });
  p.line(p.left, p.bottom, p.right, p.bottom, "axis");
  p.faint = clamp(12 / Math.sqrt(points.length), 0.16, 0.6);
  const colours = sliceColours(),
    radius = points.length > 600 ? 1.8 : 2.6,
    spread = Math.min(band * 0.34, 26);
  for (const q of layered(points)) dot(p, q, centre(q.x) + jitter(q.t.number) * spread, sy.map(q.y), radius, colours);
  const middles = [];
  for (let k = 0; k < n; k++) {
    const ys = ascending(points.filter(q => q.x === k && !dimmed(q.t)).map(q => q.y));
    if (ys.length === 0) continue;
    const half = clamp(band * 0.36, 3, 24),
      mid = sy.map(quantile(ys, 0.5));
    middles.push(`${centre(k)} ${mid}`);
    if (ys.length >= 4) {
      const top = sy.map(quantile(ys, 0.75)),
        low = sy.map(quantile(ys, 0.25));
      p.base.append(
        s("rect", {
          x: centre(k) - half,
          y: Math.min(top, low),
          width: 2 * half,
          height: Math.max(1, Math.abs(low - top)),
          rx: 2,
          fill: "var(--ink)",
          "fill-opacity": 0.09,
          stroke: "var(--ink2)",
          "stroke-opacity": 0.5,
        }),
      );
    }
    p.base.append(s("path", { d: `M${centre(k) - half} ${mid}H${centre(k) + half}`, stroke: "var(--ink)", "stroke-width": 2 }));
  }
  if (d.ordered && middles.length > 1)
    p.base.append(s("path", { d: `M${middles.join("L")}`, fill: "none", stroke: "var(--ink)", "stroke-width": 1, "stroke-opacity": 0.45 }));
}

/** For every switch, or member of a subset: the median of the trials with it, and of those without. */
function paintEach(p, d, o) {
  const names = d.items.map(l => shorten(l, 12)),
    room = (p.full.width - 60) / names.length;
  const slant = names.some(l => textWidth(l) > room - 4);
  const points = slicePoints(d, o).points.filter(q => !dimmed(q.t)),
    marks = d.items.map((_, i) => {
      const inside = [],
        outside = [];
      for (const q of points) (members(d.field, q.t)[i] ? inside : outside).push(q.y);
      return [median(inside), median(outside)];
    });
  const all = marks.flat().filter(Number.isFinite),
    r = padded(range(all, all, o.log), 0.12);
  p.inset(48, 24, 8, slant ? slantRoom(names) + 14 : 40);
  if (!r) {
    p.text((p.left + p.right) / 2, (p.top + p.bottom) / 2, "no completed trial", { "text-anchor": "middle" });
    return;
  }
  const preview = scale(r, 0, 1).ticks(4);
  p.inset(Math.max(...preview.map(t => textWidth(t.label))) + 12, 24, 8, slant ? slantRoom(names) + 14 : 42);
  const sy = scale(r, p.bottom, p.top),
    band = (p.right - p.left) / names.length;
  p.axisY(sy, upward(o, 34), "", sy.ticks(4));
  p.line(p.left, p.bottom, p.right, p.bottom, "axis");
  names.forEach((name, i) => {
    const x = p.left + (i + 0.5) * band,
      [yes, no] = marks[i];
    if (slant) slantedLabel(p, x, name);
    else p.text(x, p.bottom + 16, name, { "text-anchor": "middle" });
    if (Number.isFinite(yes) && Number.isFinite(no))
      p.base.append(s("path", { d: `M${x} ${sy.map(no)}V${sy.map(yes)}`, stroke: "var(--point)", "stroke-width": 2 }));
    const words = `${d.items[i]}: median ${number(yes)} with it, ${number(no)} without`;
    if (Number.isFinite(no))
      p.base.append(
        s(
          "circle",
          { cx: x, cy: sy.map(no), r: 4, fill: "var(--panel)", stroke: "var(--point)", "stroke-width": 1.75 },
          s("title", null, words),
        ),
      );
    if (Number.isFinite(yes))
      p.base.append(s("circle", { cx: x, cy: sy.map(yes), r: 4.5, fill: "var(--accent)" }, s("title", null, words)));
  });
  p.text(p.left, p.full.height - 3, "● median with it   ○ without");
}
