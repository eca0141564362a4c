// Learning curves: of the trials that run, of the front, and of the last that ended.

function curvesSection() {
  const view = { metric: null, log: false, data: null };
  const plot = new Plot({
    label: "Learning curves",
    height: width => (width < 520 ? 280 : 320),
    reach: 16,
    paint: p => paintCurves(p, view),
    paintMarks: p => markCurves(p),
  });
  const tools = h("div", { class: "tools" });
  const section = h(
    "section",
    { class: "panel", id: "curves", hidden: true },
    h("div", { class: "head" }, h("h2", null, "Learning curves"), tools),
    h(
      "p",
      { class: "note" },
      "Intermediate reports of the trials that run (dark), of the front (coloured), and of those that ended last; with a cross " +
        "where a trial was pruned or failed.",
    ),
    plot.element,
  );
  let offered = "";
  const refresh = async () => {
    const query = [view.metric && `metric=${encodeURIComponent(view.metric)}`, state.selected && `also=${state.selected.number}`]
      .filter(Boolean)
      .join("&");
    view.data = await get(`${study.base}/curves?${query}`);
    section.hidden = view.data.lines.length === 0;
    const key = JSON.stringify([view.data.metrics, view.data.metric]);
    if (key !== offered) {
      offered = key;
      tools.replaceChildren(
        ...(view.data.metrics.length > 1
          ? [
              choice(
                "metric",
                view.data.metrics.map(m => [m, m]),
                view.data.metric,
                v => {
                  view.metric = v;
                  refresh();
                },
              ),
            ]
          : []),
        tick("log y", view.log, v => {
          view.log = v;
          plot.redraw();
        }),
      );
    }
    plot.redraw();
  };
  return { section, refresh };
}

function paintCurves(p, view) {
  const lines = (view.data?.lines ?? []).map(l => ({ ...l, t: trialOf(l.number), values: l.values.map(real) }));
  const values = lines.flatMap(l => l.values),
    top = lines.reduce((m, l) => Math.max(m, l.steps[l.steps.length - 1]), -Infinity),
    first = lines.reduce((m, l) => Math.min(m, l.steps[0]), Infinity);
  const r = padded(
    range(
      values,
      lines.filter(l => l.t.onFront).flatMap(l => l.values),
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
  const sx = scale({ low: Math.min(first, 1), high: top }, p.left + 4, p.right - 6),
    sy = scale(r, p.bottom, p.top),
    ctx = p.ctx;
  p.axisX(sx, "step", p.wholeTicks(sx));
  p.axisY(sy, view.data.metric);
  const colours = { front: style("--accent"), running: style("--ink"), other: style("--point") },
    faint = clamp(9 / Math.sqrt(lines.length), 0.15, 0.6);
  const rank = l => (l.t.onFront ? 2 : l.state === 1 ? 1 : 0);
  ctx.lineJoin = "round";
  p.place = new Map();
  for (const l of lines.sort((a, b) => rank(a) - rank(b))) {
    const path = l.steps.map((step, i) => [sx.map(step), sy.map(l.values[i])]).filter(([, y]) => Number.isFinite(y));
    if (path.length === 0) continue;
    p.place.set(l.t, path);
    ctx.globalAlpha = rank(l) ? 0.95 : faint;
    ctx.strokeStyle = ctx.fillStyle = l.t.onFront ? colours.front : l.state === 1 ? colours.running : colours.other;
    ctx.lineWidth = rank(l) ? 1.7 : 1.1;
    ctx.beginPath();
    path.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](x, y));
    ctx.stroke();
    const [ex, ey] = path[path.length - 1];
    if (l.state === 1 || path.length === 1) {
      ctx.beginPath();
      ctx.arc(ex, ey, 2.4, 0, 7);
      ctx.fill();
    }
    for (const [x, y] of path) p.hits.push({ x, y, t: l.t });
    if (l.state === 3 || l.state === 4) p.base.append(s("path", { d: cross(ex, ey, 3), class: StateNames[l.state], opacity: 0.8 }));
  }
  ctx.globalAlpha = 1;
  p.walk = lines.map(l => l.t);
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
