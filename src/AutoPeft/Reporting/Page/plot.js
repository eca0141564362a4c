// The frame of a chart: a canvas for the many marks, an SVG above it for axes, lines, text and highlights.

const textMeter = document.createElement("canvas").getContext("2d");
function textWidth(text, size = 11.5, weight = 400) {
  textMeter.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return textMeter.measureText(text).width;
}

class Plot {
  /**
   * `paint(plot)` draws into plot.ctx and plot.base within plot.left … plot.right and plot.top … plot.bottom.
   * `paintMarks(plot)` draws highlights into plot.marks. `hits` lists { x, y, t } for the pointer; `walk` the trials in the order of the
   * arrow keys.
   */
  constructor({ label, height, paint, paintMarks, reach = 22 }) {
    Object.assign(this, { label: label.split(".")[0], height, paint, paintMarks, reach, hits: [], walk: [] });
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.base = s("g");
    this.marks = s("g", { "pointer-events": "none" });
    // Stays between drawings: what holds the pointer or the focus must not be replaced under it.
    this.handles = s("g");
    this.svg = s("svg", { role: "img", "aria-label": label }, this.base, this.marks, this.handles);
    const png = h(
      "button",
      {
        class: "small png",
        title: "Save as PNG",
        "aria-label": `Save as PNG: ${this.label}`,
        onkeydown: e => e.stopPropagation(),
        onclick: e => {
          e.stopPropagation();
          this.savePng();
        },
      },
      "PNG",
    );
    this.element = h("div", { class: "plot", role: "group", "aria-label": label, tabindex: "0" }, this.canvas, this.svg, png);
    this.listen();
    charts.push(this);
    new ResizeObserver(() => {
      if (this.element.clientWidth !== this.width) later(this.redraw);
    }).observe(this.element);
    new IntersectionObserver(
      entries => {
        this.onscreen = entries[entries.length - 1].isIntersecting;
        if (this.onscreen && this.stale) later(this.redraw);
      },
      { rootMargin: "200px" },
    ).observe(this.element);
  }

  /** Saves the chart as a PNG, twice as fine as on the screen: the canvas below, and the SVG above it with its styles written out. */
  async savePng() {
    this.draw(true);
    this.mark();
    const { width, height } = this.full,
      copy = this.svg.cloneNode(true);
    const from = [this.svg, ...this.svg.querySelectorAll("*")],
      to = [copy, ...copy.querySelectorAll("*")];
    from.forEach((node, i) => {
      const seen = getComputedStyle(node);
      for (const name of [
        "fill",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "opacity",
        "font-family",
        "font-size",
        "font-weight",
        "text-anchor",
        "visibility",
      ])
        to[i].style.setProperty(name, seen.getPropertyValue(name));
    });
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    await image.decode();
    const canvas = h("canvas", { width: 2 * width, height: 2 * height }),
      ctx = canvas.getContext("2d");
    ctx.fillStyle = getComputedStyle(this.element.closest(".panel") ?? document.body).backgroundColor;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(this.canvas, 0, 0, canvas.width, canvas.height);
    ctx.drawImage(image, 0, 0, canvas.width, canvas.height);
    save(`${this.label}.png`, await new Promise(done => canvas.toBlob(done, "image/png")));
  }

  redraw = () => {
    this.draw();
    this.mark();
  };

  /** Draws if it is on screen, else when it comes there; `now` draws in any case. */
  draw(now = false) {
    this.width = this.element.clientWidth;
    const height = typeof this.height === "function" ? this.height(this.width) : this.height;
    this.element.style.height = `${height}px`;
    this.stale = this.width < 40 || !(now || this.onscreen);
    if (this.stale) return;
    const ratio = window.devicePixelRatio || 1;
    this.full = { width: this.width, height };
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = this.svg.style.width = `${this.width}px`;
    this.canvas.style.height = this.svg.style.height = `${height}px`;
    this.ctx = this.canvas.getContext("2d");
    this.ctx.scale(ratio, ratio);
    // One device pixel: thousands of lines of this width are drawn twenty times faster than wider ones.
    this.hairline = 1 / ratio;
    this.base.replaceChildren();
    this.hits = [];
    this.paint(this);
    this.drawn = true;
  }

  mark() {
    if (!this.drawn || !this.paintMarks) return;
    this.marks.replaceChildren();
    this.paintMarks(this);
  }

  inset(left, top, right, bottom) {
    this.left = left;
    this.top = top;
    this.right = this.full.width - right;
    this.bottom = this.full.height - bottom;
  }

  text(x, y, text, attributes) {
    const node = s("text", { x, y, ...attributes }, text);
    this.base.append(node);
    return node;
  }

  /** A straight line; grid lines go beneath the marks. */
  line(x1, y1, x2, y2, kind) {
    if (kind === "grid") {
      this.ctx.strokeStyle = style("--grid");
      this.ctx.lineWidth = 1;
      this.ctx.beginPath();
      this.ctx.moveTo(x1, y1);
      this.ctx.lineTo(x2, y2);
      this.ctx.stroke();
      return;
    }
    this.base.append(s("line", { x1, y1, x2, y2, class: kind }));
  }

  /** Ticks for counts and steps: whole numbers only. */
  wholeTicks(sx) {
    return sx
      .ticks(Math.max(2, Math.floor((this.right - this.left) / 75)))
      .filter(t => Number.isInteger(t.v))
      .map(({ v }) => ({ v, label: brief(v) }));
  }

  axisX(sx, label, ticks = sx.ticks(Math.max(2, Math.floor((this.right - this.left) / 75)))) {
    let free = -Infinity;
    for (const { v, label: text } of ticks) {
      const x = sx.map(v);
      this.line(x, this.top, x, this.bottom, "grid");
      const half = textWidth(text) / 2,
        at = clamp(x, half, this.full.width - half);
      if (at - half < free) continue;
      free = at + half + 8;
      this.text(at, this.bottom + 17, text, { "text-anchor": "middle" });
    }
    this.line(this.left, this.bottom, this.right, this.bottom, "axis");
    if (label) this.text(this.right, this.bottom + 36, label, { "text-anchor": "end", class: "strong" });
  }

  axisY(sy, label, kind = "strong", ticks = sy.ticks(Math.max(2, Math.floor((this.bottom - this.top) / 48)))) {
    for (const { v, label: text } of ticks) {
      const y = sy.map(v);
      this.line(this.left, y, this.right, y, "grid");
      this.text(this.left - 8, y + 4, text, { "text-anchor": "end" });
    }
    if (label) this.text(0, this.top - 14, shorten(label, Math.floor(this.full.width / 7)), { class: kind });
  }

  /** The nearest mark within reach of the pointer, or null. */
  nearest(x, y, reach = this.reach) {
    let best = null,
      least = reach * reach;
    for (const hit of this.hits) {
      const d = (hit.x - x) ** 2 + (hit.y - y) ** 2;
      // Of two marks at the same place the one on the front is meant.
      if (d < least || (d === least && hit.t.onFront)) [best, least] = [hit, d];
    }
    return best;
  }

  listen() {
    const at = e => {
      const b = this.svg.getBoundingClientRect();
      return this.nearest(e.clientX - b.left, e.clientY - b.top);
    };
    this.svg.addEventListener("pointermove", e => {
      const hit = at(e);
      this.svg.classList.toggle("clickable", hit !== null);
      hover(hit?.t ?? null);
      if (hit) showTip(hit.t, e.clientX, e.clientY);
      else hideTip();
    });
    this.svg.addEventListener("pointerleave", () => {
      hover(null);
      hideTip();
    });
    this.svg.addEventListener("click", e => {
      const hit = at(e);
      if (hit) select(hit.t);
    });
    this.element.addEventListener("keydown", e => {
      if (e.key === "Escape") {
        hover(null);
        hideTip();
        return;
      }
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
      const order = this.walk;
      if (e.key === "Enter" && (this.cursor ?? state.hover)) {
        e.preventDefault();
        select(this.cursor ?? state.hover);
      }
      if (!step || order.length === 0) return;
      e.preventDefault();
      const now = order.indexOf(this.cursor ?? state.selected);
      const next = order[now < 0 ? (step > 0 ? 0 : order.length - 1) : (now + step + order.length) % order.length];
      this.cursor = next;
      hover(next);
      announce(`Trial ${next.number}. ${summary(next)}`);
      const hit = this.hits.find(p => p.t === next),
        box = this.svg.getBoundingClientRect();
      if (hit) showTip(next, box.left + hit.x, box.top + hit.y);
    });
    this.element.addEventListener("blur", () => {
      this.cursor = null;
      hover(null);
      hideTip();
    });
  }

  /** Rings around the hovered and the selected trial, wherever this chart has them. */
  rings(radius = 8) {
    for (const [t, kind] of [
      [state.selected, "selectring"],
      [state.hover, "hoverring"],
    ]) {
      if (!t) continue;
      for (const hit of this.hits) if (hit.t === t) this.marks.append(s("circle", { cx: hit.x, cy: hit.y, r: radius, class: kind }));
    }
  }
}

/**
 * Of tens of thousands of marks most cover each other: says whether five lie at this pixel already, which as many more would not change.
 */
function coverage() {
  const taken = new Map();
  return (x, y, marks) => {
    if (marks < 8000) return false;
    const key = Math.round(x) * 65536 + Math.round(y),
      n = (taken.get(key) ?? 0) + 1;
    taken.set(key, n);
    return n > 5;
  };
}

const LabelSlant = (35 * Math.PI) / 180;

/** The room below an axis that its slanted labels take. */
const slantRoom = labels => 24 + Math.max(...labels.map(l => textWidth(l))) * Math.sin(LabelSlant);

/** A label below an axis, slanted and ending at x; cut where it would leave the chart at the left. */
function slantedLabel(p, x, label) {
  let text = label;
  while (text.length > 3 && textWidth(text) * Math.cos(LabelSlant) + 8 > x + 4) text = shorten(text, text.length - 1);
  p.text(x + 4, p.bottom + 14, text, { "text-anchor": "end", transform: `rotate(-35 ${x + 4} ${p.bottom + 14})` });
}

/** A cross, for what has failed. */
function cross(x, y, r = 3.5) {
  return `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`;
}

/** Axis titles with the direction that is better. */
const rightward = (o, limit = 40) => (o.minimize ? `← better · ${shorten(o.name, limit)}` : `${shorten(o.name, limit)} · better →`);
const upward = (o, limit = 40) => `${shorten(o.name, limit)} · better ${o.minimize ? "↓" : "↑"}`;
