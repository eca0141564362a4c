// Elements and numbers. Text from the study only ever becomes a text node: nothing here parses HTML.

/** The SVG namespace, taken from the page so that the script names no address. */
const SVG = document.getElementById("ns").namespaceURI;

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
  return element;
}

/** An HTML element: h("td", { class: "text" }, "words", child). */
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** JSON has no NaN and no infinity: they come as texts. */
const real = v => (v === null || v === undefined ? NaN : Number(v));

const $ = id => document.getElementById(id);
const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Hands a file to the browser to be saved. */
function save(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name.replace(/[^\w.-]+/g, "_") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Lines of comma-separated values (RFC 4180). */
const csv = rows =>
  rows
    .map(
      r =>
        r
          .map(v => (v === null || v === undefined ? "" : /[",\r\n]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : String(v)))
          .join(",") + "\r\n",
    )
    .join("");

const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const shorten = (text, n) => (text.length > n ? text.slice(0, n - 1) + "…" : text);
const plural = (n, one, many = one + "s") => `${grouped(n)} ${n === 1 ? one : many}`;

/** 1234567 as 1,234,567. */
function grouped(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A value for people: whole numbers in full, others with `digits` significant ones. */
function number(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) return "not a number";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return (x < 0 ? "−" : "") + grouped(Math.abs(x));
  const size = Math.abs(x);
  let text;
  if (size >= 1e6 || size < 1e-4)
    text = x
      .toExponential(digits - 1)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  else if (size >= 10 ** (digits - 1)) text = (x < 0 ? "-" : "") + size.toFixed(1).replace(/\d+/, grouped);
  else
    text = x
      .toPrecision(digits)
      .replace(/(\.\d*?)0+$/, "$1")
      .replace(/\.$/, "");
  return text.replace(/^-/, "−");
}

/** A name that may be broken after its underscores, dots and slashes. */
const breakable = name => name.split(/(?<=[_./-])/).flatMap((part, i) => (i ? [h("wbr"), part] : [part]));

/** A value for a tile or an axis: 1.23M, 45.6k, 0.0123, 1e-5; thousands become k from `kilo` on. */
function brief(x, digits = 3, kilo = 1e4) {
  const size = Math.abs(x);
  if (!Number.isFinite(x) || size === 0) return number(x, digits);
  const sign = x < 0 ? "−" : "";
  for (const [unit, letter] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ]) {
    if (size >= 1e15) break;
    if (size >= (unit === 1e3 ? kilo : unit)) return sign + trimmed((size / unit).toPrecision(digits)) + letter;
  }
  if (size >= 1e15 || size < 1e-4)
    return (
      sign +
      size
        .toExponential(digits - 1)
        .replace(/\.?0+e/, "e")
        .replace("e+", "e")
    );
  return Number.isInteger(x) ? sign + grouped(size) : sign + trimmed(size.toPrecision(digits));
}

function trimmed(text) {
  return text.includes("e") ? String(Number(text)) : text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

/** 192.4 as "3 min 12 s". */
function duration(seconds) {
  if (seconds === undefined || seconds === null) return "not known";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
  return `${(whole / 86400).toFixed(1)} days`;
}

/** Puts text on the clipboard, and says so in the button for a moment. */
async function copy(text, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without permission, as in some viewers: the old way.
    const area = h("textarea", { class: "unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
  }
  const before = button.textContent;
  button.textContent = done ? "Copied" : "Not allowed here";
  announce(button.textContent);
  setTimeout(() => {
    button.textContent = before;
  }, 1400);
}

/** Says something to a screen reader. */
function announce(text) {
  $("live").textContent = text;
}

function choice(label, options, value, onchange) {
  const select = h(
    "select",
    { "aria-label": label, onchange: () => onchange(select.value) },
    options.map(([key, text]) => h("option", { value: key }, shorten(text, 40))),
  );
  select.value = value;
  return h("label", null, label, select);
}

function tick(label, checked, onchange) {
  const box = h("input", { type: "checkbox", onchange: () => onchange(box.checked) });
  box.checked = checked;
  return h("label", null, box, label);
}
