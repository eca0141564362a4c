// The dashboard's sheet: the completed trials with their configurations, or a sample of them, fetched when a chart of parameters comes into
// view.

const fetched = { sheet: null, at: 0 };

/** The sheet, once it is there. */
function sheetReady() {
  return (fetched.sheet ??= fetchSheet());
}

async function fetchSheet() {
  const got = await get(`${study.base}/sample`);
  const completed = got.rows.map(([number, order, values, codes, infeasible]) =>
    Object.assign(trialOf(number), { order, values: values.map(real), codes, infeasible, done: true, state: "completed" }),
  );
  fetched.at = performance.now();
  changeSheet({ trials: completed, completed, of: got.of, objectives: objectivesOf(study.objectives, completed) });
}

/** Fetches it anew where a fiftieth more trials have completed, and not more often than every five seconds. */
async function refreshSheet() {
  const more = study.live.counts.completed - sheet.of;
  if (!fetched.sheet || more <= 0 || more < sheet.of / 50 || performance.now() - fetched.at < 5000) return;
  await fetchSheet();
}

const TimelineSlices = { 1: 1, 0.1: 10, 0.01: 100 };

/** The bars of the timeline. */
async function barsOf(part) {
  const got = await get(`${study.base}/timeline?slices=${TimelineSlices[part]}`);
  return {
    ...got,
    bars: got.bars.map(([number, worker, state, from, to, weight]) => ({
      t: trialOf(number),
      worker,
      state: StateNames[state],
      from,
      to: to ?? undefined,
      weight,
    })),
  };
}

/** A window of the trial table. */
async function rowsOf({ sort, down, only, offset, limit }) {
  const got = await get(`${study.base}/trials?sort=${sort}&down=${Number(down)}&only=${only}&offset=${offset}&limit=${limit}`);
  return {
    total: got.total,
    rows: got.rows.map(([number, state, attempt, started, finished, seconds, values, codes, device, error, note]) => ({
      number,
      state: StateNames[state],
      attempt,
      seconds,
      values: values.map(real),
      codes,
      device,
      error,
      note,
    })),
  };
}

/** Winner and importance, analysed by the server when somebody looks at them, and again when a tenth more trials have completed. */
function insightSection() {
  const section = h("section", { class: "panel", id: "insight" }),
    parts = h("div");
  let of = 0;
  const fill = async () => {
    const got = await get(`${study.base}/insight`);
    of = got.completed;
    const winner = got.winner?.length ? winnerSection(got.winner) : null,
      importance = got.importance?.length ? importanceSection(got.importance) : null;
    parts.replaceChildren(...[winner, importance].filter(Boolean));
    for (const part of parts.children) part.classList.remove("panel");
    if (!winner && !importance)
      parts.replaceChildren(h("h2", null, "Winner and importance"), h("p", { class: "note" }, "No trial has completed yet."));
    later(drawAll);
  };
  section.append(parts);
  section.refresh = async () => {
    if (study.live.counts.completed > of * 1.1) await fill();
  };
  return fill().then(() => section);
}

/** The trials that the comparison starts with: the knee and the best by each objective. */
function worthComparing() {
  const front = study.live.front;
  const best = study.objectives.map((o, i) =>
    front.number.reduce((b, _, k) => (b < 0 || better(o, real(front.values[k][i]), real(front.values[b][i])) ? k : b), -1),
  );
  return [front.knee, ...best.filter(k => k >= 0).map(k => front.number[k])].filter(n => n !== undefined);
}
