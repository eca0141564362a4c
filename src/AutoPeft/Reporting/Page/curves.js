// Learning curves from the intermediate reports.

function curveMetrics() {
  const names = new Map();
  for (const t of trials)
    for (const [name, values] of Object.entries(t.reports ?? {})) if (values.length > 1) names.set(name, (names.get(name) ?? 0) + 1);
  // An objective's own curve first, then what most trials report.
  return [...names]
    .sort((a, b) => objectives.some(o => o.name === b[0]) - objectives.some(o => o.name === a[0]) || b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name]) => name);
}

function curvesSection() {
  const metrics = curveMetrics();
  if (metrics.length === 0) return null;
  // The curve that people look for first is that of an objective, by whatever part of its name the runner reports it.
  const first =
    metrics.find(m => objectives.some(o => o.name.toLowerCase().includes(m.toLowerCase()))) ??
    metrics.find(m => /loss|score|accuracy/i.test(m)) ??
    metrics[0];
  const view = { metric: first, log: false };
  const plot = new Plot({
    label: "Learning curves",
    height: width => (width < 520 ? 300 : 340),
    reach: 18,
    paint: p => paintCurves(p, view),
    paintMarks: p => markCurves(p, view),
  });
  plot.patient = true;
  const all = () => trials.flatMap(t => (t.reports?.[view.metric] ?? []).map(real)).filter(Number.isFinite);
  const tools = h("div", { class: "tools" });
  const setTools = () => {
    tools.replaceChildren(
      ...[
        metrics.length > 1
          ? choice(
              "metric",
              metrics.map(m => [m, m]),
              view.metric,
              v => {
                view.metric = v;
                view.log = false;
                setTools();
                plot.redraw();
              },
            )
          : null,
        all().every(v => v > 0)
          ? tick("log y", view.log, v => {
              view.log = v;
              plot.redraw();
            })
          : null,
      ].filter(Boolean),
    );
  };
  setTools();
  const n = trials.filter(t => t.reports).length;
  return h(
    "section",
    { class: "panel", id: "curves" },
    h("div", { class: "head" }, h("h2", null, "Learning curves"), tools),
    h(
      "p",
      { class: "note" },
      `Intermediate reports of ${plural(n, "trial")}; coloured where the trial is on the front, with a cross where it was pruned.` +
        (data.curvesThinned ? " Long curves are thinned." : ""),
    ),
    plot.element,
  );
}

function curvePoints(t, view) {
  const values = t.reports?.[view.metric];
  if (!values) return [];
  return t.steps.map((step, i) => [step, real(values[i])]).filter(([, v]) => Number.isFinite(v));
}

function paintCurves(p, view) {
  const lines = trials
    .filter(t => t.reports)
    .map(t => ({ t, points: curvePoints(t, view) }))
    .filter(l => l.points.length > 0);
  const values = lines.flatMap(l => l.points.map(q => q[1])),
    steps = lines.map(l => l.points[l.points.length - 1][0]);
  const r = padded(
    range(
      values,
      lines.filter(l => l.t.onFront).flatMap(l => l.points.map(q => q[1])),
      view.log,
    ),
  );
  if (!r) {
    p.inset(0, 0, 0, 0);
    return;
  }
  p.inset(
    Math.max(
      ...scale(r, 0, 1)
        .ticks(6)
        .map(t => textWidth(t.label)),
    ) + 12,
    30,
    14,
    44,
  );
  const first = Math.min(...lines.map(l => l.points[0][0]));
  const sx = scale({ low: Math.min(first, 1), high: steps.reduce((a, b) => Math.max(a, b), -Infinity) }, p.left + 4, p.right - 6),
    sy = scale(r, p.bottom, p.top);
  p.axisX(sx, "step", p.wholeTicks(sx));
  p.axisY(sy, view.metric);
  const ctx = p.ctx,
    point = style("--point"),
    accent = style("--accent"),
    faint = clamp(9 / Math.sqrt(lines.length), 0.1, 0.55);
  ctx.lineJoin = "round";
  p.place = new Map();
  lines.sort((a, b) => dimmed(b.t) - dimmed(a.t) || Boolean(a.t.onFront) - Boolean(b.t.onFront));
  for (const { t, points } of lines) {
    const path = points.map(([step, v]) => [sx.map(step), sy.map(v)]);
    p.place.set(t, path);
    ctx.globalAlpha = dimmed(t) ? 0.05 : t.onFront ? 0.95 : faint;
    ctx.strokeStyle = t.onFront ? accent : point;
    ctx.lineWidth = t.onFront ? 1.8 : 1.1;
    ctx.beginPath();
    path.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](x, y));
    if (path.length === 1) ctx.arc(...path[0], 1.5, 0, 7);
    ctx.stroke();
    for (const [x, y] of path) p.hits.push({ x, y, t });
    const [ex, ey] = path[path.length - 1];
    if (t.state === "pruned" || t.state === "failed")
      p.base.append(s("path", { d: cross(ex, ey, 3), class: t.state, opacity: dimmed(t) ? 0.15 : 0.8 }));
  }
  ctx.globalAlpha = 1;
  p.walk = lines.map(l => l.t).filter(t => t.onFront);
}

function markCurves(p) {
  for (const [t, kind] of [
    [state.selected, "selectline"],
    [state.hover, "hoverline"],
  ]) {
    const path = t && p.place?.get(t);
    if (path) p.marks.append(s("polyline", { points: path.map(q => q.join(",")).join(" "), class: kind }));
  }
}
