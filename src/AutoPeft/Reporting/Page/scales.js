// Scales from values to pixels, ticks that people would choose, and a few robust statistics.

function quantile(sorted, q) {
  if (sorted.length === 0) return NaN;
  const at = (sorted.length - 1) * q,
    low = Math.floor(at);
  const part = at - low;
  return part === 0 ? sorted[low] : sorted[low] * (1 - part) + sorted[low + 1] * part;
}

const ascending = values => Float64Array.from(values).sort();
const median = values => quantile(ascending(values), 0.5);

/**
 * The nearest number that is finite: positions are computed from it, and half of the largest double plus half of it is the largest double.
 */
const finiteNumber = x => clamp(x, -Number.MAX_VALUE, Number.MAX_VALUE);

/** The power of two that brings values to where differences neither overflow nor vanish; 1 for values of usual size. */
function usualSize(low, high) {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  return largest > 1e150 ? 2 ** -600 : largest > 0 && largest < 1e-150 ? 2 ** 600 : 1;
}

/** 1, 2 or 5 times a power of ten, about `count` of them in [low, high]. */
function linearTicks(low, high, count) {
  if (!(high > low)) return [low];
  const raw = high / Math.max(1, count) - low / Math.max(1, count),
    power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find(m => m * power >= raw * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9),
    ticks = [];
  // A step that is lost in the digits of its multiples makes no ticks: the ends have to do.
  if (!(step > 0) || !Number.isFinite(step) || !(Math.abs(first) < 2 ** 50)) return [low, high];
  for (let i = first, last = finiteNumber(high + step * 1e-9); i * step <= last; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

function logTicks(low, high, count) {
  const span = Math.log10(high) - Math.log10(low);
  const within = factors => {
    const ticks = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const f of factors) {
        const v = Number(`${f}e${e}`);
        if (v >= low * 0.9999 && v <= high * 1.0001 && v > 0 && Number.isFinite(v)) ticks.push(v);
      }
    return ticks;
  };
  for (const factors of [
    [1, 2, 3, 5, 7],
    [1, 2, 5],
    [1, 3],
  ]) {
    const ticks = within(factors);
    if (ticks.length <= count && ticks.length >= 2) return ticks;
  }
  const decades = within([1]);
  if (decades.length >= 2) {
    const stride = Math.ceil(decades.length / Math.max(2, count));
    return decades.filter((_, i) => i % stride === 0);
  }
  return span < 0.8 ? linearTicks(low, high, count) : within([1, 3]);
}

/** Tick labels with as many decimals as their step needs. */
function tickLabels(ticks, log) {
  const largest = Math.max(...ticks.map(Math.abs));
  if (log || largest >= 1e4 || largest < 1e-3 || ticks.length < 2) return ticks.map(t => brief(t, 3, largest >= 1e4 ? 1e3 : 1e4));
  const step = Math.min(...ticks.slice(1).map((t, i) => Math.abs(t - ticks[i])));
  const decimals = clamp(-Math.floor(Math.log10(step) + 1e-9), 0, 8);
  return ticks.map(t => t.toFixed(decimals).replace(/^-/, "−"));
}

/**
 * A numeric scale: `map` to pixels, `unit` to [0, 1] clamped. On a log scale 0 has a place of its own below the smallest positive value,
 * so that a configuration without any trainable parameters can be drawn.
 */
function scale({ low, high, log, zero }, from, to) {
  // Over a range so narrow that its logarithms have no digits left between them, a log scale is linear.
  const curved = log && Math.log(high) - Math.log(low) > 1e-6,
    narrow = log && !curved && high > low;
  const by = log ? 1 : usualSize(low, high),
    f = narrow || !log ? x => x * by : Math.log,
    back = narrow || !log ? y => finiteNumber(y / by) : y => finiteNumber(Math.exp(y));
  let a = f(low),
    b = f(high);
  if (!(b > a)) [a, b] = log ? [a - 0.35, b + 0.35] : [a - (Math.abs(a) * 0.05 || 0.5), b + (Math.abs(b) * 0.05 || 0.5)];
  if (zero) a -= (b - a) * 0.09;
  const unit = v => (log && v <= 0 ? 0 : (f(v) - a) / (b - a));
  const inverse = u => back(a + u * (b - a));
  return {
    log,
    map: v => from + clamp(unit(v), -0.008, 1.008) * (to - from),
    unit: v => clamp(unit(v), 0, 1),
    inverse,
    beyond: v => unit(v) > 1.001 || unit(v) < -0.001,
    ticks(count) {
      const lo = inverse(zero ? 0.09 : 0),
        hi = inverse(1);
      const values = log ? logTicks(lo, hi, count) : linearTicks(lo, hi, count);
      const labels = tickLabels(values, log);
      const ticks = values.map((v, i) => ({ v, label: labels[i] }));
      return zero ? [{ v: 0, label: "0" }, ...ticks] : ticks;
    },
  };
}

/**
 * The range to show of some values: all of them, unless a few lie so far out (a run that diverged) that they would flatten the rest; then
 * the bulk, and `outside` counts those left out.
 * `keep` holds values that must be inside: the front.
 */
function range(values, keep, log) {
  let finite = ascending(values.filter(Number.isFinite));
  if (finite.length === 0) return null;
  const zero = log && finite[0] <= 0;
  if (log) finite = finite.filter(v => v > 0);
  if (finite.length === 0) return null;
  const f = log ? Math.log : x => x;
  let low = finite[0],
    high = finite[finite.length - 1];
  if (finite.length >= 8) {
    const inside = keep.filter(v => Number.isFinite(v) && (!log || v > 0));
    const lowBulk = Math.min(quantile(finite, 0.06), ...inside),
      highBulk = Math.max(quantile(finite, 0.94), ...inside);
    const bulk = f(highBulk) - f(lowBulk);
    if (bulk > 0) {
      const near = finite.filter(v => f(v) <= f(highBulk) + 3 * bulk && f(v) >= f(lowBulk) - 3 * bulk);
      [low, high] = [near[0], near[near.length - 1]];
    }
  }
  const outside = finite.filter(v => v < low || v > high).length;
  return { low, high, log, zero, outside };
}

/** The same range with a margin, so that marks at its ends are whole. */
function padded(r, share = 0.04) {
  if (!r || !(r.high > r.low)) return r;
  if (r.log) {
    const pad = (Math.log(r.high) - Math.log(r.low)) * share;
    return { ...r, low: Math.max(r.low * Math.exp(-pad), Number.MIN_VALUE), high: finiteNumber(r.high * Math.exp(pad)) };
  }
  const pad = r.high * share - r.low * share;
  return { ...r, low: finiteNumber(r.low - pad), high: finiteNumber(r.high + pad) };
}

/**
 * Running quartiles of y along u in [0, 1]: at each of `count` + 1 places the points within 6 % of the axis; where these are few, more of
 * the nearest up to 15 %, and three in any case;
 * then each is averaged with its neighbours. Points { u, y } come sorted by u.
 */
function running(points, count = 48) {
  const n = points.length;
  if (n < 10) return [];
  const least = Math.min(n, Math.max(9, Math.ceil(n / 12))),
    result = [];
  let a = 0,
    b = 0;
  for (let k = 0; k <= count; k++) {
    const u = points[0].u + (k / count) * (points[n - 1].u - points[0].u);
    while (a < n && points[a].u < u - 0.06) a++;
    while (b < n && points[b].u <= u + 0.06) b++;
    let from = Math.min(a, b),
      to = b;
    while (to - from < least) {
      const left = from > 0 ? u - points[from - 1].u : Infinity,
        right = to < n ? points[to].u - u : Infinity;
      if (Math.min(left, right) > 0.15 && to - from >= 3) break;
      if (left <= right) from--;
      else to++;
    }
    const ys = ascending(points.slice(from, to).map(p => p.y));
    result.push({ u, low: quantile(ys, 0.25), mid: quantile(ys, 0.5), high: quantile(ys, 0.75) });
  }
  const mean = (key, i) => {
    const near = result.slice(Math.max(0, i - 1), i + 2);
    return near.reduce((sum, r) => sum + r[key], 0) / near.length;
  };
  return result.map(({ u }, i) => ({ u, low: mean("low", i), mid: mean("mid", i), high: mean("high", i) }));
}

/** Ranks with ties averaged. */
function ranks(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]),
    out = new Float64Array(values.length);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1]] === values[order[i]]) j++;
    for (let k = i; k <= j; k++) out[order[k]] = (i + j) / 2;
    i = j + 1;
  }
  return out;
}

/**
 * Share of the variance of y's ranks that lies between groups, corrected for the number of groups (ε², Kelley 1935): 0 where the groups
 * tell nothing, 1 where they tell all.
 */
function strength(groups, ys) {
  const n = ys.length,
    k = new Set(groups).size;
  if (n < 4 || k < 2 || n <= k) return 0;
  const r = ranks(ys),
    sum = new Map(),
    count = new Map();
  let total = 0;
  const mean = (n - 1) / 2;
  for (let i = 0; i < n; i++) {
    sum.set(groups[i], (sum.get(groups[i]) ?? 0) + r[i]);
    count.set(groups[i], (count.get(groups[i]) ?? 0) + 1);
    total += (r[i] - mean) ** 2;
  }
  if (total === 0) return 0;
  let between = 0;
  for (const [g, c] of count) between += c * (sum.get(g) / c - mean) ** 2;
  return clamp(1 - (total - between) / (n - k) / (total / (n - 1)), 0, 1);
}

/** A number in [−1, 1] that only depends on the trial, to spread points that share a value. */
const jitter = n => (Math.imul(n + 1, 2654435761) >>> 8) / 8388608 - 1;
