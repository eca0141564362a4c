// What is shown, hovered and selected, for all parts of the page together.

/** The study: its definition, what changes of it, and what was made of both. */
const study = { base: "", definition: null, live: null, fields: [], objectives: [], parameters: [], front: new Set() };

const state = { hover: null, selected: null };

/** Parts of the page: each may have draw() for everything and mark() for the highlights only. */
const charts = [];

let waiting = new Set();
function later(what) {
  if (waiting.size === 0) requestAnimationFrame(() => {
    const now = waiting;
    waiting = new Set();
    for (const f of now) f();
  });
  waiting.add(what);
}

const markAll = () => { for (const c of charts) c.mark?.(); };
const drawAll = () => { for (const c of charts) c.draw?.(); markAll(); };

/** One object a trial, so that charts recognise it in each other: { number, values?, onFront }. Forgotten when the points are fetched anew. */
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
  known = new Map([state.hover, state.selected].filter(Boolean).map(t => [t.number, t]));
}

function hover(t) {
  if (state.hover === t) return;
  state.hover = t;
  later(markAll);
}

function select(t) {
  state.selected = state.selected === t ? null : t;
  if (state.selected) announce(`Trial ${t.number} selected. ${summary(t)}`);
  later(markAll);
}

const StateNames = ["waiting", "running", "completed", "failed", "pruned", "paused"];
const better = (o, a, b) => (o.minimize ? a < b : a > b);
