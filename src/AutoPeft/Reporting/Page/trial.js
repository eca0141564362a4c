// One trial in words: tip, card, bar.

const stateWord = t =>
  t.onFront ? (objectives.length > 1 ? "on the front" : "best") : t.infeasible ? "infeasible" : t.done ? "completed" : t.state;

/** For screen readers and the bar. */
function summary(t) {
  if (t.values) return objectives.map(o => `${o.name} ${number(t.values[o.index])}`).join(", ");
  return t.error ? `${t.state}: ${t.error}` : t.state;
}

function goalRows(t) {
  const values = t.values ?? t.partial;
  if (!values) return [];
  return objectives
    .filter(o => t.values || Number.isFinite(values[o.index]))
    .map(o =>
      h(
        "tr",
        { class: "goal" },
        h("th", { scope: "row", class: "name" }, breakable(o.name), t.values ? "" : " (last report)"),
        h("td", null, number(values[o.index])),
      ),
    );
}

function outcomeRows(t) {
  return (t.outcomes ?? []).map((v, i) => {
    const o = data.outcomes[i],
      broken = !(v <= real(o.max ?? Infinity) && v >= real(o.min ?? -Infinity));
    return h(
      "tr",
      null,
      h("th", { scope: "row" }, o.name),
      h(
        "td",
        null,
        number(v),
        broken
          ? h("span", { class: "badge bad" }, o.max !== undefined && v > real(o.max) ? `above ${number(real(o.max))}` : "out of bounds")
          : null,
      ),
    );
  });
}

function showTip(t, x, y) {
  const tip = $("tip"),
    shown = fields.filter(f => isActive(f, t));
  tip.replaceChildren(
    h("b", null, `Trial ${t.number}`),
    " ",
    h("span", { class: "soft" }, stateWord(t), t.knee ? ", its knee" : ""),
    h(
      "table",
      null,
      goalRows(t),
      outcomeRows(t),
      shown.slice(0, 7).map(f => h("tr", null, h("th", null, shorten(f.label, 26)), h("td", null, fieldValue(f, t)))),
    ),
    ...(shown.length > 7 ? [h("div", { class: "soft" }, `and ${shown.length - 7} more`)] : []),
    ...(t.error ? [h("div", null, shorten(t.error, 140))] : []),
  );
  tip.hidden = false;
  const box = tip.getBoundingClientRect(),
    gap = 16;
  const left = x + gap + box.width > innerWidth - 6 ? x - gap - box.width : x + gap;
  tip.style.left = `${clamp(left, 6, Math.max(6, innerWidth - box.width - 6))}px`;
  const top = y + gap + box.height > innerHeight - 6 ? y - gap - box.height : y + gap;
  tip.style.top = `${clamp(top, 6, Math.max(6, innerHeight - box.height - 6))}px`;
}

function hideTip() {
  $("tip").hidden = true;
}

/** The card beside the main chart: the hovered trial, else the selected one, else the best by the first objective. */
function trialCard() {
  const element = h("div", { class: "card", "aria-label": "One trial in detail" });
  let shown;
  const mark = () => {
    const fallback = front.find(t => t.knee) ?? bestBy(objectives[0]) ?? trials[0];
    const t = state.hover ?? state.selected ?? fallback;
    const key = `${t.number} ${t === state.selected} ${compared.includes(t.number)}`;
    if (key === shown) return;
    shown = key;
    const copyButton = h(
      "button",
      { class: "small", onclick: () => copy(JSON.stringify(configuration(t), null, 2), copyButton) },
      "Copy configuration as JSON",
    );
    const extra = Object.entries(t.metrics ?? {});
    element.replaceChildren(
      h(
        "h3",
        null,
        `Trial ${t.number}`,
        h("span", { class: t.onFront ? "badge on" : t.state === "failed" || t.infeasible ? "badge bad" : "badge" }, stateWord(t)),
        t.knee ? h("span", { class: "badge" }, "knee") : null,
      ),
      ...(t === fallback && !state.selected && !state.hover
        ? [
            h(
              "p",
              { class: "note" },
              t.knee
                ? "The knee of the front: beyond it, a little more of one objective costs much of another."
                : t.done
                  ? `Best ${objectives[0].name}.`
                  : "",
            ),
          ]
        : []),
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": `Configuration of trial ${t.number}` },
        h(
          "table",
          null,
          goalRows(t),
          outcomeRows(t),
          extra.map(([name, v]) =>
            h("tr", null, h("th", { scope: "row", class: "name" }, breakable(name)), h("td", null, number(real(v)))),
          ),
          fields
            .filter(f => isActive(f, t))
            .map((f, i) =>
              h(
                "tr",
                { class: i === 0 ? "rule" : "" },
                h("th", { scope: "row", class: "name" }, breakable(f.label)),
                h("td", null, fieldValue(f, t)),
              ),
            ),
          h("tr", { class: "rule" }, h("th", { scope: "row" }, "chosen by"), h("td", null, t.source)),
          t.seconds === undefined ? null : h("tr", null, h("th", { scope: "row" }, "ran"), h("td", null, duration(t.seconds))),
          t.worker === undefined
            ? null
            : h("tr", null, h("th", { scope: "row" }, "worker"), h("td", null, [t.worker, t.device].filter(Boolean).join(" on "))),
          t.attempt > 1 ? h("tr", null, h("th", { scope: "row" }, "attempt"), h("td", null, String(t.attempt))) : null,
        ),
      ),
      ...(t.error ? [h("p", { class: "note" }, t.error)] : []),
      ...(t.note ? [h("p", { class: "note words" }, h("b", null, "Note: "), t.note)] : []),
      h("div", { class: "actions" }, copyButton, compareButton(t)),
    );
  };
  charts.push({ draw() {}, mark });
  return element;
}

/** The bar at the foot of the window while a trial is selected or a brush is on. */
function selectionBar() {
  const bar = $("bar");
  charts.push({
    draw() {},
    mark() {
      const t = state.selected,
        parts = [];
      if (t) {
        const copyButton = h(
          "button",
          { class: "small", onclick: () => copy(JSON.stringify(configuration(t), null, 2), copyButton) },
          "Copy JSON",
        );
        parts.push(
          h("span", { class: "dot" }),
          h("b", null, `Trial ${t.number}`),
          h("span", { class: "number" }, shorten(summary(t), 90)),
          copyButton,
          compareButton(t),
          h("button", { class: "small", onclick: () => select(t) }, "Clear selection"),
        );
      }
      if (state.brushed)
        parts.push(
          h("span", null, `${grouped(state.brushed.size)} of ${grouped(trials.length)} trials brushed`),
          h("button", { class: "small", onclick: () => clearBrushes() }, "Clear brushes"),
        );
      const key = JSON.stringify([t?.number, state.brushed?.size, t && compared.includes(t.number)]);
      if (bar.dataset.key === key) return;
      bar.dataset.key = key;
      bar.hidden = parts.length === 0;
      bar.replaceChildren(...parts);
    },
  });
}
