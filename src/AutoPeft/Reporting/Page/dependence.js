// Partial dependence: the objective as one parameter varies, averaged over all others, as the model has it.

function dependenceGrid(report) {
  const o = sheet.objectives.find(q => q.name === report.objective);
  const curves = report.curves
    .map(c => ({
      ...c,
      parameter: sheet.parameters.find(p => p.name === c.name),
      points: c.points.map(q => ({ at: q.at, ...measured(q) })),
    }))
    .filter(c => c.parameter && c.points.some(q => Number.isFinite(q.value)));
  if (!o || curves.length === 0) return null;
  // One axis for all: a flat curve looks flat.
  const ends = curves.flatMap(c => c.points.flatMap(q => [q.value, q.low, q.high])).filter(v => Number.isFinite(v) && (!o.log || v > 0));
  const reach = padded(range(ends, ends, o.log), 0.06);
  if (!reach) return null;
  return h(
    "div",
    { class: "effects" },
    curves.map(c => {
      const plot = new Plot({ label: `${report.objective} as ${c.name} varies`, height: 190, paint: p => paintDependence(p, c, o, reach) });
      plot.element.removeAttribute("tabindex");
      plot.patient = plot.still = true;
      return h(
        "div",
        { class: "effect" },
        h("div", { class: "top" }, h("h3", null, breakable(c.name)), h("span", null, "all else averaged")),
        plot.element,
      );
    }),
  );
}

function paintDependence(p, c, o, reach) {
  const ticks = scale(reach, 0, 1).ticks(4),
    kind = c.parameter.type,
    stepped = ["categorical", "bool", "ordinal"].includes(kind);
  const labels = c.points.map(q => shorten(kind === "bool" ? (/^(true|1)$/i.test(q.at) ? "on" : "off") : q.at, 14)),
    room = (p.full.width - 60) / labels.length;
  const slant = stepped && labels.some(l => l.length > 4) && labels.some(l => textWidth(l) > room - 6);
  p.inset(Math.max(...ticks.map(t => textWidth(t.label))) + 12, 24, 8, slant ? slantRoom(labels) : 24);
  const sy = scale(reach, p.bottom, p.top);
  p.axisY(sy, upward(o, 34), "", sy.ticks(4));
  const inside = v => clamp(sy.map(v), p.top, p.bottom),
    drawn = c.points.map((q, i) => ({ ...q, i })).filter(q => Number.isFinite(q.value));
  let x;
  if (stepped) {
    const band = (p.right - p.left) / labels.length,
      stride = slant ? 1 : Math.max(1, Math.ceil((Math.max(...labels.map(l => textWidth(l))) + 8) / band));
    x = q => p.left + (q.i + 0.5) * band;
    labels.forEach((l, i) => {
      const at = p.left + (i + 0.5) * band;
      if (i % stride !== 0) return;
      if (slant) slantedLabel(p, at, l);
      else p.text(at, p.bottom + 17, l, { "text-anchor": "middle" });
    });
    p.line(p.left, p.bottom, p.right, p.bottom, "axis");
  } else {
    const sx = scale({ low: c.parameter.low, high: c.parameter.high, log: Boolean(c.parameter.log) }, p.left + 4, p.right - 4);
    p.axisX(sx, null, sx.ticks(Math.max(2, Math.floor((p.right - p.left) / 62))));
    x = q => sx.map(clamp(Number(q.at), c.parameter.low, c.parameter.high));
  }
  const words = q => `${c.name} ${q.at}: ${number(q.value)} (${number(q.low)} to ${number(q.high)})`;
  if (kind !== "categorical" && drawn.length > 1) {
    const path = key => drawn.filter(q => Number.isFinite(q[key])).map(q => `${x(q)} ${inside(q[key])}`);
    if (!stepped)
      p.base.append(
        s("path", { d: `M${path("high").join("L")}L${path("low").reverse().join("L")}Z`, fill: "var(--accent)", "fill-opacity": 0.16 }),
      );
    p.base.append(
      s("path", {
        d: `M${path("value").join("L")}`,
        fill: "none",
        stroke: "var(--accent)",
        "stroke-width": stepped ? 1 : 1.9,
        "stroke-linejoin": "round",
      }),
    );
  }
  if (!stepped) return;
  for (const q of drawn) {
    if (Number.isFinite(q.low))
      p.base.append(
        s("path", { d: `M${x(q)} ${inside(q.low)}V${inside(q.high)}`, stroke: "var(--accent)", "stroke-width": 2, "stroke-opacity": 0.5 }),
      );
    p.base.append(s("circle", { cx: x(q), cy: inside(q.value), r: 4, fill: "var(--accent)" }, s("title", null, words(q))));
  }
}
