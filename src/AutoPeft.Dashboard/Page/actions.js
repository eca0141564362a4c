// What a person can do to a study.

function dialog(title, content, verb, act) {
  const problem = h("p", { class: "problem", role: "alert" });
  const go = h("button", { class: "primary", type: "submit" }, verb),
    cancel = h("button", { type: "button", onclick: () => box.close() }, "Cancel");
  const box = h(
    "dialog",
    { "aria-label": title, onclose: () => box.remove() },
    h(
      "form",
      {
        onsubmit: async e => {
          e.preventDefault();
          go.disabled = true;
          problem.textContent = "";
          try {
            const said = await act();
            announce(said);
            box.close();
            notice(said);
          } catch (error) {
            problem.textContent =
              error instanceof Refused || error instanceof SyntaxError ? error.message : "The dashboard does not answer.";
          } finally {
            go.disabled = false;
          }
        },
      },
      h("h2", null, title),
      content,
      problem,
      h("div", { class: "actions" }, go, cancel),
    ),
  );
  document.body.append(box);
  box.showModal();
}

/** A line that goes away by itself. */
function notice(text, bad = false) {
  const box = h("div", { class: bad ? "notice bad" : "notice", role: "status" }, text);
  document.body.append(box);
  setTimeout(() => box.remove(), 5000);
}

function requeueDialog(trial) {
  dialog(
    `Requeue trial ${trial}?`,
    h(
      "p",
      { class: "note" },
      "It goes back to the queue and another worker runs it. Do this when its worker is gone; a worker that still runs it may lose " +
        "its result.",
    ),
    "Requeue",
    async () => {
      await post(`${study.base}/requeue`, { trials: [trial], reason: "requeued from the dashboard" });
      return `Trial ${trial} is back in the queue.`;
    },
  );
}

function retryDialog(trial) {
  dialog(
    `Retry trial ${trial}?`,
    h("p", { class: "note" }, "It waits for a worker again, as a new attempt. Whatever the failed attempt still says is refused."),
    "Retry",
    async () => {
      await post(`${study.base}/requeue`, { trials: [trial] });
      return `Trial ${trial} waits to be run again.`;
    },
  );
}

function enqueueDialog(params) {
  const area = h("textarea", { rows: "14", spellcheck: "false", "aria-label": "Configuration as JSON" });
  area.value = JSON.stringify(params ?? {}, null, 2);
  dialog(
    "Enqueue a configuration",
    [
      h(
        "p",
        { class: "note" },
        "Names and values of every active parameter, as JSON. It runs before what the sampler would propose, and counts towards the" +
          " budget; a budget that is used up grows by one.",
      ),
      area,
    ],
    "Enqueue",
    async () => {
      const said = await post(`${study.base}/enqueue`, { params: JSON.parse(area.value) });
      return `Trial ${said.number} waits to be run.`;
    },
  );
}

async function setPaused(paused) {
  try {
    await post(`${study.base}/${paused ? "pause" : "resume"}`, {});
    notice(paused ? "Paused: what runs goes on to its end, and nothing new is started." : "Resumed.");
  } catch (error) {
    notice(error instanceof Refused ? error.message : "The dashboard does not answer.", true);
  }
}

/** A note on a trial, or with null on the study. */
async function noteDialog(number) {
  const now = number === null ? study.live.notes.study : (await detailOf(number, true)).note;
  const area = h("textarea", { rows: "8", maxlength: "4000", "aria-label": "Note" });
  area.value = now ?? "";
  dialog(
    number === null ? "Note on the study" : `Note on trial ${number}`,
    [h("p", { class: "note" }, "It is written into the study's log, and the report shows it. An empty one takes it away."), area],
    "Write",
    async () => {
      await post(`${study.base}/note`, number === null ? { text: area.value } : { trial: number, text: area.value });
      if (number !== null) details.delete(number);
      study.notesWritten++;
      later(markAll);
      return area.value.trim() ? "The note is written." : "The note is gone.";
    },
  );
}
