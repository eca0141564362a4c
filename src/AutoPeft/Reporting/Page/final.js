// The final evaluation: was the search worth it?

function finalSection() {
  if (!data.final) return null;
  const { metric, higherIsBetter } = data.final;
  const rows = data.final.rows.map(r => ({
    ...r,
    share: real(r.share),
    mean: real(r.mean),
    sd: real(r.sd),
    dev: r.dev === undefined ? NaN : real(r.dev),
  }));
  const finiteRows = rows.filter(r => Number.isFinite(r.mean));
  // The highest of several test scores owes its height to luck in part: what is chosen is chosen by dev.
  const searched = rows.filter(r => !r.baseline && Number.isFinite(r.dev));
  const chosen = searched.reduce((a, b) => (a === null || (higherIsBetter ? b.dev > a.dev : b.dev < a.dev) ? b : a), null);
  const spread = r => (Number.isFinite(r.sd) ? r.sd : 0);
  const low = Math.min(...finiteRows.map(r => r.mean - spread(r))),
    high = Math.max(...finiteRows.map(r => r.mean + spread(r)));
  // As many decimals as the standard deviations carry.
  const sds = finiteRows.map(spread).filter(v => v > 0),
    decimals = sds.length ? clamp(1 - Math.floor(Math.log10(median(sds))), 0, 6) : 3;
  const fixed = v => (Number.isFinite(v) ? v.toFixed(decimals).replace(/^-/, "−") : "–");
  const columns = [
    {
      name: "configuration",
      text: true,
      key: r => r.name.toLowerCase(),
      first: "ascending",
      cell: r => {
        const t = r.trial === undefined ? null : trials[r.trial];
        return h(
          "td",
          { class: "text name" },
          t ? h("button", { class: "link", onclick: () => select(t) }, r.name) : r.name,
          " ",
          r.baseline ? h("span", { class: "badge" }, "baseline") : null,
        );
      },
    },
    {
      name: `test ${metric}, mean\u00a0±\u00a0sd`,
      key: r => r.mean,
      first: higherIsBetter ? "descending" : "ascending",
      cell: r => h("td", null, fixed(r.mean), h("span", { class: "soft" }, Number.isFinite(r.sd) ? ` ± ${fixed(r.sd)}` : "")),
    },
    { name: "", label: "mean and standard deviation, drawn", cell: r => h("td", { class: "text" }, whisker(r, low, high, r === chosen)) },
    { name: "trainable parameters", key: r => r.parameters, first: "ascending", cell: r => cell(grouped(r.parameters)) },
    { name: "% of model", key: r => r.share, first: "ascending", cell: r => cell(percent(r.share)) },
    {
      name: "learning rate",
      title: "Chosen on dev from the same few rates for every row, unless the search chose it",
      key: r => r.rate ?? NaN,
      first: "ascending",
      cell: r =>
        h(
          "td",
          null,
          r.rate === undefined ? "–" : real(r.rate).toPrecision(2),
          r.rateNote ? h("span", { class: "soft" }, ` ${r.rateNote}`) : null,
        ),
    },
    {
      name: "dev",
      title: "The score by which the learning rate was chosen",
      key: r => r.dev,
      first: "descending",
      cell: r => cell(fixed(r.dev)),
    },
    { name: "seeds", key: r => r.seeds, cell: r => cell(String(r.seeds)) },
  ];
  const seeds = [...new Set(rows.map(r => r.seeds))];
  return h(
    "section",
    { class: "panel", id: "final" },
    h("div", { class: "head" }, h("h2", null, "Final evaluation")),
    h(
      "p",
      { class: "note" },
      `Retrained from scratch under ${seeds.length === 1 ? plural(seeds[0], "seed") : "seeds"} that the search did not use and ` +
        "scored on the test set, which it never saw.",
      rows.some(r => r.rate !== undefined) ? " Each row's learning rate was chosen by its dev score." : "",
      chosen
        ? ` By its dev score, of which the test set is no part, the choice is ${chosen.name}: ${fixed(chosen.mean)} with ` +
            `${percent(chosen.share)} of the ` +
            "model's parameters."
        : "",
      " The highest of several test scores is higher than it deserves, and is not marked.",
    ),
    sortable(columns, rows, {
      trialFor: r => (r.trial === undefined ? null : trialOf(r.trial)),
      caption: "Final evaluation",
      rowClass: r => (r === chosen ? "best" : ""),
    }),
  );
}

function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const p = share * 100;
  return `${p === 0 ? "0" : p >= 99.95 ? "100" : p >= 10 ? p.toFixed(1) : p >= 0.095 ? p.toFixed(2) : p.toPrecision(2)} %`;
}

function whisker(r, low, high, chosen) {
  const width = 150,
    x = v => 6 + (high > low ? (v / 2 - low / 2) / (high / 2 - low / 2) : 0.5) * (width - 12);
  const node = s(
    "svg",
    { width, height: 16, viewBox: `0 0 ${width} 16`, "aria-hidden": "true" },
    s("path", { d: `M0 8H${width}`, stroke: "var(--grid)" }),
  );
  if (!Number.isFinite(r.mean)) return node;
  const colour = r.baseline ? "var(--point)" : "var(--accent)";
  if (r.sd > 0)
    node.append(s("path", { d: `M${x(r.mean - r.sd)} 8H${x(r.mean + r.sd)}`, stroke: colour, "stroke-width": 2.5, "stroke-opacity": 0.5 }));
  node.append(s("circle", { cx: x(r.mean), cy: 8, r: chosen ? 5 : 4, fill: colour }));
  return node;
}
