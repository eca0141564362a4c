// What the brushes of the parallel coordinates let through, for all charts together.

state.brushed = null;

/** While a brush is being dragged: charts draw a sample, or wait (`patient`), so that the hand is followed. */
let dragging = false,
  settle = 0;

/** `set` holds the trials that the brushes let through, or is null. */
function brush(set) {
  state.brushed = set;
  clearTimeout(settle);
  if (sheet.trials.length <= 400) {
    later(drawAll);
    return;
  }
  dragging = true;
  later(drawQuick);
  settle = setTimeout(() => {
    dragging = false;
    drawAll();
  }, 180);
}

function drawQuick() {
  for (const c of charts) if (!c.patient) c.draw();
  markAll();
}

const dimmed = t => state.brushed !== null && !state.brushed.has(t);
