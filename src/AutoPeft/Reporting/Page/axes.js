// The axes of parallel coordinates and the brushes on them. Wide: upright axes side by side. Narrow, or many: lying axes one below the
// other.

/** One axis: a parameter (or a run of switches) or an objective. `place(t)` in [0, 1], null where inactive. */
function parallelAxes(collapsed) {
  const list = [];
  for (const f of sheet.fields) {
    const each = i => ({ label: sheet.parameters[i].name, indices: [i], parameter: sheet.parameters[i] });
    const parts = f.bits && !collapsed ? f.indices.map(each) : [f];
    for (const part of parts) list.push(dimension(part));
  }
  for (const o of sheet.objectives) {
    const r = sheetRange(o);
    if (!r) continue;
    const sc = scale(r, 0, 1);
    list.push({
      label: o.name,
      objective: o,
      scale: sc,
      place: t => (t.values && Number.isFinite(t.values[o.index]) ? sc.unit(t.values[o.index]) : null),
    });
  }
  for (const a of list) {
    if (a.range) a.scale = scale(a.range, 0, 1);
    if (a.levels) {
      const last = a.levels.length - 1;
      a.ticks = a.levels.map((label, i) => ({ u: last === 0 ? 0.5 : i / last, label }));
    } else a.ticksFor = count => a.scale.ticks(count).map(({ v, label }) => ({ u: clamp(a.scale.map(v), 0, 1), label }));
    a.key = (a.objective ? "o:" : "p:") + a.label;
  }
  return list;
}

/** The value at a position, in words: for screen readers. */
function axisText(a, u) {
  if (a.levels) return a.levels[clamp(Math.round(u * (a.levels.length - 1)), 0, a.levels.length - 1)];
  return number(a.scale.inverse(u), 3);
}

/** A brush lets through what lies between its ends; an inactive parameter is never between. */
const withinBrush = (u, [low, high]) => u !== null && u >= low - 1e-9 && u <= high + 1e-9;

/**
 * The handle of one axis: drag sets a brush, a click without a drag clears it. Keyboard: arrows move the brush, with Shift its upper end,
 * Escape clears.
 * `unit(event)` is the pointer's position along the axis.
 */
function brushHandle(axis, brushes, box, unit, lying, changed) {
  const rect = s("rect", {
    ...box,
    fill: "transparent",
    tabindex: "0",
    role: "slider",
    "aria-orientation": lying ? "horizontal" : "vertical",
    "aria-label": `Filter by ${axis.label}`,
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  });
  // An axis takes the gesture along itself only; across, the page scrolls.
  rect.style.touchAction = lying ? "pan-y" : "pan-x";
  rect.style.cursor = lying ? "ew-resize" : "ns-resize";
  rect.say = () => {
    const b = brushes.get(axis.key);
    rect.setAttribute("aria-valuenow", String(Math.round(100 * (b ? (b[0] + b[1]) / 2 : 0.5))));
    rect.setAttribute("aria-valuetext", b ? `from ${axisText(axis, b[0])} to ${axisText(axis, b[1])}` : "no filter");
  };
  let from = null,
    moved = false;
  rect.addEventListener("pointerdown", e => {
    from = clamp(unit(e), 0, 1);
    moved = false;
    rect.setPointerCapture(e.pointerId);
    e.stopPropagation();
  });
  rect.addEventListener("pointermove", e => {
    if (from === null) return;
    e.stopPropagation();
    const to = clamp(unit(e), 0, 1);
    if (!moved && Math.abs(to - from) < 0.02) return;
    moved = true;
    brushes.set(axis.key, snapped(axis, Math.min(from, to), Math.max(from, to)));
    changed();
  });
  const end = () => {
    if (from !== null && !moved && brushes.delete(axis.key)) changed();
    from = null;
  };
  rect.addEventListener("pointerup", end);
  rect.addEventListener("pointercancel", () => {
    from = null;
  });
  rect.addEventListener("click", e => {
    if (moved) e.stopPropagation();
  });
  rect.addEventListener("keydown", e => {
    const direction = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[e.key];
    if (e.key === "Escape" && brushes.delete(axis.key)) {
      e.stopPropagation();
      changed();
      return;
    }
    if (!direction) return;
    e.preventDefault();
    e.stopPropagation();
    const step = (axis.levels ? 1 / Math.max(1, axis.levels.length - 1) : 0.05) * direction;
    const [low, high] =
      brushes.get(axis.key) ??
      (axis.levels ? [direction > 0 ? -step : 1 - step, direction > 0 ? -step : 1 - step] : direction > 0 ? [-0.05, 0.2] : [0.8, 1.05]);
    const next = e.shiftKey
      ? [low, clamp(high + step, low, 1)]
      : low + step < -1e-9 || high + step > 1 + 1e-9
        ? [clamp(low, 0, 1), clamp(high, 0, 1)]
        : [low + step, high + step];
    brushes.set(axis.key, next);
    changed();
    announce(`${axis.label}: from ${axisText(axis, next[0])} to ${axisText(axis, next[1])}`);
  });
  return rect;
}

/** A brush on an axis with levels takes whole levels. */
function snapped(axis, low, high) {
  if (!axis.levels || axis.levels.length === 1) return [low, high];
  const last = axis.levels.length - 1,
    half = 0.35 / last;
  return [Math.max(0, low), Math.min(1, high)].map((u, i) => {
    const level = i === 0 ? Math.ceil((u - half) * last - 1e-9) : Math.floor((u + half) * last + 1e-9);
    return clamp(level / last, 0, 1);
  });
}
