// Six ways of treating the chosen tokens: where they lie between [MASK], kept and random, and what they scored.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ whole: false, chosen: 0, mix: null }));
const PANELS = ["mnli", "ner_finetuned", "ner_features"];
const TRI = { width: 330, height: 306, left: 45, right: 285, top: 40, bottom: 248 };

const point = (mask, same, random) => {
  const [A, B, C] = [[(TRI.left + TRI.right) / 2, TRI.top], [TRI.left, TRI.bottom], [TRI.right, TRI.bottom]]; // [MASK], kept, random
  return [mask * A[0] + same * B[0] + random * C[0], mask * A[1] + same * B[1] + random * C[1]];
};
/** The split under a point of the triangle, clamped to it. */
function split(x, y) {
  const mask = Math.min(1, Math.max(0, (TRI.bottom - y) / (TRI.bottom - TRI.top)));
  const middle = (TRI.left + TRI.right) / 2, half = ((TRI.right - TRI.left) / 2) * (1 - mask);
  const random = half < 1e-6 ? 0 : Math.min(1, Math.max(0, (x - (middle - half)) / (2 * half))) * (1 - mask);
  return [mask, 1 - mask - random, random];
}
const far = (row, mix) => row.split.reduce((sum, v, i) => sum + (v - mix[i]) ** 2, 0);

function triangle(s) {
  const { data, say: w } = s;
  const svg = frame(TRI.width, TRI.height);
  const add = (tag, props, ...children) => { const node = h(tag, props, ...children); svg.append(node); return node; };
  const [a, b, c] = [point(1, 0, 0), point(0, 1, 0), point(0, 0, 1)];
  add("path", { d: `M${a} L${b} L${c} Z`, fill: "var(--gb-surface)", stroke: "var(--gb-line)", "stroke-width": 1.5 });
  for (const v of [0.2, 0.4, 0.6, 0.8]) for (const [p, q] of [[point(v, 1 - v, 0), point(v, 0, 1 - v)], [point(0, v, 1 - v), point(1 - v, v, 0)], [point(0, 1 - v, v), point(1 - v, 0, v)]]) add("line", { x1: p[0], y1: p[1], x2: q[0], y2: q[1], stroke: "var(--gb-line)", "stroke-width": 0.7 });
  const corner = (x, y, anchor, letter, label, colour) => {
    const text = add("text", { x, y, "text-anchor": anchor, "font-size": 15, "font-weight": 700, "font-family": "sans-serif", fill: colour });
    text.append(h("tspan", { "font-family": "monospace" }, letter), ` 100% ${label}`);
  };
  corner(a[0], a[1] - 18, "middle", "M", w.mask, "var(--gb-mask)");
  corner(4, b[1] + 47, "start", "K", w.kept, "var(--gb-kept)");
  corner(TRI.width - 4, c[1] + 47, "end", "R", w.random, "var(--gb-random)");
  data.rows.forEach((row, i) => {
    const [x, y] = point(...row.split), on = i === s.chosen;
    // [dx, dy, anchor]: names stand where no other name and no dot is.
    const [dx, dy, anchor] = { "80/10/10": [0, 26, "middle"], "80/0/20": [14, 5, "start"], "80/20/0": [-14, 5, "end"], "0/20/80": [-4, -16, "middle"], "0/0/100": [0, 23, "middle"] }[row.name] ?? [16, 5, "start"];
    const dot = add("circle", { cx: x, cy: y, r: on ? 10 : 7, fill: on ? "var(--gb-token)" : "var(--gb-background)", stroke: "var(--gb-token)", "stroke-width": 3, class: "dot", "data-row": i });
    dot.append(h("title", {}, row.name));
    const text = add("text", { x: x + dx, y: y + dy, "text-anchor": anchor, "font-size": 14, "font-family": "monospace", fill: on ? "var(--gb-token)" : "var(--gb-text)", "font-weight": on ? 700 : 400, "pointer-events": "none" });
    text.append(row.name);
  });
  if (s.mix) {
    const [x, y] = point(...s.mix), [nx, ny] = point(...data.rows[s.chosen].split);
    add("line", { x1: x, y1: y, x2: nx, y2: ny, stroke: "var(--gb-key)", "stroke-dasharray": "4 3", "stroke-width": 2 });
    add("circle", { cx: x, cy: y, r: 6, fill: "var(--gb-key)" });
  }
  return svg;
}

/** Three panels with one scale between them: points of difference to BERT's row, or the whole scale. */
function panels(s) {
  const { data, say: w } = s;
  const rowHeight = 36, top = 62, name = 124, width = 246, gap = 22;
  const all = frame(name + 3 * (width + gap), top + data.rows.length * rowHeight + 46);
  const add = (tag, props, ...children) => { const node = h(tag, props, ...children); all.append(node); return node; };
  const text = (x, y, content, props = {}) => add("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content);
  const base = data.rows[0].scores;
  const low = s.whole ? 0 : -1.35, high = s.whole ? 100 : 0.5;
  const place = (panel, score) => { const v = s.whole ? score : score - base[panel]; return name + panel * (width + gap) + 10 + ((v - low) / (high - low)) * (width - 20); };
  data.rows.forEach((row, i) => {
    const y = top + i * rowHeight, on = i === s.chosen;
    add("rect", { x: 0, y: y + 1, width: name + 3 * (width + gap) - gap, height: rowHeight - 2, rx: 6, fill: on ? "var(--gb-surface)" : "var(--gb-background)", stroke: on ? "var(--gb-token)" : "none", "stroke-width": 2, class: "rowbox", "data-row": i });
    text(10, y + 23, row.name, { "font-family": "monospace", "font-weight": on ? 700 : 400, fill: on ? "var(--gb-token)" : "var(--gb-text)", "pointer-events": "none" });
    if (i === 0) text(82, y + 23, "BERT", { "font-size": 14, fill: "var(--gb-quiet)", "pointer-events": "none" });
  });
  PANELS.forEach((key, p) => {
    const x = name + p * (width + gap), bottom = top + data.rows.length * rowHeight;
    text(x + width / 2, 20, w[key], { "text-anchor": "middle", "font-weight": 700, "font-size": 15 });
    text(x + width / 2, 40, s.whole ? w[`${key}_unit`] : say(w.base, { score: base[p].toFixed(1) }), { "text-anchor": "middle", fill: "var(--gb-quiet)" });
    const ticks = s.whole ? [0, 50, 100] : [-1, -0.5, 0];
    for (const t of ticks) {
      const at = place(p, s.whole ? t : base[p] + t);
      add("line", { x1: at, x2: at, y1: top, y2: bottom, stroke: t === 0 && !s.whole ? "var(--gb-quiet)" : "var(--gb-line)", "stroke-width": t === 0 && !s.whole ? 1.5 : 1, "pointer-events": "none" });
      text(at, bottom + 18, s.whole ? String(t) : t === 0 ? "0" : String(t).replace("-", "−"), { "text-anchor": "middle", fill: "var(--gb-quiet)", "font-family": "monospace" });
    }
    text(x + width / 2, bottom + 36, s.whole ? w.axis_whole : w.axis_points, { "text-anchor": "middle", fill: "var(--gb-quiet)" });
    data.rows.forEach((row, i) => {
      const y = top + i * rowHeight + rowHeight / 2, at = place(p, row.scores[p]), zero = s.whole ? place(p, 0) : place(p, base[p]), on = i === s.chosen;
      const difference = row.scores[p] - base[p], big = difference <= -0.85;
      add("line", { x1: zero, x2: at, y1: y, y2: y, stroke: big ? "var(--gb-key)" : "var(--gb-token)", "stroke-width": 4, "pointer-events": "none" });
      const dot = add("circle", { cx: at, cy: y, r: on ? 8 : 6, fill: big ? "var(--gb-key)" : "var(--gb-token)", stroke: "var(--gb-background)", "stroke-width": 1.5, "pointer-events": "none" });
      dot.append(h("title", {}, `${row.name}: ${row.scores[p].toFixed(1)}`));
      const left = s.whole ? at - x > width - 52 : difference < 0; // on the side away from the stem, or above it
      text(left ? at - 12 : at + 12, s.whole && left ? y - 5 : y + 5, row.scores[p].toFixed(1), { "font-family": "monospace", "font-size": 14, "text-anchor": left ? "end" : "start", "font-weight": on || big ? 700 : 400, "pointer-events": "none" });
    });
  });
  return all;
}

function choose(s, row, mix = null, tell = true) {
  s.mix = mix;
  const changed = row !== s.chosen;
  s.chosen = row;
  paint(s);
  if (tell && changed) s.trigger("row", row);
}

function drag(s, svg) {
  const at = (e) => { const box = svg.getBoundingClientRect(); return split(((e.clientX - box.left) / box.width) * TRI.width, ((e.clientY - box.top) / box.height) * TRI.height); };
  const nearest = (mix) => s.data.rows.reduce((best, row, i) => (far(row, mix) < far(s.data.rows[best], mix) ? i : best), 0);
  svg.addEventListener("pointerdown", (e) => { s.dragging = true; e.preventDefault(); const mix = at(e); choose(s, nearest(mix), mix, false); });
  if (!s.listening) {
    s.listening = true;
    s.tri.addEventListener("pointermove", (e) => { if (!s.dragging) return; const inner = s.tri.querySelector("svg"), box = inner.getBoundingClientRect(); const mix = split(((e.clientX - box.left) / box.width) * TRI.width, ((e.clientY - box.top) / box.height) * TRI.height); choose(s, nearest(mix), mix, false); });
    const end = () => { if (s.dragging) { s.dragging = false; s.trigger("row", s.chosen); } };
    s.tri.addEventListener("pointerup", end); s.tri.addEventListener("pointerleave", end);
  }
}

function paint(s) {
  const { data, say: w } = s;
  const tri = triangle(s), chart = panels(s);
  for (const svg of [tri, chart]) { svg.removeAttribute("width"); svg.removeAttribute("height"); svg.setAttribute("role", "img"); }
  tri.setAttribute("aria-label", w.triangle_label); chart.setAttribute("aria-label", w.chart_label);
  fill(s.tri, tri);
  drag(s, tri);
  fill(s.chart, chart);
  chart.querySelectorAll(".rowbox").forEach((box) => box.addEventListener("click", () => choose(s, Number(box.dataset.row))));
  const mix = s.mix?.map((v) => Math.round(v * 100));
  const row = data.rows[s.chosen], base = data.rows[0].scores;
  const signed = (x) => (Math.abs(x) < 0.05 ? "±0" : `${x > 0 ? "+" : "−"}${Math.abs(x).toFixed(1)}`);
  const text = s.chosen === 0 ? say(w.aid_bert, { a: base[0].toFixed(1), b: base[1].toFixed(1), c: base[2].toFixed(1) }) : say(w.aid_row, { name: row.name, a: signed(row.scores[0] - base[0]), b: signed(row.scores[1] - base[1]), c: signed(row.scores[2] - base[2]) });
  fill(s.aid, mix ? `${say(w.aid_mix, { mask: mix[0], same: mix[1], random: mix[2], name: row.name })} ` : "", text, row.name === "100/0/0" ? ` ${w.aid_all_mask}` : "");
  s.options.querySelectorAll("[role=radio]").forEach((b, i) => { b.setAttribute("aria-checked", String(i === s.chosen)); b.setAttribute("tabindex", i === s.chosen ? "0" : "-1"); });
}

function build(s) {
  const { data, say: w } = s;
  s.listening = false;
  s.tri = h("div", { class: "triangle" });
  s.chart = h("div", { class: "chart" });
  s.aid = h("p", { class: "aid", "aria-live": "polite" });
  const keys = (e) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    e.preventDefault(); e.stopPropagation();
    choose(s, (s.chosen + step + data.rows.length) % data.rows.length);
    s.options.querySelectorAll("[role=radio]")[s.chosen].focus();
  };
  s.options = h("div", { class: "options", role: "radiogroup", "aria-label": w.choose, onkeydown: keys }, h("span", { class: "quiet" }, w.choose), ...data.rows.map((row, i) => h("button", { type: "button", role: "radio", class: "option", onclick: () => choose(s, i), title: say(w.option, { mask: Math.round(row.split[0] * 100), same: Math.round(row.split[1] * 100), random: Math.round(row.split[2] * 100) }) }, row.name)),
    h("label", {}, h("input", { type: "checkbox", checked: s.whole, onchange: (e) => { s.whole = e.target.checked; paint(s); } }), w.whole));
  fill(s.root, s.options, h("div", { class: "board" }, s.tri, s.chart), s.aid);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  const root = parentElement.querySelector(".gb-recipe_board");
  const fresh = s.root !== root || s.lang !== data.words.choose, moved = s.data?.rev !== data.rev;
  s.root = root; s.trigger = setTriggerValue; s.say = data.words; s.lang = data.words.choose; s.data = data;
  if (moved) { s.chosen = data.row; s.mix = null; }
  if (fresh) build(s);
  paint(s);
  if (!s.withdraw) {
    const one = offerPicture("masking-rates", () => panels(s)), two = offerPicture("masking-triangle", () => triangle(s));
    s.withdraw = () => { one(); two(); };
  }
  return () => { s.withdraw?.(); s.withdraw = null; };
});
