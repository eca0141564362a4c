// Contour: two parameters against each other, in cells coloured by the median of an objective over the trials that fell there. Nothing is
// modelled: where no trial was, nothing is drawn.

/** Cells of a continuous axis: fine enough for a picture, coarse enough that some hundred trials fill them. */
const contourCells = n => clamp(Math.round(Math.sqrt(n) / 2), 6, 24);

/** Above so many trials their marks would hide the cells. */
const MostContourMarks = 1500;

function contourSection() {
  const dimensions = sheet.fields.map(dimension);
  if (dimensions.length < 2) return null;
  const view = { objective: 0, x: 0, y: 1 };
  const strongest = () => {
    const o = sheet.objectives[view.objective];
    const order = dimensions
      .map((d, i) => [sliceStrength(d, slicePoints(d, o).points), i])
      .sort((a, b) => b[0] - a[0])
      .map(([, i]) => i);
    [view.x, view.y] = [Math.min(order[0], order[1]), Math.max(order[0], order[1])];
  };
  strongest();
  const plot = new Plot({
    label: "Contour of two parameters",
    height: width => (width < 520 ? 340 : 440),
    reach: 14,
    paint: p => paintContour(p, view, dimensions),
    paintMarks: p => p.rings(7),
  });
  plot.element.removeAttribute("tabindex");
  plot.still = true;
  const legend = h("div", { class: "legend" }),
    tools = h("div", { class: "tools" }),
    words = h("p", { class: "note below" });
  const show = () => {
    const names = dimensions.map((d, i) => [String(i), d.label]);
    const axis = (key, other) =>
      choice(key, names, String(view[key]), v => {
        if (Number(v) === view[other]) view[other] = view[key];
        view[key] = Number(v);
        show();
      });
    tools.replaceChildren(
      ...[
        sheet.objectives.length > 1
          ? objectiveChoice("objective", view.objective, i => {
              view.objective = i;
              strongest();
              show();
            })
          : null,
        axis("x", "y"),
        axis("y", "x"),
      ].filter(Boolean),
    );
    const o = sheet.objectives[view.objective],
      r = sheetRange(o),
      best = bestCell(contourOf(view, dimensions));
    const ends = r ? (o.minimize ? [r.high, r.low] : [r.low, r.high]).map(v => brief(v)) : ["", ""];
    legend.replaceChildren(
      h("span", null, o.name),
      h("span", { class: "whole" }, `${ends[0]}, worse`, h("i", { class: "rampbar" }), `better, ${ends[1]}`),
      h(
        "span",
        null,
        s("svg", { "aria-hidden": "true", viewBox: "0 0 18 12" }, s("circle", { cx: 9, cy: 6, r: 3.5, class: "frontpoint" })),
        sheet.objectives.length > 1 ? "on the front" : "best",
      ),
    );
    words.textContent = best ? `Best cell: ${best.at.join(", ")}; median ${number(best.value)} of ${plural(best.count, "trial")}.` : "";
    later(plot.redraw);
  };
  show();
  onSheet(show);
  return h(
    "section",
    { class: "panel", id: "contour" },
    h("div", { class: "head" }, h("h2", null, "Contour"), tools),
    h(
      "p",
      { class: "note" },
      "Each cell has the colour of the median of the trials in it; where no trial was, there is nothing. Trials in which a parameter is " +
        `inactive are in a lane at its axis's lower end.${sampledWords()}`,
    ),
    plot.element,
    legend,
    words,
  );
}

/** One axis of the cells: `cell(t)` is −1 where the parameter is inactive, and `say(i)` the cell in words. */
function contourAxis(d, count) {
  if (d.levels && d.levels.length <= 40)
    return { d, n: d.levels.length, cell: t => d.level(t) ?? -1, say: i => (i < 0 ? "inactive" : d.levels[i]) };
  const place = t => {
    const u = d.place(t);
    return u === null ? -1 : Math.min(count - 1, Math.floor(u * count));
  };
  const end = d.levels ? u => d.levels[Math.round(u * (d.levels.length - 1))] : u => brief(scale(d.range, 0, 1).inverse(u));
  const say = i => (i < 0 ? "inactive" : `${end(i / count)} to ${end((i + 1) / count)}`);
  if (d.field.parameter?.type !== "int" || !d.range) return { d, n: count, cell: place, say };
  // Between two whole numbers there is nothing to try: a cell there belongs to the nearer one.
  const { low, step = 1 } = d.field.parameter,
    { unit, inverse } = scale(d.range, 0, 1);
  const whole = v => clamp(low + Math.round((v - low) / step) * step, low, d.range.high);
  const source = Array.from({ length: count }, (_, i) => Math.min(count - 1, Math.floor(unit(whole(inverse((i + 0.5) / count))) * count)));
  return { d, n: count, cell: place, say, source };
}

/** The cells that have trials: { i, j, value, count }, and the axes. */
function contourOf(view, dimensions) {
  const o = sheet.objectives[view.objective],
    list = sheet.completed.filter(t => Number.isFinite(t.values[o.index]) && !dimmed(t));
  const count = contourCells(list.length),
    x = contourAxis(dimensions[view.x], count),
    y = contourAxis(dimensions[view.y], count);
  const cells = new Map();
  for (const t of list) {
    const i = x.cell(t),
      j = y.cell(t),
      key = `${i} ${j}`;
    if (!cells.has(key)) cells.set(key, { i, j, values: [] });
    cells.get(key).values.push(t.values[o.index]);
  }
  return { o, x, y, list, cells: [...cells.values()].map(c => ({ i: c.i, j: c.j, count: c.values.length, value: median(c.values) })) };
}

function bestCell({ o, x, y, cells }) {
  let best = null;
  // One good trial alone is luck as likely as not.
  const enough = Math.min(3, Math.max(0, ...cells.map(c => c.count)));
  for (const c of cells) if (c.count >= enough && (best === null || better(o, c.value, best.value))) best = c;
  return best && { ...best, at: [`${x.d.label} ${x.say(best.i)}`, `${y.d.label} ${y.say(best.j)}`] };
}

function paintContour(p, view, dimensions) {
  const found = contourOf(view, dimensions),
    { o, x, y, cells, list } = found,
    r = sheetRange(o);
  if (!r || cells.length === 0) {
    p.inset(0, 0, 0, 0);
    p.text(p.full.width / 2, p.full.height / 2, "No finite value yet.", { "text-anchor": "middle" });
    return;
  }
  const idle = [cells.some(c => c.i < 0), cells.some(c => c.j < 0)];
  const yLabels = axisTicks(y.d, 8),
    names = yLabels.map(t => shorten(t.label, 16)).concat(idle[1] ? ["inactive"] : []);
  p.inset(Math.min(p.full.width / 3, Math.max(...names.map(n => textWidth(n))) + 12), 26, 10, 44);
  // A lane of its own for what is inactive, with a gap.
  const lane = 26,
    fromX = p.left + (idle[0] ? lane + 8 : 0),
    toX = p.right,
    fromY = p.bottom - (idle[1] ? lane + 8 : 0),
    toY = p.top;
  const span = (from, to, n, i) => (i < 0 ? null : [from + (i / n) * (to - from), from + ((i + 1) / n) * (to - from)]);
  const xs = i => span(fromX, toX, x.n, i) ?? [p.left, p.left + lane],
    ys = j => span(fromY, toY, y.n, j) ?? [p.bottom, p.bottom - lane];
  const colour = ramp(),
    sc = scale(r, 0, 1),
    good = v => (o.minimize ? 1 - sc.unit(v) : sc.unit(v)),
    ctx = p.ctx;
  const by = new Map(cells.map(c => [`${c.i} ${c.j}`, c]));
  for (let i = -1; i < x.n; i++)
    for (let j = -1; j < y.n; j++) {
      const c = by.get(`${i < 0 ? i : (x.source?.[i] ?? i)} ${j < 0 ? j : (y.source?.[j] ?? j)}`);
      if (!c) continue;
      const [x1, x2] = xs(i),
        [y1, y2] = ys(j);
      ctx.fillStyle = colour(good(c.value));
      // Few trials tell less: their cells are paler.
      ctx.globalAlpha = c.count >= 4 ? 0.85 : 0.4 + 0.12 * c.count;
      ctx.fillRect(x1 + 0.5, y2 + 0.5, x2 - x1 - 1, y1 - y2 - 1);
    }
  ctx.globalAlpha = 1;
  contourMarks(p, found, { xs, ys, fromX, toX, fromY, toY, colour, good }, list);
  contourAxes(p, x, y, { fromX, toX, fromY, toY, lane, idle });
}

/** A mark for each trial where there is room, and always for the front. */
function contourMarks(p, { o, x, y }, at, list) {
  const few = list.length <= MostContourMarks,
    ctx = p.ctx;
  const where = (a, t, cell, from, to, k) => {
    const u = a.d.place(t);
    if (u === null || a.d.levels) {
      const [one, two] = cell(a.cell(t));
      return (one + two) / 2 + jitter(t.number * 7 + k) * Math.min(12, Math.abs(two - one) * 0.32);
    }
    return from + u * (to - from);
  };
  ctx.lineWidth = 1;
  for (const t of layered(list.map(t => ({ t })))) {
    const trial = t.t,
      px = where(x, trial, at.xs, at.fromX, at.toX, 1),
      py = where(y, trial, at.ys, at.fromY, at.toY, 2);
    p.hits.push({ x: px, y: py, t: trial });
    if (trial.onFront) {
      p.base.append(s("circle", { cx: px, cy: py, r: 4, class: "frontpoint" }));
      continue;
    }
    if (!few) continue;
    ctx.beginPath();
    ctx.arc(px, py, 2.6, 0, 7);
    ctx.fillStyle = at.colour(at.good(trial.values[o.index]));
    ctx.strokeStyle = style("--panel");
    ctx.fill();
    ctx.stroke();
  }
}

/** Where an axis has labels: { u in [0, 1], label, level? }. */
function axisTicks(d, count) {
  if (!d.levels) {
    const sc = scale(d.range, 0, 1);
    return sc.ticks(count).map(({ v, label }) => ({ u: sc.unit(v), label }));
  }
  const n = d.levels.length,
    list = d.levels.map((label, i) => ({ u: n <= 40 ? (i + 0.5) / n : i / (n - 1), label }));
  return thin(list, Math.max(count, Math.min(n, 16)));
}

function contourAxes(p, x, y, { fromX, toX, fromY, toY, lane, idle }) {
  p.line(p.left, p.bottom, p.right, p.bottom, "axis");
  p.line(p.left, p.top, p.left, p.bottom, "axis");
  let free = -Infinity;
  for (const { u, label } of axisTicks(x.d, Math.max(2, Math.floor((toX - fromX) / 75)))) {
    const text = shorten(label, 14),
      half = textWidth(text) / 2,
      px = clamp(fromX + u * (toX - fromX), half, p.full.width - half);
    if (px - half < free || (idle[0] && px - half < p.left + lane + 24)) continue;
    free = px + half + 8;
    p.text(px, p.bottom + 17, text, { "text-anchor": "middle" });
  }
  free = Infinity;
  for (const { u, label } of axisTicks(y.d, 8)) {
    const py = fromY + u * (toY - fromY);
    if (py + 12 > free) continue;
    free = py;
    p.text(p.left - 8, py + 4, shorten(label, 16), { "text-anchor": "end" });
  }
  if (idle[0]) p.text(p.left + lane / 2, p.bottom + 17, "inactive", { "text-anchor": "middle" });
  if (idle[1]) p.text(p.left - 8, p.bottom - lane / 2 + 4, "inactive", { "text-anchor": "end" });
  p.text(p.right, p.bottom + 36, shorten(x.d.label, Math.floor((p.right - p.left) / 8)), { "text-anchor": "end", class: "strong" });
  p.text(0, p.top - 12, shorten(y.d.label, Math.floor(p.full.width / 8)), { class: "strong" });
}
