// Who runs what.

function workersSection() {
  const body = h("tbody"),
    section = h("section", { class: "panel", id: "workers" }, h("div", { class: "head" }, h("h2", null, "Workers")));
  const table = h(
    "div",
    { class: "tablewrap", tabindex: "0", role: "region", "aria-label": "Workers" },
    h(
      "table",
      { class: "data" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["worker", "device", "trial", "for", "step", "trials ended", "last sign", ""].map((name, i) =>
            h("th", { scope: "col", class: i < 2 ? "text" : null }, name || h("span", { class: "unseen" }, "actions")),
          ),
        ),
      ),
      body,
    ),
  );
  const none = h("p", { class: "note" }, "No worker has taken a trial yet.");
  section.append(table, none);
  const draw = () => {
    const now = Date.now() / 1000,
      list = study.live.workers;
    table.hidden = list.length === 0;
    none.hidden = list.length > 0;
    body.replaceChildren(
      ...list.map(w => {
        const running = w.trial !== undefined;
        return h(
          "tr",
          { class: running ? "" : "dim" },
          h("td", { class: "text" }, w.name),
          h("td", { class: "text" }, w.device ?? "–"),
          h(
            "td",
            null,
            running ? h("button", { class: "link", onclick: () => select(trialOf(w.trial)) }, String(w.trial)) : "idle",
            running && w.attempt > 1 ? h("span", { class: "badge", title: `attempt ${w.attempt}` }, `×${w.attempt}`) : null,
          ),
          h("td", null, running ? duration(Math.max(0, now - w.since)) : "–"),
          h("td", null, w.step === undefined ? "–" : grouped(w.step)),
          h("td", null, grouped(w.done)),
          h("td", { title: clock(w.seen) }, ago(now - w.seen)),
          h(
            "td",
            null,
            running
              ? h(
                  "button", { class: "small", "aria-label": `Requeue trial ${w.trial}`, onclick: () => requeueDialog(w.trial) },
                  "Requeue…")
              : null,
          ),
        );
      }),
    );
  };
  charts.push({ draw });
  setInterval(() => {
    if (study.live && !document.hidden && !section.contains(document.activeElement)) draw();
  }, 1000);
  return section;
}

function ago(seconds) {
  if (seconds < 2) return "now";
  return seconds < 100 ? `${Math.round(seconds)} s ago` : `${duration(seconds)} ago`;
}
