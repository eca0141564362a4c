// One trial in words: tip and card. Its details are fetched when somebody looks at it.

const details = new Map();
const MaxDetails = 200;

/** The details of a trial that may have changed since. */
async function detailOf(number, again = false) {
  if (!again && details.has(number)) return details.get(number);
  const d = await get(`${study.base}/trials/${number}`);
  for (const key of ["values", "outcomes"]) d[key] = d[key]?.map(real);
  details.delete(number);
  details.set(number, d);
  if (details.size > MaxDetails) details.delete(details.keys().next().value);
  return d;
}

/** For screen readers. */
function summary(t) {
  return t.values ? study.objectives.map((o, i) => `${o.name} ${number(t.values[i])}`).join(", ") : "";
}

const stateWord = d =>
  study.front.has(d.number) ? (study.objectives.length > 1 ? "on the front" : "best") : d.infeasible ? "infeasible" : d.state;

function goalRows(d) {
  if (!d.values) return [];
  return study.objectives.map((o, i) =>
    h("tr", { class: "goal" }, h("th", { scope: "row", class: "name" }, breakable(o.name)), h("td", null, number(d.values[i]))),
  );
}

function outcomeRows(d) {
  return (d.outcomes ?? []).map((v, i) => {
    const o = study.definition.outcomes[i],
      broken = !(v <= real(o.max ?? Infinity) && v >= real(o.min ?? -Infinity));
    return h(
      "tr",
      null,
      h("th", { scope: "row" }, o.name),
      h("td", null, number(v), broken ? h("span", { class: "badge bad" }, "out of bounds") : null),
    );
  });
}

let tipFor = null,
  tipWaits = 0;

function showTip(t, x, y) {
  const fill = d => {
    const tip = $("tip"),
      shown = d.codes ? study.fields.filter(f => isActive(f, d)) : [];
    tip.replaceChildren(
      h("b", null, `Trial ${t.number}`),
      " ",
      h("span", { class: "soft" }, stateWord({ number: t.number, ...d }), study.live.front.knee === t.number ? ", its knee" : ""),
      h(
        "table",
        null,
        goalRows(d),
        outcomeRows(d),
        shown.slice(0, 7).map(f => h("tr", null, h("th", null, shorten(f.label, 26)), h("td", null, fieldValue(f, d)))),
      ),
      ...(shown.length > 7 ? [h("div", { class: "soft" }, `and ${shown.length - 7} more`)] : []),
      ...(d.error ? [h("div", null, shorten(d.error, 140))] : []),
    );
    tip.hidden = false;
    const box = tip.getBoundingClientRect(),
      gap = 16;
    const left = x + gap + box.width > innerWidth - 6 ? x - gap - box.width : x + gap;
    tip.style.left = `${clamp(left, 6, Math.max(6, innerWidth - box.width - 6))}px`;
    const top = y + gap + box.height > innerHeight - 6 ? y - gap - box.height : y + gap;
    tip.style.top = `${clamp(top, 6, Math.max(6, innerHeight - box.height - 6))}px`;
  };
  const same = tipFor === t;
  tipFor = t;
  if (details.has(t.number)) {
    fill(details.get(t.number));
    return;
  }
  fill({ values: t.values });
  if (same) return;
  clearTimeout(tipWaits);
  // Not for every mark that the pointer passes over.
  tipWaits = setTimeout(async () => {
    const d = await detailOf(t.number).catch(() => null);
    if (d && tipFor === t) fill(d);
  }, 80);
}

function hideTip() {
  tipFor = null;
  clearTimeout(tipWaits);
  $("tip").hidden = true;
}

const clock = seconds => new Date(seconds * 1000).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });

/** The selected trial, or the one that stands out. */
function trialCard() {
  const element = h("div", { class: "card", "aria-label": "One trial in detail" });
  let shown = null;
  const render = d => {
    const row = (name, value) =>
      value === undefined || value === null ? null : h("tr", null, h("th", { scope: "row" }, name), h("td", null, value));
    const named = ([name, v]) => h("tr", null, h("th", { scope: "row", class: "name" }, breakable(name)), h("td", null, number(real(v))));
    // A running trial has no measured time yet, and this machine's clock may be behind its host's.
    const ran = d.state === "running" ? d.started && Math.max(0, Date.now() / 1000 - d.started) : d.seconds;
    const copyButton = h("button", { class: "small", onclick: () => copy(JSON.stringify(d.params, null, 2), copyButton) }, "Copy JSON");
    element.replaceChildren(
      h(
        "h3",
        null,
        `Trial ${d.number}`,
        h("span", { class: `badge ${study.front.has(d.number) ? "on" : d.state}` }, stateWord(d)),
        study.live.front.knee === d.number ? h("span", { class: "badge" }, "knee") : null,
      ),
      ...(d.error ? [h("p", { class: d.state === "failed" ? "problem" : "note" }, d.error)] : []),
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": `Configuration of trial ${d.number}` },
        h(
          "table",
          null,
          goalRows(d),
          outcomeRows(d),
          Object.entries(d.metrics).map(named),
          d.values ? [] : Object.entries(d.last ?? {}).map(([name, v]) => named([`${name} (step ${d.step})`, v])),
          study.fields
            .filter(f => isActive(f, d))
            .map((f, i) =>
              h(
                "tr",
                { class: i === 0 ? "rule" : "" },
                h("th", { scope: "row", class: "name" }, breakable(f.label)),
                h("td", null, fieldValue(f, d)),
              ),
            ),
          h("tr", { class: "rule" }, h("th", { scope: "row" }, "chosen by"), h("td", null, d.source)),
          row("started", d.started && clock(d.started)),
          row(d.state === "running" ? "runs for" : "ran", ran === undefined || ran === null ? null : duration(ran)),
          row("worker", d.worker && [d.worker, d.device].filter(Boolean).join(" on ")),
          row("attempt", d.attempt > 1 ? String(d.attempt) : null),
        ),
      ),
      d.note ? h("p", { class: "note words" }, h("b", null, "Note: "), d.note) : "",
      h(
        "div",
        { class: "actions" },
        copyButton,
        compareButton(trialOf(d.number)),
        h("button", { class: "small", onclick: () => noteDialog(d.number).catch(e => notice(e.message, true)) }, "Note…"),
        h("button", { class: "small", onclick: () => enqueueDialog(d.params) }, "Enqueue a variant…"),
        d.state === "running" ? h("button", { class: "small", onclick: () => requeueDialog(d.number) }, "Requeue…") : null,
        d.state === "failed" ? h("button", { class: "small", onclick: () => retryDialog(d.number) }, "Retry…") : null,
        state.selected?.number === d.number
          ? h("button", { class: "small", onclick: () => select(state.selected) }, "Clear selection")
          : null,
      ),
    );
  };
  const update = async again => {
    const front = study.live?.front,
      fallback = front?.knee ?? front?.number[0];
    const wanted = state.selected?.number ?? fallback;
    const key = `${wanted} ${state.selected?.number} ${compared.includes(wanted)} ${study.notesWritten}`;
    if (wanted === undefined) {
      if (shown !== key) element.replaceChildren(h("p", { class: "note" }, "No trial has completed yet."));
      shown = key;
      return;
    }
    if (key === shown && !again) return;
    shown = key;
    const d = await detailOf(wanted, again).catch(() => null);
    if (d && shown === key) render(d);
  };
  charts.push({ mark: () => update(false) });
  // A trial that has ended changes no more.
  return { element, refresh: () => update(["running", "waiting"].includes(details.get(state.selected?.number)?.state)) };
}
