// Two objectives against each other: every trial, the front as a staircase, and what ended without a result.

/** Non-dominated trials in the plane of two objectives, along it; for two objectives, the front. */
function planarFront(a, b) {
  const list = completed
    .filter(t => !t.infeasible && Number.isFinite(t.values[a.index]) && Number.isFinite(t.values[b.index]))
    .sort((p, q) =>
      p.values[a.index] === q.values[a.index]
        ? better(b, p.values[b.index], q.values[b.index])
          ? -1
          : 1
        : better(a, p.values[a.index], q.values[a.index])
          ? -1
          : 1,
    );
  const result = [];
  for (const t of list) if (result.length === 0 || better(b, t.values[b.index], result[result.length - 1].values[b.index])) result.push(t);
  return result;
}

function frontSection() {
  // What costs, on a log scale, goes to the right; what one wants, upwards.
  const cost = objectives.find(o => o.log && o.whole) ?? objectives.find(o => o.log) ?? objectives[objectives.length - 1];
  const view = { x: cost.index, y: objectives.find(o => o !== cost).index, logX: cost.log, logY: null };
  view.logY = objectives[view.y].log;

  const plot = new Plot({
    label: "Pareto front. Arrow keys move along the front, Enter selects.",
    height: width => (width < 520 ? 400 : 460),
    reach: 20,
    paint: p => paintFront(p, view),
    paintMarks: p => p.rings(),
  });
  const tools = h("div", { class: "tools" });
  const setTools = () => {
    const names = objectives.map(o => [String(o.index), o.name]),
      parts = [];
    const change = () => {
      setTools();
      plot.redraw();
    };
    if (objectives.length > 2) {
      parts.push(
        choice("x", names, String(view.x), v => {
          if (Number(v) === view.y) {
            view.y = view.x;
            view.logY = view.logX;
          }
          view.x = Number(v);
          view.logX = objectives[view.x].log;
          change();
        }),
      );
      parts.push(
        choice("y", names, String(view.y), v => {
          if (Number(v) === view.x) {
            view.x = view.y;
            view.logX = view.logY;
          }
          view.y = Number(v);
          view.logY = objectives[view.y].log;
          change();
        }),
      );
    }
    if (objectives[view.x].canLog)
      parts.push(
        tick("log x", view.logX, v => {
          view.logX = v;
          plot.redraw();
        }),
      );
    if (objectives[view.y].canLog)
      parts.push(
        tick("log y", view.logY, v => {
          view.logY = v;
          plot.redraw();
        }),
      );
    tools.replaceChildren(...parts);
  };
  setTools();
  return h(
    "section",
    { class: "panel", id: "front" },
    h("div", { class: "head" }, h("h2", null, "Pareto front"), tools),
    h(
      "p",
      { class: "note" },
      "Each mark is a trial. Hover or tap for its configuration, click to select it in every chart.",
      objectives.length > 2 ? " The line is the front of the two objectives shown; filled marks are on the front of all of them." : "",
    ),
    h("div", { class: "split" }, h("div", null, plot.element, frontLegend()), trialCard()),
  );
}

function frontLegend() {
  const key = (shape, text) => h("span", null, s("svg", { "aria-hidden": "true", viewBox: "0 0 18 12" }, shape), text);
  const failed = stateCount("failed"),
    pruned = stateCount("pruned"),
    infeasible = completed.filter(t => t.infeasible).length;
  const lost = completed.filter(t => !finite(t)).length;
  return h(
    "div",
    { class: "legend" },
    key(
      [s("path", { d: "M0 6H18", class: "frontline" }), s("circle", { cx: 9, cy: 6, r: 4.5, class: "frontpoint" })],
      `front (${grouped(front.length)})`,
    ),
    key(s("circle", { cx: 9, cy: 6, r: 3.5, style: null, fill: "var(--point)", "fill-opacity": 0.7 }), "dominated"),
    infeasible
      ? key(
          s("circle", { cx: 9, cy: 6, r: 3.5, fill: "none", stroke: "var(--point)", "stroke-width": 1.5 }),
          `infeasible (${grouped(infeasible)})`,
        )
      : null,
    pruned ? key(s("path", { d: cross(9, 6), class: "pruned" }), `pruned (${grouped(pruned)})`) : null,
    failed ? key(s("path", { d: cross(9, 6), class: "failed" }), `failed (${grouped(failed)})`) : null,
    stateCount("running") + stateCount("waiting") ? key(s("circle", { cx: 9, cy: 6, r: 3, class: "pending" }), "running or waiting") : null,
    lost ? h("span", null, `${plural(lost, "trial")} with a value that is not finite: not drawn`) : null,
  );
}

function paintFront(p, view) {
  const a = objectives[view.x],
    b = objectives[view.y];
  const rx = padded(objectiveRange(a, view.logX)),
    ry = padded(objectiveRange(b, view.logY));
  const stranded = trials.filter(
    t => !t.values && !(t.partial && Number.isFinite(t.partial[a.index]) && Number.isFinite(t.partial[b.index])),
  );
  const strip = stranded.length ? 34 : 0;
  if (!rx || !ry) {
    p.inset(10, 10, 10, 10 + strip);
    p.text(p.full.width / 2, p.full.height / 2, "No completed trial with finite values yet.", { "text-anchor": "middle" });
    if (strip) paintStranded(p, stranded);
    return;
  }
  const sample = scale(ry, 0, 1)
    .ticks(8)
    .map(t => textWidth(t.label));
  p.inset(Math.max(...sample) + 12, 30, 14, 44 + strip);
  const sx = scale(rx, p.left, p.right),
    sy = scale(ry, p.bottom, p.top);
  const limit = Math.floor((p.right - p.left) / 9);
  p.axisX(sx, rightward(a, limit));
  p.axisY(sy, upward(b, limit));

  const onFront = new Set(front),
    ctx = p.ctx,
    many = completed.length > 800;
  const colour = style("--point"),
    radius = many ? 2.4 : 3.6;
  const dots = [...completed.filter(dimmed), ...completed.filter(t => !dimmed(t))],
    covered = coverage();
  for (const t of dots) {
    const vx = t.values[a.index],
      vy = t.values[b.index];
    if (!Number.isFinite(vx) || !Number.isFinite(vy)) continue;
    const x = sx.map(vx),
      y = sy.map(vy);
    p.hits.push({ x, y, t });
    if (onFront.has(t) || covered(x, y, dots.length)) continue;
    ctx.globalAlpha = dimmed(t) ? 0.13 : many ? 0.55 : 0.7;
    ctx.fillStyle = ctx.strokeStyle = colour;
    ctx.lineWidth = 1.3;
    ctx.beginPath();
    if (sx.beyond(vx) || sy.beyond(vy)) arrowHead(ctx, x, y, sx, sy, vx, vy, p);
    else ctx.arc(x, y, radius, 0, 7);
    if (t.infeasible) ctx.stroke();
    else ctx.fill();
  }
  ctx.globalAlpha = 1;
  for (const t of trials) {
    if (!t.partial || !Number.isFinite(t.partial[a.index]) || !Number.isFinite(t.partial[b.index])) continue;
    const x = sx.map(t.partial[a.index]),
      y = sy.map(t.partial[b.index]);
    p.hits.push({ x, y, t });
    p.base.append(
      s("path", {
        d: cross(x, y),
        class: t.state === "pruned" ? "pruned" : t.state === "failed" ? "failed" : "pending",
        opacity: dimmed(t) ? 0.2 : 1,
      }),
    );
  }

  const line = planarFront(a, b);
  if (line.length > 0)
    p.base.append(s("path", { d: staircase(line.map(t => [sx.map(t.values[a.index]), sy.map(t.values[b.index])])), class: "frontline" }));
  const members = objectives.length > 2 ? front : line;
  for (const t of front) {
    if (!finite(t)) continue;
    p.base.append(
      s("circle", {
        cx: sx.map(t.values[a.index]),
        cy: sy.map(t.values[b.index]),
        r: front.length > 60 ? 3.6 : 5,
        class: "frontpoint",
        opacity: dimmed(t) ? 0.25 : 1,
      }),
    );
  }
  labelPoints(
    p,
    line.map(t => ({ t, x: sx.map(t.values[a.index]), y: sy.map(t.values[b.index]) })),
    a,
    b,
  );
  p.walk = members
    .filter(finite)
    .slice()
    .sort((q, r) => q.values[a.index] - r.values[a.index]);

  const outside = objectiveRange(a, view.logX).outside + objectiveRange(b, view.logY).outside;
  if (outside) p.text(p.right, p.top - 14, `${plural(outside, "value")} beyond the axes, at the edge`, { "text-anchor": "end" });
  if (strip) paintStranded(p, stranded);
}

/** A small triangle that points to where a mark lies beyond the axes. */
function arrowHead(ctx, x, y, sx, sy, vx, vy, p) {
  const angle = sy.beyond(vy) ? (y <= p.top + 2 ? -Math.PI / 2 : Math.PI / 2) : x <= p.left + 2 ? Math.PI : 0;
  for (const [i, turn] of [0, 2.4, -2.4].entries())
    ctx[i ? "lineTo" : "moveTo"](x + 5 * Math.cos(angle + turn), y + 5 * Math.sin(angle + turn));
}

/** Steps along a front: between two members, whatever is worse than either in one objective is already dominated. */
function staircase(points) {
  let d = `M${points[0][0]} ${points[0][1]}`;
  // planarFront begins at the best of x: towards worse x and better y, first along x, then along y.
  for (let i = 1; i < points.length; i++) d += `H${points[i][0]}V${points[i][1]}`;
  return d;
}

/** Numbers beside the front's marks, as many as fit without touching each other or a mark. */
function labelPoints(p, points, a, b) {
  const size = points.length > 60 ? 4 : 6;
  const taken = points.map(q => [q.x - size, q.y - size, q.x + size, q.y + size]);
  const free = ([l, t, r, u]) =>
    l >= p.left && r <= p.right && t >= p.top - 6 && u <= p.bottom && !taken.some(([x, y, v, w]) => l < v && r > x && t < w && u > y);
  // Outwards first: where better values would be there are no other trials.
  const dx = a.minimize ? -1 : 1,
    dy = b.minimize ? 1 : -1;
  const first = [points[points.length - 1], points[0], points.find(q => q.t.knee)];
  const sides = [
    [dx, dy],
    [dx, 0],
    [0, dy],
    ...(points.length > 20
      ? []
      : [
          [-dx, dy],
          [dx, -dy],
          [-dx, -dy],
        ]),
  ];
  for (const q of new Set([...first.filter(Boolean), ...points])) {
    const text = q.t.knee ? `${q.t.number} (knee)` : String(q.t.number),
      w = textWidth(text, 11.5, 600);
    for (const [ux, uy] of sides) {
      const cx = q.x + ux * (8 + w / 2),
        cy = q.y + uy * (ux ? 10 : 14);
      const box = [cx - w / 2 - 2, cy - 7, cx + w / 2 + 2, cy + 7];
      if (!free(box)) continue;
      taken.push(box);
      p.text(cx, cy + 4, text, { "text-anchor": "middle", class: "direct halo", "pointer-events": "none" });
      break;
    }
  }
}

/** Trials that have no place in the plane, on a line of their own in the order of their numbers. */
function paintStranded(p, list) {
  const y = p.full.height - 9,
    words = "no result:",
    from = Math.max(p.left, textWidth(words) + 12);
  p.text(from - 10, y + 4, words, { "text-anchor": "end" });
  p.line(from, y, p.right, y, "grid");
  const last = Math.max(1, trials.length - 1);
  for (const t of list) {
    const x = from + 4 + (t.number / last) * (p.right - from - 8);
    p.hits.push({ x, y, t });
    const kind = t.state === "failed" ? "failed" : t.state === "pruned" ? "pruned" : "pending";
    p.base.append(
      kind === "pending"
        ? s("circle", { cx: x, cy: y, r: 3, class: kind })
        : s("path", { d: cross(x, y), class: kind, opacity: dimmed(t) ? 0.25 : 1 }),
    );
  }
}
