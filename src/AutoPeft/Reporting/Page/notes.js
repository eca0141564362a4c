// Notes that people wrote: one on the study, one on any trial.

/**
 * `read()` gives { study, trials: [{ number, text }] }; `write(number or null)` opens whatever lets a person write one, and is null where
 * nobody can.
 */
function notesSection(read, write) {
  const body = h("div"),
    section = h("section", { class: "panel", id: "notes" });
  const tools = write
    ? h(
        "div",
        { class: "tools" },
        h("button", { class: "small", onclick: () => write(null) }, "Note on the study…"),
        h(
          "button",
          {
            class: "small",
            onclick: () => {
              if (state.selected) write(state.selected.number);
              else announce("Select a trial first.");
            },
          },
          "Note on the selected trial…",
        ),
      )
    : null;
  let shown = null;
  const draw = () => {
    const notes = read(),
      key = JSON.stringify(notes);
    if (key === shown) return;
    shown = key;
    const edit = number =>
      write
        ? h(
            "button",
            {
              class: "small",
              "aria-label": number === null ? "Change the note on the study" : `Change the note on trial ${number}`,
              onclick: () => write(number),
            },
            "Change…",
          )
        : null;
    const entry = (head, text, number) =>
      h("div", { class: "entry" }, h("div", null, head, " ", edit(number)), h("p", { class: "words" }, text));
    body.replaceChildren(
      ...[
        notes.study ? entry(h("b", null, "The study"), notes.study, null) : null,
        ...notes.trials.map(n =>
          entry(h("button", { class: "link", onclick: () => select(trialOf(n.number)) }, `Trial ${n.number}`), n.text, n.number),
        ),
        !notes.study && notes.trials.length === 0 ? h("p", { class: "note" }, "No note yet.") : null,
      ].filter(Boolean),
    );
  };
  draw();
  charts.push({ draw });
  section.append(h("div", { class: "head" }, h("h2", null, "Notes"), tools ?? ""), body);
  return section;
}
