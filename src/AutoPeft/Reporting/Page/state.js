// What is hovered and selected, for all charts of a page together: the report's and the dashboard's.

const state = { hover: null, selected: null };

/** Charts, and other parts of the page: each may have draw() for everything and mark() for the highlights only. */
const charts = [];

let waiting = new Set();
function later(what) {
  if (waiting.size === 0)
    requestAnimationFrame(() => {
      const now = waiting;
      waiting = new Set();
      for (const f of now) f();
    });
  waiting.add(what);
}

const markAll = () => {
  for (const c of charts) c.mark?.();
};
const drawAll = () => {
  for (const c of charts) c.draw?.();
  markAll();
};

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

const better = (o, a, b) => (o.minimize ? a < b : a > b);
