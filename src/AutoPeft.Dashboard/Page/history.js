// How the hypervolume grew, over completed trials or over time.

function historySection() {
  const view = { by: "trials" };
  const plot = new Plot({
    label: "Hypervolume over the study. Arrow keys move through the trials that moved the front, Enter selects.",
    height: 240,
    reach: 24,
    paint: p => paintHistory(p, view),
    paintMarks: p => p.rings(7),
  });
  const note = h("p", { class: "note" });
  charts.push({
    draw() {
      const r = study.live.history;
      const point = r?.reference.map((v, i) => `${study.objectives[i].name} ${number(real(v))}`).join(", ");
      note.textContent =
        "The volume of objective space that the front dominates; a mark where a trial moved the front." +
        (r ? ` Reference point${r.inferred ? " (taken from the trials)" : ""}: ${point}.` : "");
    },
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
  );
  return h(
    "section",
    { class: "panel", id: "progress" },
    h("div", { class: "head" }, h("h2", null, "Hypervolume"), tools),
    note,
    plot.element,
  );
}

function paintHistory(p, view) {
  const r = study.live.history;
  if (!r || r.value.length === 0) {
    paintNothing(p);
    return;
  }
  // A volume that a double does not hold is drawn as the largest that it does.
  const values = r.value.map(v => finiteNumber(real(v))),
    top = values.reduce((a, b) => Math.max(a, b), -Infinity),
    floor = values.length > 3 ? values[0] : 0;
  const wall = Math.max(1, (study.live.last ?? 0) - (study.live.started ?? 0)),
    [unit, label] = view.by === "time" ? timeUnit(wall) : [1, "trials completed"];
  const end = view.by === "time" ? wall / unit : Math.max(1, study.live.counts.completed);
  const x = i => sx.map(view.by === "time" ? ((r.time[i] ?? study.live.started) - study.live.started) / unit : r.completed[i]);
  p.inset(
    Math.max(
      ...scale({ low: floor, high: finiteNumber(top * 1.001) }, 0, 1)
        .ticks(5)
        .map(t => textWidth(t.label)),
    ) + 12,
    14,
    14,
    44,
  );
  const sx = scale({ low: 0, high: end }, p.left, p.right),
    sy = scale(padded({ low: floor, high: Math.max(top, floor + 1e-12) }, 0.06), p.bottom, p.top);
  p.axisX(sx, label, view.by === "trials" ? p.wholeTicks(sx) : undefined);
  p.axisY(sy, null);
  const y = v => Math.min(p.bottom, sy.map(v));
  let d = `M${x(0)} ${p.bottom}V${y(values[0])}`;
  for (let i = 1; i < values.length; i++) d += `H${x(i)}V${y(values[i])}`;
  p.base.append(s("path", { d: `${d}H${sx.map(end)}`, class: "frontline" }));
  const ctx = p.ctx;
  ctx.fillStyle = style("--accent");
  p.walk = values.map((v, i) => {
    const t = trialOf(r.number[i]);
    p.hits.push({ x: x(i), y: y(v), t });
    ctx.beginPath();
    ctx.arc(x(i), y(v), values.length > 120 ? 2 : 3, 0, 7);
    ctx.fill();
    return t;
  });
}
