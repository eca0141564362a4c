// How the result grew: hypervolume, or for one objective the best so far, over trials or over time.

function progressSection() {
  const single = objectives.length === 1,
    steps = data.hypervolume?.steps ?? [];
  const view = { by: "trials", log: single && objectives[0].log };
  const plot = new Plot({
    label: single
      ? "Best value so far. Arrow keys move through the trials, Enter selects."
      : "Hypervolume over the study. Arrow keys move through the trials that moved the front, Enter selects.",
    height: width => (single ? (width < 520 ? 360 : 420) : 260),
    reach: 24,
    paint: p => (single ? paintBest(p, view) : paintHypervolume(p, view, steps)),
    paintMarks: p => p.rings(7),
  });
  const tools = h(
    "div",
    { class: "tools" },
    choice(
      "over",
      [
        ["trials", "trials completed"],
        ["time", "wall time"],
      ],
      view.by,
      v => {
        view.by = v;
        plot.redraw();
      },
    ),
    single && objectives[0].canLog
      ? tick("log y", view.log, v => {
          view.log = v;
          plot.redraw();
        })
      : null,
  );
  const note = single
    ? "Each mark is a trial, the line the best value so far. Hover or tap for a configuration, click to select it in every chart."
    : "The volume of objective space that the front dominates, up to the reference point; a mark where a trial moved the front. " +
      (steps.length ? referenceText() : "");
  return h(
    "section",
    { class: "panel", id: single ? "front" : "progress" },
    h("div", { class: "head" }, h("h2", null, single ? `Best ${objectives[0].name} so far` : "Hypervolume"), tools),
    h("p", { class: "note" }, note),
    single ? h("div", { class: "split" }, h("div", null, plot.element, bestLegend()), trialCard()) : plot.element,
  );
}

function bestLegend() {
  const key = (shape, text) => h("span", null, s("svg", { "aria-hidden": "true", viewBox: "0 0 18 12" }, shape), text);
  const failed = stateCount("failed"),
    pruned = stateCount("pruned");
  return h(
    "div",
    { class: "legend" },
    key(s("path", { d: "M0 6H18", class: "frontline" }), "best so far"),
    key(s("circle", { cx: 9, cy: 6, r: 3.5, fill: "var(--point)", "fill-opacity": 0.7 }), "trial"),
    pruned ? key(s("path", { d: cross(9, 6), class: "pruned" }), `pruned (${grouped(pruned)})`) : null,
    failed ? key(s("path", { d: cross(9, 6), class: "failed" }), `failed (${grouped(failed)})`) : null,
  );
}

/** Ends that left no value, with where they fall on the x axis: after so many completed trials, or at a time. */
function lostTrials(by) {
  const list = trials.filter(t => (t.state === "failed" || t.state === "pruned") && t.end !== undefined);
  if (by === "time") return list.map(t => ({ t, at: t.end }));
  const ends = completed.map(t => t.end ?? 0);
  return list.map(t => {
    const later = ends.findIndex(e => e > t.end);
    return { t, at: later < 0 ? completed.length : later };
  });
}

function timeScale(by, from, to) {
  if (by === "trials") return { unit: 1, label: "trials completed", sx: scale({ low: 0, high: Math.max(1, completed.length) }, from, to) };
  const wall = Math.max(data.study.wall ?? 0, 1e-3),
    [unit, label] = timeUnit(wall);
  return { unit, label, sx: scale({ low: 0, high: wall / unit }, from, to) };
}

function paintLost(p, sx, unit, by) {
  for (const { t, at } of lostTrials(by)) {
    const x = sx.map(at / unit),
      y = p.bottom - 5;
    p.hits.push({ x, y, t });
    p.base.append(s("path", { d: cross(x, y, 3), class: t.state, opacity: dimmed(t) ? 0.25 : 0.85 }));
  }
}

function paintHypervolume(p, view, steps) {
  if (steps.length === 0) {
    p.inset(0, 0, 0, 0);
    p.text(p.full.width / 2, p.full.height / 2, "No completed trial with finite values yet.", { "text-anchor": "middle" });
    return;
  }
  // A volume that a double does not hold is drawn as the largest that it does.
  const volume = st => finiteNumber(real(st.value)),
    values = steps.map(volume),
    top = values.reduce((a, b) => Math.max(a, b), -Infinity);
  // From the first value on: the improvements are what one looks for.
  const floor = steps.length > 3 ? values[0] : 0;
  const sample = scale({ low: floor, high: finiteNumber(top * 1.001) }, 0, 1)
    .ticks(5)
    .map(t => textWidth(t.label));
  p.inset(Math.max(...sample) + 12, 14, 14, 44);
  const { sx, unit, label } = timeScale(view.by, p.left, p.right),
    sy = scale(padded({ low: floor, high: Math.max(top, floor + 1e-12) }, 0.06), p.bottom, p.top);
  p.axisX(sx, label, view.by === "trials" ? p.wholeTicks(sx) : undefined);
  p.axisY(sy, null);
  const x = st => sx.map(view.by === "trials" ? st.completed : st.time / unit),
    y = st => Math.min(p.bottom, sy.map(volume(st)));
  let d = `M${x(steps[0])} ${p.bottom}V${y(steps[0])}`;
  for (const st of steps.slice(1)) d += `H${x(st)}V${y(st)}`;
  d += `H${sx.map(view.by === "trials" ? completed.length : (data.study.wall ?? 0) / unit)}`;
  p.base.append(s("path", { d, class: "frontline" }));
  const reach = steps.length > 120 ? 2 : 3;
  for (const st of steps) {
    const t = trials[st.trial];
    if (volume(st) < floor) continue;
    p.hits.push({ x: x(st), y: y(st), t });
    p.base.append(s("circle", { cx: x(st), cy: y(st), r: reach, fill: "var(--accent)", opacity: dimmed(t) ? 0.25 : 1 }));
  }
  p.walk = steps.map(st => trials[st.trial]);
  paintLost(p, sx, unit, view.by);
}

function paintBest(p, view) {
  const o = objectives[0],
    r = padded(objectiveRange(o, view.log));
  if (!r) {
    p.inset(0, 0, 0, 0);
    p.text(p.full.width / 2, p.full.height / 2, "No completed trial with a finite value yet.", { "text-anchor": "middle" });
    return;
  }
  const sample = scale(r, 0, 1)
    .ticks(8)
    .map(t => textWidth(t.label));
  p.inset(Math.max(...sample) + 12, 30, 14, 44);
  const { sx, unit, label } = timeScale(view.by, p.left, p.right),
    sy = scale(r, p.bottom - 12, p.top);
  p.axisX(sx, label, view.by === "trials" ? p.wholeTicks(sx) : undefined);
  p.axisY(sy, upward(o));
  const ctx = p.ctx,
    many = completed.length > 800;
  ctx.fillStyle = ctx.strokeStyle = style("--point");
  let best = null,
    d = "";
  const records = [],
    covered = coverage();
  for (const t of completed) {
    const v = t.values[0];
    if (!Number.isFinite(v)) continue;
    const x = sx.map(view.by === "trials" ? t.order : (t.end ?? 0) / unit),
      y = sy.map(v);
    p.hits.push({ x, y, t });
    ctx.globalAlpha = dimmed(t) ? 0.13 : many ? 0.55 : 0.7;
    ctx.beginPath();
    if (!covered(x, y, completed.length)) {
      if (sy.beyond(v)) arrowHead(ctx, x, y, { beyond: () => false }, sy, 0, v, p);
      else ctx.arc(x, y, many ? 2.2 : 3.4, 0, 7);
      if (t.infeasible) ctx.stroke();
      else ctx.fill();
    }
    if (t.infeasible || (best && !better(o, v, best.values[0]))) continue;
    d += best ? `H${x}V${y}` : `M${x} ${y}`;
    best = t;
    records.push({ t, x, y });
  }
  ctx.globalAlpha = 1;
  if (best) p.base.append(s("path", { d: d + `H${p.right}`, class: "frontline" }));
  for (const q of records) p.base.append(s("circle", { cx: q.x, cy: q.y, r: 4, class: "frontpoint", opacity: dimmed(q.t) ? 0.25 : 1 }));
  const lastRecord = records[records.length - 1];
  if (lastRecord) {
    const text = `trial ${lastRecord.t.number}: ${number(lastRecord.t.values[0])}`,
      half = textWidth(text, 11.5, 600) / 2;
    p.text(clamp(lastRecord.x, p.left + half, p.right - half), lastRecord.y + (o.minimize ? 20 : -10), text, {
      "text-anchor": "middle",
      class: "direct halo",
    });
  }
  const outside = objectiveRange(o, view.log).outside;
  if (outside) p.text(p.right, p.top - 14, `${plural(outside, "value")} beyond the axis, at the edge`, { "text-anchor": "end" });
  p.walk = completed.filter(finite);
  paintLost(p, sx, unit, view.by);
}
