// What is computed for a stop of the history: curves, tables of weights, a product of probabilities, a plane, a look-up, squares.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent, full, visible } from "../glassbox.lib/format.js";
import { INK, DASH, spot, compact } from "../glassbox.lib/training.js";
import { offerPicture, frame, wrapped } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ offers: [] }));
const text = (x, y, content, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, content);
const quiet = (x, y, content, more = {}) => text(x, y, content, { fill: "var(--gb-quiet)", "font-size": 13, ...more });
const power = (e) => (e >= -2 && e <= 3 ? num(10 ** e) : `10${[...String(e)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("")}`);
/** A picture for where there is room, and one for a phone. */
const twins = (label, draw) => [true, false].map((wide) => { const one = picture(draw(wide), label); one.setAttribute("class", wide ? "roomy" : "tight"); return one; });
const picture = (svg, label) => { svg.setAttribute("role", "img"); svg.setAttribute("aria-label", label); return h("figure", {}, h("figcaption", {}, label), svg); };

// -- lines on a logarithmic axis; on a phone in a picture of its own, so that its letters are not shrunk with it
const LOWEST = -12;
function curvesSvg({ x, less, curves: lines }, wide) {
  const W = wide ? 900 : 360, T = 300, left = 62, right = wide ? 150 : 112, top = 12, bottom = 42, n = lines[0].values.length;
  const log = (v) => Math.max(LOWEST, Math.log10(Math.max(v, 1e-300)));
  const all = lines.flatMap(({ values }) => values.map(log)), high = Math.ceil(Math.max(...all, 0)), low = Math.floor(Math.min(...all));
  const X = (k) => left + (k / Math.max(1, n - 1)) * (W - left - right), Y = (v) => top + ((high - log(v)) / (high - low || 1)) * (T - top - bottom);
  const step = Math.max(1, Math.ceil((high - low) / 6)), svg = frame(W, T);
  for (let e = high; e > low || (e === low && low > LOWEST); e -= step) svg.append(h("path", { d: `M${left} ${Y(10 ** e)}H${W - right}`, stroke: "var(--gb-line)", "stroke-width": e === 0 ? 2 : 1 }), quiet(left - 6, Y(10 ** e) + 4, power(e), { "text-anchor": "end" }));
  if (low === LOWEST) svg.append(quiet(left - 6, Y(10 ** low) + 4, less, { "text-anchor": "end" }));
  const each = wide ? 25 : 50;
  for (const k of [...Array.from({ length: Math.ceil((n - each / 5) / each) }, (_, i) => each * i), n - 1]) svg.append(quiet(X(k), T - bottom + 18, String(k), { "text-anchor": "middle" }));
  svg.append(quiet((left + W - right) / 2, T - 6, x, { "text-anchor": "middle" }));
  const ends = lines.map(({ values }) => Y(values.at(-1)));
  lines.forEach(({ name, values }, i) => {
    const crowded = ends.some((y, k) => k !== i && Math.abs(y - ends[i]) < 16);
    svg.append(h("polyline", { points: values.map((v, k) => `${X(k).toFixed(1)},${Y(v).toFixed(1)}`).join(" "), fill: "none", stroke: INK[i], "stroke-width": 2.6, "stroke-dasharray": DASH[i] }),
      ...values.map((v, k) => (k % 5 === 0 ? h("g", {}, h("title", {}, `${name}, ${k}: ${full(v)}`), spot(i, X(k), Y(v), 4)) : null)).filter(Boolean),
      text(W - right + 10, ends[i] + 5 + (crowded ? (ends[i] <= Math.min(...ends) && i === ends.indexOf(Math.min(...ends)) ? -9 : 9) : 0), `${name} ${num(values.at(-1), 2)}`, { "font-weight": 700, fill: INK[i] }));
  });
  return svg;
}
function curves(data) {
  return { node: twins(data.title, (wide) => curvesSvg(data, wide)), draw: () => curvesSvg(data, true) };
}

// -- tables of weights
function gridSvg({ rows, columns, values, numbers }) {
  const side = numbers ? 64 : Math.min(34, 560 / columns.length), tall = numbers ? 40 : 26;
  const wide = (symbol) => [...symbol].length, left = 14 + 8.5 * Math.max(...rows.map(wide)), steep = columns.some((one) => wide(one) > (numbers ? 7 : 3)), top = steep ? 20 + 6 * Math.max(...columns.map(wide)) : 28;
  const svg = frame(left + side * columns.length + (steep ? 60 : 8), top + tall * rows.length + 6);
  columns.forEach((symbol, k) => { const x = left + side * (k + 0.5); svg.append(text(x, top - 8, visible(symbol), { "font-family": "monospace", "text-anchor": steep ? "start" : "middle", transform: steep ? `rotate(-35 ${x} ${top - 8})` : null, fill: "var(--gb-key)" })); });
  rows.forEach((symbol, q) => {
    const most = Math.max(...values[q]);
    svg.append(text(left - 8, top + tall * (q + 0.5) + 5, visible(symbol), { "font-family": "monospace", "text-anchor": "end", fill: "var(--gb-token)" }));
    values[q].forEach((v, k) => svg.append(h("g", {}, h("title", {}, `${visible(symbol)} → ${visible(columns[k])}: ${full(v)}`),
      h("rect", { x: left + side * k + 1, y: top + tall * q + 1, width: side - 2, height: tall - 2, fill: "var(--gb-token)", "fill-opacity": (numbers ? 0.75 * Math.max(0, v) ** 2 : Math.sqrt(Math.max(0, v))).toFixed(3), stroke: !numbers && v === most ? "var(--gb-text)" : "var(--gb-line)", "stroke-width": !numbers && v === most ? 2 : 0.7 }),
      numbers ? text(left + side * (k + 0.5), top + tall * (q + 0.5) + 5, v.toFixed(2), { "text-anchor": "middle" }) : null)));
  });
  return svg;
}
function grids({ grids: all, legend }) {
  const svgs = all.map(gridSvg);
  return { node: [h("div", { class: "beside" }, ...all.map((one, i) => picture(svgs[i], one.title))), h("p", { class: "quiet" }, legend)], draw: () => {
    const svg = frame(svgs.reduce((sum, one) => sum + Number(one.getAttribute("width")) + 30, 0), 30 + Math.max(...svgs.map((one) => Number(one.getAttribute("height")))));
    let x = 0;
    svgs.forEach((one, i) => { svg.append(text(x + 6, 20, all[i].title, { "font-weight": 700 }), h("g", { transform: `translate(${x} 28)` }, ...[...one.cloneNode(true).childNodes])); x += Number(one.getAttribute("width")) + 30; });
    return svg;
  } };
}

// -- a product of probabilities
const tiny = (log) => { if (log > -3) return percent(10 ** log); const e = Math.floor(log), m = 10 ** (log - e); return `${m.toFixed(1)} · 10${[...String(e)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("")}`; };
function chain({ links, words: w }) {
  const node = h("ol", { class: "chain", "aria-label": w.chain_label }, ...links.map((one) => h("li", { class: "link" },
    h("span", { class: "token", translate: "no" }, visible(one.text)),
    h("span", { class: "bar", title: full(one.p) }, h("i", { style: { width: `${100 * one.p}%` } })),
    h("b", {}, percent(one.p)),
    h("span", { class: "quiet", translate: "no" }, one.best === one.text ? w.chain_best : say(w.chain_other, { token: visible(one.best), p: percent(one.best_p) })),
    h("span", { class: "product" }, say(w.chain_product, { p: tiny(one.product) })))));
  return { node, draw: () => {
    const each = 26, svg = frame(820, 34 + each * links.length);
    svg.append(text(8, 20, w.chain_label, { "font-weight": 700 }));
    links.forEach((one, i) => { const y = 46 + each * i; svg.append(text(8, y, visible(one.text).slice(0, 24), { "font-family": "monospace" }), h("rect", { x: 220, y: y - 13, width: 240, height: 16, fill: "none", stroke: "var(--gb-line)" }), h("rect", { x: 220, y: y - 13, width: 240 * one.p, height: 16, fill: "var(--gb-token)" }), text(470, y, percent(one.p)), quiet(580, y, tiny(one.product))); });
    return svg;
  } };
}

// -- two classes in a plane
function plane(data) {
  const W = 620, T = 430, [x0, x1, y0, y1] = data.box, X = (x) => ((x - x0) / (x1 - x0)) * W, Y = (y) => ((y1 - y) / (y1 - y0)) * T;
  const ink = ["var(--gb-token)", "var(--gb-key)"], svg = frame(W, T), w = data.words, rows = data.shade.length;
  const mark = (k, x, y, r, extra) => (k ? h("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r, ...extra }) : h("circle", { cx: x, cy: y, r: r * 1.1, ...extra }));
  data.shade.forEach((row, q) => row.forEach((p, k) => { const side = p > 0.5 ? 1 : 0, sure = Math.abs(p - 0.5) * 2; svg.append(h("rect", { x: (k / row.length) * W, y: (q / rows) * T, width: W / row.length + 0.5, height: T / rows + 0.5, fill: ink[side], "fill-opacity": (0.26 * sure).toFixed(3) })); }));
  data.ellipses.forEach(({ mean, axes: [a, b] }, k) => [1, 2].forEach((size) => svg.append(h("path", { fill: "none", stroke: ink[k], "stroke-width": 2.4, "stroke-dasharray": size === 2 ? "6 4" : null, d: Array.from({ length: 49 }, (_, i) => { const turn = (i / 48) * 2 * Math.PI, c = size * Math.cos(turn), s = size * Math.sin(turn); return `${i ? "L" : "M"}${X(mean[0] + c * a[0] + s * b[0]).toFixed(1)} ${Y(mean[1] + c * a[1] + s * b[1]).toFixed(1)}`; }).join("") }))));
  data.drawn.forEach((points, k) => points.forEach(([x, y]) => svg.append(h("path", { d: `M${X(x) - 6} ${Y(y)}h12M${X(x)} ${Y(y) - 6}v12`, stroke: ink[k], "stroke-width": 2 }))));
  for (const one of data.points) {
    const x = X(one.x), y = Y(one.y), right = one.said === one.of;
    svg.append(h("g", {}, h("title", {}, `${one.word}: ${data.names[one.of]}${right ? "" : ` ✗ ${data.names[one.said]}`}`),
      mark(one.of, x, y, 5, { fill: one.labelled ? ink[one.of] : "var(--gb-background)", stroke: ink[one.of], "stroke-width": 2 }),
      right ? null : h("path", { d: `M${x - 9} ${y - 9}l18 18M${x + 9} ${y - 9}l-18 18`, stroke: "var(--gb-wrong)", "stroke-width": 2.5 }),
      one.labelled || !right ? text(x + 9, y - 6, one.word, { "font-size": 13, stroke: "var(--gb-background)", "stroke-width": 3, "paint-order": "stroke" }) : null));
  }
  const key = (node, label) => h("li", {}, h("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true" }, node), label);
  const legend = h("ul", { class: "key" }, ...[0, 1].map((k) => key(mark(k, 10, 10, 6, { fill: ink[k] }), `${data.names[k]}, ${w.with_label}`)), key(mark(0, 10, 10, 6, { fill: "none", stroke: "var(--gb-text)", "stroke-width": 2 }), w.without_label),
    data.ellipses.length ? key(h("path", { d: "M2 10a8 6 0 1 0 16 0a8 6 0 1 0 -16 0", fill: "none", stroke: "var(--gb-text)", "stroke-width": 2 }), w.ellipse) : null, data.drawn.length ? key(h("path", { d: "M3 10h14M10 3v14", stroke: "var(--gb-text)", "stroke-width": 2 }), w.drawn) : null, key(h("path", { d: "M3 3l14 14M17 3l-14 14", stroke: "var(--gb-wrong)", "stroke-width": 2.5 }), w.wrong));
  return { node: [picture(svg, data.title), legend], draw: () => { const copy = svg.cloneNode(true); const whole = frame(W, T + 30); whole.append(text(6, 20, data.title, { "font-weight": 700 }), h("g", { transform: "translate(0 30)" }, ...[...copy.childNodes])); return whole; } };
}

// -- looked up before it is answered
function lookup({ sentences, ranks, prompt, words: w }) {
  const node = h("div", { class: "lookup" },
    h("section", {}, h("h4", {}, w.look_text), h("ol", { class: "lines" }, ...sentences.map((pieces, i) => h("li", { class: ranks[i] ? "found" : "" }, ranks[i] ? h("span", { class: "rank", title: say(w.look_rank, { n: ranks[i] }) }, ranks[i]) : null, ...pieces.map(([piece, shared]) => (shared ? h("mark", {}, piece) : piece)))))),
    h("section", {}, h("h4", {}, w.look_prompt), h("div", { class: "prompt" }, ...prompt.map((line, i) => h("p", { class: i === prompt.length - 1 ? "asked" : "" }, line)))));
  return { node, draw: () => {
    const lines = prompt.flatMap((line) => wrapped(line, 84)), svg = frame(760, 40 + 22 * lines.length);
    svg.append(text(8, 20, w.look_prompt, { "font-weight": 700 }), ...lines.map((line, i) => text(8, 46 + 22 * i, line, { "font-family": "monospace" })));
    return svg;
  } };
}

// -- amounts as squares, all at one scale: the labelled ones beside the others, or below them where there is little room
function squaresSvg({ amounts, lang }, beside) {
  const largest = Math.max(...amounts.map(({ words }) => words)), SIDE = beside ? 260 : 220, ROW = 46, side = (n) => SIDE * Math.sqrt(n / largest);
  const plain = amounts.filter(({ labelled }) => !labelled), marked = amounts.filter(({ labelled }) => labelled), below = SIDE + 64;
  const svg = frame(beside ? 900 : 420, beside ? Math.max(below, ROW * marked.length + 10) : below + ROW * marked.length + 10);
  let x = 4;
  for (const one of plain) {
    const s = side(one.words);
    svg.append(h("g", {}, h("title", {}, one.note), h("rect", { x, y: 4 + SIDE - s, width: s, height: s, fill: "var(--gb-token)", "fill-opacity": 0.55, stroke: "var(--gb-token)" })), text(x, SIDE + 24, one.name, { "font-weight": 700, "font-size": 13 }), quiet(x, SIDE + 42, `${compact(one.words, lang)}`));
    x += Math.max(s, 150) + 22;
  }
  const left = beside ? x + 20 : 4, from = beside ? 28 : below + 20;
  marked.forEach((one, i) => { const s = Math.max(side(one.words), 0.4), y = from + i * ROW; svg.append(h("g", {}, h("title", {}, one.note), h("rect", { x: left + 22 - s / 2, y: y - s / 2, width: s, height: s, fill: "var(--gb-key)" })), text(left + 54, y - 2, one.name, { "font-weight": 700, "font-size": 13 }), quiet(left + 54, y + 15, one.note)); });
  return svg;
}
function squares(data) {
  return { node: [...twins(data.title, (wide) => squaresSvg(data, wide)), h("p", { class: "quiet" }, data.beyond)], draw: () => squaresSvg(data, true) };
}

const KINDS = { curves, grids, chain, plane, lookup, squares };

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-history_scene");
  const { node, draw } = KINDS[data.kind](data);
  root.dataset.kind = data.kind;
  fill(root, ...[node].flat());
  state.offers.forEach((stop) => stop());
  state.offers = [offerPicture(data.name, draw)];
  return () => { state.offers.forEach((stop) => stop()); state.offers = []; };
});
