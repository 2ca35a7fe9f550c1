// Our study of masking recipes: every seed, the mean with its 95% interval, and the paper's difference where it has one.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ open: false }));
const NAME = 104, WIDTH = 268, GAP = 18, ROW = 34, TOP = 58, BELOW = 52, VALUE = 62;
const signed = (x) => `${x > 0 ? "+" : x < 0 ? "−" : "±"}${Math.abs(x).toFixed(1)}`;
const told = (cell) => cell.verdict === "higher" || cell.verdict === "lower";

/** The points a panel must hold, with 0 in it, and where its ticks are. */
function range(panel) {
  const all = [0, ...panel.cells.flatMap((c) => [...c.values.map((v) => 100 * (v - panel.mean)), ...(c.noise === null || c.difference === null ? [] : [c.difference - c.noise, c.difference + c.noise]), ...(c.paper === null ? [] : [c.paper])])];
  const low = Math.min(...all), high = Math.max(...all), rough = Math.max(high - low, 0.4) / 3;
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((s) => s >= rough) ?? 50;
  const from = Math.floor(low / step), to = Math.ceil(high / step);
  return { low: from * step, high: to * step, ticks: Array.from({ length: to - from + 1 }, (_, i) => (from + i) * step) };
}

function chart(data, columns = 4) {
  const { rows, panels, words: w } = data;
  const bands = Math.ceil(panels.length / columns), height = TOP + rows.length * ROW + BELOW;
  const svg = frame(NAME + columns * (WIDTH + GAP), bands * height);
  const add = (tag, props, ...children) => { const node = h(tag, props, ...children); svg.append(node); return node; };
  const text = (x, y, content, props = {}) => add("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content);
  const middle = { "text-anchor": "middle" }, quiet = { fill: "var(--gb-quiet)" };
  for (let band = 0; band < bands; band++) {
    const top = band * height + TOP;
    const shown = panels.slice(band * columns, (band + 1) * columns), right = NAME + shown.length * (WIDTH + GAP) - GAP;
    rows.forEach((name, i) => {
      const y = top + i * ROW;
      if (i === data.reference) add("rect", { x: 0, y: y + 1, width: right, height: ROW - 2, rx: 6, fill: "var(--gb-surface)" });
      else add("line", { x1: 0, x2: right, y1: y + ROW, y2: y + ROW, stroke: "var(--gb-line)", "stroke-width": 0.6 });
      text(8, y + 22, name, { "font-family": "monospace", "font-weight": i === data.reference ? 700 : 400 });
    });
    shown.forEach((panel, p) => {
      const x = NAME + p * (WIDTH + GAP), plot = WIDTH - VALUE, { low, high, ticks } = range(panel);
      const place = (points) => x + 10 + ((points - low) / (high - low)) * (plot - 20);
      const bottom = top + rows.length * ROW;
      text(x + plot / 2, top - 36, panel.title, { ...middle, "font-weight": 700, "font-size": 15 });
      text(x + plot / 2, top - 16, say(w.study_base, { name: rows[data.reference], score: (100 * panel.mean).toFixed(1) }), { ...middle, ...quiet });
      for (const t of ticks) {
        add("line", { x1: place(t), x2: place(t), y1: top, y2: bottom, stroke: t === 0 ? "var(--gb-quiet)" : "var(--gb-line)", "stroke-width": t === 0 ? 1.5 : 0.8 });
        text(place(t), bottom + 18, String(Number(t.toFixed(1))).replace("-", "−"), { ...middle, ...quiet, "font-family": "monospace" });
      }
      text(x + plot / 2, bottom + 36, w.study_axis, { ...middle, ...quiet });
      panel.cells.forEach((cell, i) => {
        const y = top + i * ROW + ROW / 2, beyond = told(cell), colour = beyond ? "var(--gb-key)" : "var(--gb-token)";
        if (!cell.values.length) { text(x + plot + 4, y + 5, w.study_cell_not_run, { ...quiet, "font-style": "italic" }); return; }
        if (cell.noise !== null && cell.difference !== null) add("line", { x1: place(cell.difference - cell.noise), x2: place(cell.difference + cell.noise), y1: y, y2: y, stroke: colour, "stroke-width": 3, "stroke-opacity": 0.55 });
        for (const value of cell.values) add("circle", { cx: place(100 * (value - panel.mean)), cy: y, r: 5, fill: "none", stroke: colour, "stroke-width": 1.8 }, h("title", {}, value.toFixed(4)));
        if (cell.values.length > 1) { const at = place(i === data.reference ? 0 : cell.difference); add("line", { x1: at, x2: at, y1: y - 10, y2: y + 10, stroke: colour, "stroke-width": 4 }); }
        if (cell.paper !== null && i !== data.reference) { const at = place(cell.paper); add("path", { d: `M${at} ${y - 7} L${at + 7} ${y} L${at} ${y + 7} L${at - 7} ${y} Z`, fill: "var(--gb-background)", stroke: "var(--gb-text)", "stroke-width": 2 }, h("title", {}, `${w.study_paper}: ${signed(cell.paper)}`)); }
        if (i === data.reference) return;
        text(x + plot + 4, y + 5, cell.verdict === "same" ? `≈ ${signed(cell.difference)}` : cell.verdict === "one_seed" ? `(${signed(cell.difference)})` : signed(cell.difference), { "font-family": "monospace", "font-weight": beyond ? 700 : 400, fill: beyond ? "var(--gb-text)" : "var(--gb-quiet)" });
      });
    });
  }
  return svg;
}

function sample(kind) {
  const svg = frame(38, 18), add = (tag, props) => svg.append(h(tag, props));
  if (kind === "seed") add("circle", { cx: 19, cy: 9, r: 5, fill: "none", stroke: "var(--gb-token)", "stroke-width": 1.8 });
  else if (kind === "paper") add("path", { d: "M19 2 L26 9 L19 16 L12 9 Z", fill: "none", stroke: "var(--gb-text)", "stroke-width": 2 });
  else {
    const colour = kind === "told" ? "var(--gb-key)" : "var(--gb-token)";
    add("line", { x1: 2, x2: 36, y1: 9, y2: 9, stroke: colour, "stroke-width": 3, "stroke-opacity": 0.55 });
    add("line", { x1: 19, x2: 19, y1: 1, y2: 17, stroke: colour, "stroke-width": 4 });
  }
  return svg;
}

function table({ rows, panels, words: w }) {
  const cell = (c) => (c.values.length ? `${c.values.map((v) => (100 * v).toFixed(1)).join(" / ")}${c.difference === null ? "" : ` (${signed(c.difference)}${c.noise === null ? "" : ` ± ${c.noise.toFixed(1)}`})`}` : w.study_cell_not_run);
  return h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.choose), ...panels.map((p) => h("th", { scope: "col" }, p.title)))),
    h("tbody", {}, ...rows.map((name, i) => h("tr", {}, h("th", { scope: "row" }, name), ...panels.map((p) => h("td", {}, cell(p.cells[i])))))));
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-study_board"), w = data.words;
  s.data = data;
  const svg = chart(data);
  svg.removeAttribute("width"); svg.removeAttribute("height");
  svg.setAttribute("role", "img"); svg.setAttribute("aria-label", w.study_label);
  const cells = data.panels.flatMap((p) => p.cells), mark = (kind, words) => h("span", {}, sample(kind), words);
  fill(root,
    h("div", { class: "legend" }, mark("seed", w.study_seed), cells.some((c) => c.noise !== null) ? [mark("mean", w.study_mean), mark("told", w.study_beyond)] : null, cells.some((c) => c.paper !== null) ? mark("paper", w.study_paper) : null),
    h("div", { class: "chart" }, svg),
    h("details", { open: s.open, ontoggle: (e) => { s.open = e.target.open; } }, h("summary", {}, w.study_numbers), h("div", { class: "chart" }, table(data))));
  if (!s.withdraw) s.withdraw = offerPicture("our-study", () => chart(s.data));
  return () => { s.withdraw?.(); s.withdraw = null; };
});
