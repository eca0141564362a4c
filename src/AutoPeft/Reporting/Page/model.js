// The study as the page's data has it, made ready for charts.

const data = JSON.parse($("data").textContent);

const parameters = data.space.parameters;
const trials = data.trials.map(t => ({
  ...t,
  values: t.values?.map(real),
  partial: t.partial?.map(real),
  outcomes: t.outcomes?.map(real),
  done: t.state === "completed",
}));
const completed = data.completed.map(n => trials[n]);
completed.forEach((t, i) => {
  t.order = i + 1;
});
const front = data.front.map(n => trials[n]);
for (const t of front) t.onFront = true;
if (data.knee !== undefined) trials[data.knee].knee = true;

const objectives = objectivesOf(
  data.objectives.map(o => ({ ...o, minimize: o.direction === "minimize" })),
  completed,
);
const fields = fieldsOf(parameters);
Object.assign(sheet, { parameters, fields, objectives, outcomes: data.outcomes });
Object.assign(sheet, { trials, completed: sampleOf(completed), of: completed.length });

/** The range of an objective over everything that the report draws; cached per scale. */
function objectiveRange(o, log = o.log) {
  o.ranges ??= {};
  return (o.ranges[log] ??= rangeOver(o, completed, trials, log));
}

/** A trial by its number. */
const trialOf = number => trials[number];

/** The best feasible trial by one objective. */
function bestBy(o) {
  let best = null;
  for (const t of completed) {
    const v = t.values[o.index];
    if (t.infeasible || !Number.isFinite(v)) continue;
    if (best === null || better(o, v, best.values[o.index]) || (v === best.values[o.index] && t.onFront && !best.onFront)) best = t;
  }
  return best;
}

/** The configuration as the ask-tell protocol writes it: active parameters only. */
function configuration(t) {
  return Object.fromEntries(
    parameters.map((p, i) => [p.name, t.codes[i] === null ? null : decode(p, t.codes[i])]).filter(([, v]) => v !== null),
  );
}

const stateCount = state => trials.filter(t => t.state === state).length;
