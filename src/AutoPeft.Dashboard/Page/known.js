// The study that is shown, and its trials as far as the page knows them.

/** The study: its definition, what changes of it, and what was made of both. */
const study = { base: "", definition: null, live: null, fields: [], objectives: [], parameters: [], front: new Set(), notesWritten: 0 };

/**
 * One object a trial, so that charts recognise it in each other: { number, values?, onFront }. Forgotten when the points are fetched anew.
 */
let known = new Map();
function trialOf(number) {
  let t = known.get(number);
  if (!t) {
    t = { number };
    known.set(number, t);
  }
  t.onFront = study.front.has(number);
  return t;
}

function forgetTrials() {
  known = new Map([...sheet.trials, state.hover, state.selected].filter(Boolean).map(t => [t.number, t]));
}
