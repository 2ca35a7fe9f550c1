// Four masks on small grids that can be edited, and what each does to one row of weights. The cells that were changed are part of the view of
// the page (lib/view.js); another element keeps and reports it.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num } from "../glassbox.lib/format.js";
import { offerPicture, frame, legendBelow } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { view } from "../glassbox.lib/view.js";

const create = instances(() => ({ shown: null, rows: {}, stop: [] }));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-mask_patterns");
  const words = data.words;
  const page = view(data.view);
  page.adopt(data.rev, data.state);
  const flips = () => page.state.flips, flipped = (cell) => flips().includes(cell);
  const code = (p, q, k) => p * 100 + q * 10 + k;
  const may = (p, q, k) => data.patterns[p].allowed[q][k] !== flipped(code(p, q, k));
  const row = (p) => state.rows[p] ?? data.patterns[p].start;
  /** Softmax over the allowed keys; nothing allowed, nothing read. */
  function weights(p, q) {
    const scores = data.scores[q].slice(0, data.patterns[p].allowed[0].length);
    const open = scores.map((_, k) => may(p, q, k));
    if (!open.some(Boolean)) return scores.map(() => 0);
    const top = Math.max(...scores.filter((_, k) => open[k]));
    const e = scores.map((s, k) => (open[k] ? Math.exp(s - top) : 0)), total = e.reduce((a, b) => a + b, 0);
    return e.map((x) => x / total);
  }
  const set = (cells) => page.change({ flips: cells.sort((a, b) => a - b) }, "picture");
  const flip = (cells) => set([...flips().filter((c) => !cells.includes(c)), ...cells.filter((c) => !flipped(c))]);

  function panel(pattern, p) {
    const columns = pattern.allowed[0].length, q = row(p), w = weights(p, q);
    const keys = pattern.keys, queries = pattern.queries;
    const edited = flips().some((c) => Math.floor(c / 100) === p);
    const grid = h("div", { class: "grid", style: { "--columns": String(columns) } }, h("span", {}),
      ...keys.map((name, k) => h("button", { type: "button", class: "key", title: say(words.whole_column, { key: name }), onclick: () => {
        const open = queries.some((_, i) => may(p, i, k));
        flip(queries.map((_, i) => [i, may(p, i, k)]).filter(([, m]) => m === open).map(([i]) => code(p, i, k)));
      } }, name)),
      ...queries.flatMap((name, i) => [h("button", { type: "button", class: `query${i === q ? " on" : ""}`, "aria-pressed": String(i === q), onclick: () => { state.rows[p] = i; draw(); } }, name),
        ...keys.map((other, k) => h("button", { type: "button", class: `cell${may(p, i, k) ? " open" : ""}${i === q ? " row" : ""}`, "data-cell": `${p}.${i}.${k}`, "aria-pressed": String(may(p, i, k)), "aria-label": say(may(p, i, k) ? words.may : words.may_not, { query: name, key: other }), onclick: () => { state.rows[p] = i; flip([code(p, i, k)]); } }, may(p, i, k) ? "✓" : ""))]));
    const bars = h("div", { class: "bars" }, ...keys.map((name, k) => h("div", { class: "bar" }, h("span", { class: "name" }, name), h("span", { class: "score" }, may(p, q, k) ? num(data.scores[q][k]) : "−∞"), h("span", { class: "track" }, h("i", { style: { width: `${w[k] * 100}%` } })), h("span", { class: "w", title: String(w[k]) }, num(w[k])))));
    return h("section", { class: "panel", "data-pattern": pattern.name }, h("h3", {}, words[`name_${pattern.name}`], edited ? h("button", { type: "button", class: "reset", onclick: () => set(flips().filter((c) => Math.floor(c / 100) !== p)) }, words.reset) : null),
      h("p", { class: "used" }, words[`used_${pattern.name}`]), grid, h("p", { class: "title" }, say(words.row, { query: queries[q] })), bars,
      w.every((x) => x === 0) ? h("p", { class: "used" }, words.nothing) : null);
  }
  function draw() {
    const focused = root.getRootNode().activeElement?.dataset?.cell;
    fill(root, h("div", { class: "panels" }, ...data.patterns.map(panel)));
    root.dataset.flips = state.shown = flips().join(".");
    if (focused) root.querySelector(`[data-cell="${focused}"]`)?.focus();
  }
  const isShown = () => flips().join(".") === state.shown;
  /** Where cells were changed elsewhere, the row of the change is the one to see. */
  function follow() { if (!isShown()) { state.rows = {}; for (const c of flips()) state.rows[Math.floor(c / 100)] = Math.floor((c % 100) / 10); } }
  follow();
  draw();
  state.unlisten?.();
  state.unlisten = page.listen((changes, from) => { if (isShown()) return; if (from !== "picture") follow(); draw(); });
  state.stop.forEach((stop) => stop());
  state.stop = [offerPicture("masks", () => {
    const cell = 26, wide = 90 + 6 * cell + 30, svg = frame(wide * data.patterns.length, 115 + 6 * cell);
    data.patterns.forEach((pattern, p) => {
      svg.append(h("text", { x: p * wide + 8, y: 20, "font-size": 15, "font-family": "sans-serif", "font-weight": 700, fill: "var(--gb-text)" }, words[`name_${pattern.name}`]));
      pattern.keys.forEach((name, k) => svg.append(h("text", { transform: `translate(${p * wide + 90 + k * cell + 15} ${86}) rotate(-60)`, "font-size": 12, "font-family": "ui-monospace, monospace", fill: "var(--gb-key)" }, name)));
      pattern.queries.forEach((name, q) => {
        svg.append(h("text", { x: p * wide + 82, y: 107 + q * cell, "text-anchor": "end", "font-size": 12, "font-family": "ui-monospace, monospace", fill: "var(--gb-text)" }, name));
        pattern.keys.forEach((_, k) => svg.append(h("rect", { x: p * wide + 90 + k * cell, y: 90 + q * cell, width: cell - 3, height: cell - 3, fill: may(p, q, k) ? "var(--gb-token)" : "var(--gb-surface)", stroke: "var(--gb-line)" })));
      });
    });
    return legendBelow(svg, [[null, `${words.query} ↓`], [null, `${words.key} →`], [{ fill: "var(--gb-token)" }, words.open], [{ fill: "var(--gb-surface)", stroke: "var(--gb-line)" }, words.closed]], 8);
  })];
  return () => { state.unlisten?.(); state.stop.forEach((stop) => stop()); Object.assign(state, { unlisten: null, stop: [] }); };
});
