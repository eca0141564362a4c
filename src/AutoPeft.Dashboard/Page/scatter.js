// The completed trials in the plane of two objectives with the front as a staircase; for one objective, its values in the order of
// completion with the best so far.

/** Whether an objective's axis starts logarithmic: declared so, or a cost that spans orders of magnitude. */
function startsLog(o, values) {
  if (o.log) return true;
  const positive = values.filter(v => v > 0);
  if (positive.length < 2 || positive.length < values.length) return false;
  const low = Math.min(...positive),
    high = Math.max(...positive);
  return values.every(Number.isInteger) ? high / low >= 10 && high >= 1000 : o.minimize && high / low >= 50;
}

function scatterSection(card) {
  const single = study.objectives.length === 1;
  const view = { x: single ? -1 : 1, y: 0, logX: false, logY: false };
  let points = emptyPoints();
  const settle = () => {
    const values = study.live.front.values,
      column = i => values.map(v => real(v[i]));
    const logs = study.objectives.map((o, i) => startsLog(o, column(i)));
    if (single) {
      view.logY = logs[0];
      return;
    }
    const cost = logs.findIndex(Boolean) >= 0 ? logs.findIndex(Boolean) : study.objectives.length - 1;
    [view.x, view.y] = [cost, cost === 0 ? 1 : 0];
    [view.logX, view.logY] = [logs[view.x], logs[view.y]];
  };
  settle();
  const plot = new Plot({
    label: single ? "Values of the completed trials" : "Pareto front. Arrow keys move along it, Enter selects.",
    height: width => (width < 520 ? 360 : 440),
    reach: 18,
    paint: p => (single ? paintBest(p, view, points) : paintFront(p, view, points)),
    paintMarks: p => p.rings(),
  });

  /** New trials are added to the points; now and then all are fetched anew, thinned for the ranges as they are. */
  const refresh = async (all = false) => {
    const from = all || points.x.length > 12000 || study.live.counts.completed - points.completed > 3000 ? 0 : points.completed;
    if (from > 0 && from >= study.live.counts.completed) return;
    const query = `x=${view.x}&y=${view.y}&logx=${Number(view.logX)}&logy=${Number(view.logY)}&from=${from}`;
    const got = await get(`${study.base}/scatter?${query}`);
    if (from === 0) {
      points = emptyPoints();
      forgetTrials();
    }
    addPoints(points, got);
    plot.redraw();
  };

  const tools = h("div", { class: "tools" });
  const setTools = () => {
    const names = study.objectives.map((o, i) => [String(i), o.name]),
      parts = [];
    const change = () => {
      setTools();
      refresh(true);
    };
    const axis = (key, other) =>
      choice(key, names, String(view[key]), v => {
        if (Number(v) === view[other]) view[other] = view[key];
        view[key] = Number(v);
        change();
      });
    if (study.objectives.length > 2) parts.push(axis("x", "y"), axis("y", "x"));
    if (!single)
      parts.push(
        tick("log x", view.logX, v => {
          view.logX = v;
          change();
        }),
      );
    parts.push(
      tick("log y", view.logY, v => {
        view.logY = v;
        change();
      }),
    );
    tools.replaceChildren(...parts);
  };
  setTools();
  const legend = h("div", { class: "legend" });
  const note = h("p", { class: "note" });
  const say = () => {
    const key = (shape, text) => h("span", null, s("svg", { "aria-hidden": "true", viewBox: "0 0 18 12" }, shape), text);
    legend.replaceChildren(
      key(
        [s("path", { d: "M0 6H18", class: "frontline" }), s("circle", { cx: 9, cy: 6, r: 4.5, class: "frontpoint" })],
        single ? "best so far" : `front (${grouped(study.live.front.number.length)})`,
      ),
      key(s("circle", { cx: 9, cy: 6, r: 3.5, fill: "var(--point)", "fill-opacity": 0.7 }), single ? "trial" : "dominated"),
      points.infeasible.size
        ? key(s("circle", { cx: 9, cy: 6, r: 3.5, fill: "none", stroke: "var(--point)", "stroke-width": 1.5 }), "infeasible")
        : "",
    );
    note.textContent =
      points.x.length < points.of
        ? `${plural(points.of, "trial")}; of marks that would cover each other the newest is drawn. Hover or tap one, click to select it.`
        : "Each mark is a completed trial. Hover or tap one, click to select it.";
  };
  charts.push({ draw: say });
  const section = h(
    "section",
    { class: "panel", id: "front" },
    h("div", { class: "head" }, h("h2", null, single ? `Best ${study.objectives[0].name} so far` : "Pareto front"), tools),
    note,
    h("div", { class: "split" }, h("div", null, plot.element, legend), card.element),
  );
  return { section, refresh };
}

const emptyPoints = () => ({ number: [], x: [], y: [], infeasible: new Set(), completed: 0, of: 0 });

function addPoints(points, got) {
  for (let i = 0; i < got.number.length; i++) {
    points.number.push(got.number[i]);
    points.x.push(real(got.x[i]));
    points.y.push(real(got.y[i]));
  }
  for (const n of got.infeasible) points.infeasible.add(n);
  points.completed = got.completed;
  points.of += got.of;
}

/** Dots on the canvas, without those that are drawn on the front. */
function paintDots(p, points, sx, sy, skip) {
  const ctx = p.ctx,
    many = points.x.length > 800,
    radius = many ? 2.3 : 3.6;
  ctx.fillStyle = ctx.strokeStyle = style("--point");
  ctx.globalAlpha = many ? 0.5 : 0.7;
  ctx.lineWidth = 1.2;
  for (let i = 0; i < points.x.length; i++) {
    const x = sx.map(points.x[i]),
      y = sy.map(points.y[i]),
      n = points.number[i];
    p.hits.push({ x, y, t: trialOf(n) });
    if (skip.has(n)) continue;
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 7);
    if (points.infeasible.has(n)) ctx.stroke();
    else ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function paintNothing(p) {
  p.inset(10, 10, 10, 10);
  p.text(p.full.width / 2, p.full.height / 2, "No completed trial with finite values yet.", { "text-anchor": "middle" });
}

function paintFront(p, view, points) {
  const a = study.objectives[view.x],
    b = study.objectives[view.y],
    front = study.live.front;
  const members = front.number.map((n, i) => {
    const t = trialOf(n);
    t.values = front.values[i].map(real);
    return t;
  });
  const at = (t, i) => t.values[i];
  const rx = padded(
      range(
        points.x,
        members.map(t => at(t, view.x)),
        view.logX,
      ),
    ),
    ry = padded(
      range(
        points.y,
        members.map(t => at(t, view.y)),
        view.logY,
      ),
    );
  if (!rx || !ry) {
    paintNothing(p);
    return;
  }
  p.inset(
    Math.max(
      ...scale(ry, 0, 1)
        .ticks(8)
        .map(t => textWidth(t.label)),
    ) + 12,
    30,
    14,
    44,
  );
  const sx = scale(rx, p.left, p.right),
    sy = scale(ry, p.bottom, p.top),
    limit = Math.floor((p.right - p.left) / 9);
  p.axisX(sx, rightward(a, limit));
  p.axisY(sy, upward(b, limit));
  paintDots(p, points, sx, sy, study.front);
  // The line is the front of the two objectives shown; the marks are on that of all.
  const line = members
    .slice()
    .sort((s, t) =>
      at(s, view.x) === at(t, view.x)
        ? better(b, at(s, view.y), at(t, view.y))
          ? -1
          : 1
        : better(a, at(s, view.x), at(t, view.x))
          ? -1
          : 1,
    );
  let d = "",
    last = null;
  for (const t of line) {
    if (last !== null && !better(b, at(t, view.y), last)) continue;
    d += last === null ? `M${sx.map(at(t, view.x))} ${sy.map(at(t, view.y))}` : `H${sx.map(at(t, view.x))}V${sy.map(at(t, view.y))}`;
    last = at(t, view.y);
  }
  if (d) p.base.append(s("path", { d, class: "frontline" }));
  for (const t of members) {
    const x = sx.map(at(t, view.x)),
      y = sy.map(at(t, view.y));
    p.hits.push({ x, y, t });
    p.base.append(s("circle", { cx: x, cy: y, r: members.length > 60 ? 3.4 : 5, class: "frontpoint" }));
  }
  p.walk = members.slice().sort((s, t) => at(s, view.x) - at(t, view.x));
  if (rx.outside + ry.outside)
    p.text(p.right, p.top - 14, `${plural(rx.outside + ry.outside, "value")} beyond the axes, at the edge`, { "text-anchor": "end" });
}

function paintBest(p, view, points) {
  const o = study.objectives[0],
    history = study.live.history;
  const best = history ? history.value.map(real) : [];
  const ry = padded(range(points.y, best.slice(-1), view.logY));
  if (!ry) {
    paintNothing(p);
    return;
  }
  p.inset(
    Math.max(
      ...scale(ry, 0, 1)
        .ticks(8)
        .map(t => textWidth(t.label)),
    ) + 12,
    30,
    14,
    44,
  );
  const total = study.live.counts.completed,
    sx = scale({ low: 0, high: Math.max(1, total) }, p.left, p.right),
    sy = scale(ry, p.bottom, p.top);
  p.axisX(sx, "trials completed", p.wholeTicks(sx));
  p.axisY(sy, upward(o));
  paintDots(p, points, sx, sy, new Set());
  if (!history || best.length === 0) return;
  let d = "";
  best.forEach((v, i) => {
    d += i ? `H${sx.map(history.completed[i])}V${sy.map(v)}` : `M${sx.map(history.completed[i])} ${sy.map(v)}`;
  });
  p.base.append(s("path", { d: `${d}H${p.right}`, class: "frontline" }));
  p.walk = best.map((v, i) => {
    const t = trialOf(history.number[i]);
    t.values = [v];
    const x = sx.map(history.completed[i]),
      y = sy.map(v);
    p.hits.push({ x, y, t });
    p.base.append(s("circle", { cx: x, cy: y, r: 4, class: "frontpoint" }));
    return t;
  });
  if (ry.outside) p.text(p.right, p.top - 14, `${plural(ry.outside, "value")} beyond the axis, at the edge`, { "text-anchor": "end" });
}
