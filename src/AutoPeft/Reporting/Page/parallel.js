// Parallel coordinates: a line per trial through all axes, coloured by an objective, brushed on any axis.

const brushes = new Map();

function clearBrushes() {
  brushes.clear();
  brush(null);
}

const MaxWhileDragging = 1200;

/** Of lying axes: more room for the lines where there are few. */
const rowHeight = axes => (axes.length <= 14 ? 66 : 54);

/** Colours from the page's ramp: 0 is the worst, 1 the best. */
function ramp() {
  const stops = [0, 1, 2, 3].map(i => style(`--ramp${i}`)).map(c => [1, 3, 5].map(k => parseInt(c.slice(k, k + 2), 16)));
  return u => {
    const at = clamp(u, 0, 1) * 3,
      i = Math.min(2, Math.floor(at)),
      f = at - i;
    return `rgb(${stops[i].map((c, k) => Math.round(c + f * (stops[i + 1][k] - c))).join(" ")})`;
  };
}

function parallelSection() {
  const view = { collapsed: true, colour: 0, only: "all" };
  // Anew where the sheet has other trials: scales of objectives follow their values.
  let made = null,
    of = null;
  const axesNow = () => {
    if (of !== sheet.completed || !made) [made, of] = [parallelAxes(view.collapsed), sheet.completed];
    return made;
  };
  const changed = () => {
    const active = [...brushes].map(([key, b]) => [axesNow().find(a => a.key === key), b]).filter(([a]) => a);
    brush(active.length === 0 ? null : new Set(sheet.trials.filter(t => active.every(([a, b]) => withinBrush(a.place(t), b)))));
  };
  const upright = width => width >= 640 && (width - 60) / Math.max(1, axesNow().length - 1) >= 64;
  const plot = new Plot({
    label: "Parallel coordinates of all completed trials",
    height: width => (upright(width) ? 430 : rowHeight(axesNow()) * axesNow().length + 14),
    reach: 12,
    paint: p => paintParallel(p, view, axesNow(), upright(p.full.width), changed),
    paintMarks: p => markParallel(p, axesNow()),
  });
  plot.element.removeAttribute("tabindex");
  // Not an image: its handles are for the keyboard too.
  plot.svg.setAttribute("role", "group");
  // A line is hit between axes too, so the nearest mark is looked for along the lines.
  plot.nearest = (x, y) => nearestLine(plot, axesNow(), x, y);
  plot.still = true;
  const legend = h("div", { class: "legend" });
  const setLegend = () => {
    const o = sheet.objectives[view.colour];
    legend.replaceChildren(h("span", null, o.name), h("span", { class: "whole" }, "worse", h("i", { class: "rampbar" }), "better"));
  };
  setLegend();
  onSheet(() => later(plot.redraw));
  const clear = h(
    "button",
    {
      class: "small",
      hidden: true,
      onclick: () => {
        clearBrushes();
        plot.redraw();
      },
    },
    "Clear brushes",
  );
  charts.push({
    mark: () => {
      clear.hidden = state.brushed === null;
    },
  });
  const tools = h(
    "div",
    { class: "tools" },
    clear,
    sheet.objectives.length > 1
      ? objectiveChoice("colour", 0, i => {
          view.colour = i;
          setLegend();
          plot.redraw();
        })
      : null,
    choice(
      "lines",
      [
        ["all", "all trials"],
        ["front", sheet.objectives.length > 1 ? "front only" : "best tenth"],
      ],
      "all",
      v => {
        view.only = v;
        plot.redraw();
      },
    ),
    sheet.fields.some(f => f.bits)
      ? tick("every switch", false, v => {
          view.collapsed = !v;
          made = null;
          clearBrushes();
          plot.redraw();
        })
      : null,
  );
  return h(
    "section",
    { class: "panel", id: "parallel" },
    h("div", { class: "head" }, h("h2", null, "Parallel coordinates"), tools),
    h(
      "p",
      { class: "note" },
      "Each line is a completed trial. Drag along an axis to keep only what passes there, in the " +
        "other charts too; click the axis to let go. With the keyboard: Tab to an axis, arrows move the brush, Shift widens it, " +
        `Escape lifts it. Where a parameter is inactive the line passes beyond its axis's lower end.${sampledWords()}`,
    ),
    plot.element,
    legend,
  );
}

function shownLines(view) {
  const list = sheet.completed.filter(finite);
  if (view.only === "all") return list;
  if (sheet.objectives.length > 1) return list.filter(t => t.onFront);
  return list
    .slice()
    .sort(byGoodness(sheet.objectives[0]))
    .slice(0, Math.max(1, Math.ceil(list.length / 10)));
}

/** Where an axis lies: `at(u, t)` is the point of a trial at u, or at the place of what is inactive. */
function layAxes(p, axes, up) {
  const n = axes.length,
    gap = 15;
  axes.forEach((a, k) => {
    const spread = t => (a.levels ? jitter(t.number * 31 + k) * Math.min(0.018, 0.2 / Math.max(1, a.levels.length)) : 0);
    if (up) {
      const x = n === 1 ? (p.left + p.right) / 2 : p.left + (k / (n - 1)) * (p.right - p.left);
      Object.assign(a, { x, y: undefined, from: p.bottom, to: p.top });
      a.at = (u, t) => [x, u === null ? p.bottom + gap : p.bottom + clamp(u + spread(t), 0, 1) * (p.top - p.bottom)];
    } else {
      const y = 26 + k * rowHeight(axes);
      Object.assign(a, { x: undefined, y, from: p.left, to: p.right });
      a.at = (u, t) => [u === null ? p.left - gap : p.left + clamp(u + spread(t), 0, 1) * (p.right - p.left), y];
    }
    a.inactive = sheet.parameters.length > 0 && !a.objective && a.when !== undefined;
  });
}

const NameLength = 24,
  NameSlant = (20 * Math.PI) / 180;

const trace = (axes, t) => axes.map(a => a.at(a.place(t), t));

function paintParallel(p, view, axes, up, changed) {
  const anyInactive = axes.some(a => a.when);
  if (up) {
    const longest = Math.max(0, ...(axes[0]?.ticks ?? []).map(t => textWidth(shorten(t.label, 14))), 30);
    const left = Math.max(longest + 14, 24),
      space = (p.full.width - left - 34) / Math.max(1, axes.length - 1);
    p.slanted = axes.some(a => textWidth(axisName(a), 11.5, 600) > space - 12);
    // Slanted names run up and out to the right of their axes; how far, the longest of them says.
    const reach = axes.map(a => textWidth(shorten(axisName(a), NameLength), 11.5, 600));
    const out = Math.max(34, ...reach.map((w, k) => w * Math.cos(NameSlant) + 8 - (axes.length - 1 - k) * space * 0.9));
    p.inset(left, p.slanted ? 46 + Math.max(...reach) * Math.sin(NameSlant) : 40, p.slanted ? out : 34, anyInactive ? 34 : 14);
  } else p.inset(anyInactive ? 34 : 18, 0, 18, 0);
  layAxes(p, axes, up);
  const list = shownLines(view),
    o = sheet.objectives[view.colour],
    oScale = axes.find(a => a.objective === o)?.scale;
  const colour = ramp(),
    ctx = p.ctx;
  const quality = t => (oScale ? (o.minimize ? 1 - oScale.unit(t.values[o.index]) : oScale.unit(t.values[o.index])) : 0.5);
  const passing = list.filter(t => !dimmed(t)),
    every = dragging ? Math.ceil(passing.length / MaxWhileDragging) : 1;
  const kept = passing
    .filter((t, i) => t.onFront || i % every === 0)
    .map(t => [quality(t), t])
    .sort((a, b) => a[0] - b[0])
    .map(([, t]) => t);
  const fine = list.length > 500;
  const alpha = clamp(9 / Math.sqrt(kept.length + 1), 0.08, 0.85);
  const traces = (p.hits = list.map(t => ({ t, points: trace(axes, t) })));
  const pointsOf = new Map(traces.map(hit => [hit.t, hit.points]));
  const stroke = t => {
    const points = pointsOf.get(t);
    ctx.beginPath();
    points.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](x, y));
    ctx.stroke();
  };
  ctx.lineJoin = fine ? "bevel" : "round";
  ctx.lineWidth = p.hairline;
  ctx.strokeStyle = style("--point");
  ctx.globalAlpha = clamp(3 / Math.sqrt(list.length + 1), 0.03, 0.14);
  if (!dragging) for (const t of list) if (dimmed(t)) stroke(t);
  for (const t of kept) {
    ctx.globalAlpha = clamp(alpha * (0.6 + 0.8 * quality(t)), 0, 1);
    ctx.lineWidth = fine ? p.hairline : t.onFront ? 1.8 : 1.2;
    ctx.strokeStyle = colour(quality(t));
    stroke(t);
  }
  ctx.globalAlpha = 1;
  axes.forEach((a, k) => paintAxis(p, a, k, axes, up));
  layHandles(p, axes, up, changed);
}

/** The brushes' handles, anew only where the axes have moved. */
function layHandles(p, axes, up, changed) {
  const key = JSON.stringify([up, axes.map(a => [a.key, a.x, a.y, a.from, a.to])]);
  if (p.laid !== key) {
    p.laid = key;
    p.handles.replaceChildren(
      ...axes.map(a => {
        const box = up
          ? { x: a.x - 14, y: a.to - 6, width: 28, height: a.from - a.to + 12 }
          : { x: a.from - 6, y: a.y - 15, width: a.to - a.from + 12, height: 30 };
        const unit = e => {
          const r = p.svg.getBoundingClientRect();
          return ((up ? e.clientY - r.top : e.clientX - r.left) - a.from) / (a.to - a.from);
        };
        return brushHandle(a, brushes, box, unit, !up, changed);
      }),
    );
  }
  for (const handle of p.handles.children) handle.say();
}

const axisName = a => (a.objective ? `${a.label} ${a.objective.minimize ? "↓" : "↑"}` : a.label);

function paintAxis(p, a, k, axes, up) {
  const space = up ? (p.right - p.left) / Math.max(1, axes.length - 1) : p.right - p.left;
  const kind = a.objective ? "strong" : "";
  if (up) p.line(a.x, a.from, a.x, a.to, "axis");
  else p.line(a.from, a.y, a.to, a.y, "axis");
  const name = axisName(a);
  if (up) {
    const wide = !p.slanted,
      at = k === 0 ? 0 : k === axes.length - 1 ? 2 : 1;
    const node = p.text(
      a.x,
      a.to - 14,
      shorten(name, NameLength),
      wide
        ? { "text-anchor": ["start", "middle", "end"][at], class: "strong", dx: [-14, 0, 24][at] }
        : { "text-anchor": "start", class: "strong", transform: `rotate(-20 ${a.x} ${a.to - 14})` },
    );
    node.append(s("title", null, a.label));
  } else p.text(a.from, a.y - 9, shorten(name, Math.floor(space / 7)), { class: "strong halo" });

  let ticks = a.ticks ?? a.ticksFor(up ? 7 : Math.max(2, Math.floor(space / 70)));
  if (a.ticks && up) ticks = thin(ticks, Math.floor((a.from - a.to) / 15));
  let free = -Infinity;
  for (const { u, label } of ticks) {
    if (up) {
      const room = k === 0 ? 14 * 6.5 : space - 14;
      if (room < 22) break;
      const text = shorten(label, Math.max(3, Math.floor(room / 6.5)));
      p.text(a.x - 6, a.from + u * (a.to - a.from) + 4, text, { "text-anchor": "end", class: `${kind} halo` });
    } else {
      const text = shorten(label, 16),
        half = textWidth(text) / 2,
        x = a.from + u * (a.to - a.from),
        at = clamp(x, half, p.full.width - half);
      p.line(x, a.y - 3, x, a.y + 3, "axis");
      if (at - half < free) continue;
      free = at + half + 6;
      p.text(at, a.y + 14, text, { "text-anchor": "middle", class: "halo" });
    }
  }
  if (a.when) {
    if (up) p.text(a.x, p.bottom + 27, "inactive", { "text-anchor": "middle" });
    else p.text(a.from - 15, a.y + 4, "–", { "text-anchor": "middle" });
  }
  const b = brushes.get(a.key);
  if (b) {
    // A brush on one level still needs a visible body.
    const pad = a.levels ? Math.min(0.03, 0.4 / a.levels.length) : 0;
    const lo = a.from + (b[0] - pad) * (a.to - a.from),
      hi = a.from + (b[1] + pad) * (a.to - a.from);
    const body = up ? { x: a.x - 7, y: hi, width: 14, height: lo - hi } : { x: lo, y: a.y - 7, width: hi - lo, height: 14 };
    p.base.append(s("rect", { ...body, rx: 4, fill: "var(--accent)", "fill-opacity": 0.28, stroke: "var(--accent)" }));
  }
}

function thin(ticks, most) {
  const stride = Math.ceil(ticks.length / Math.max(1, most));
  return ticks.filter((_, i) => i % stride === 0);
}

function markParallel(p, axes) {
  for (const [t, kind] of [
    [state.selected, "selectline"],
    [state.hover, "hoverline"],
  ]) {
    if (!t?.values || !t.codes || !axes[0]?.at) continue;
    p.marks.append(
      s("polyline", {
        points: trace(axes, t)
          .map(q => q.join(","))
          .join(" "),
        class: kind,
      }),
    );
  }
}

function nearestLine(p, axes, x, y) {
  if (!axes[0]?.at) return null;
  let best = null,
    least = 9;
  // Only between the two axes beside the pointer.
  const side = axes[0].x === undefined ? axes.map(a => a.y) : axes.map(a => a.x),
    along = axes[0].x === undefined ? y : x;
  const after = side.findIndex(v => v >= along),
    k = clamp(after < 0 ? side.length - 1 : after, 1, side.length - 1);
  for (const hit of p.hits) {
    if (dimmed(hit.t) || hit.points.length < 2) continue;
    const [x1, y1] = hit.points[k - 1],
      [x2, y2] = hit.points[k];
    if (Math.max(y1, y2) < y - 9 || Math.min(y1, y2) > y + 9 || Math.max(x1, x2) < x - 9 || Math.min(x1, x2) > x + 9) continue;
    const dx = x2 - x1,
      dy = y2 - y1,
      u = clamp(((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1), 0, 1);
    const d = Math.hypot(x - x1 - u * dx, y - y1 - u * dy);
    if (d < least) [best, least] = [{ x, y, t: hit.t }, d];
  }
  return best;
}
