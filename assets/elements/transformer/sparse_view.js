// Which pairs a pattern computes, where a query reaches in one and in two steps, and how the number of pairs grows.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, num } from "../glassbox.lib/format.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { roleColour } from "../glassbox.lib/shades.js";

const create = instances(() => ({ rev: null, stop: [] }));
const NAMES = ["full", "causal", "local", "strided", "fixed"];
const mod = (a, b) => ((a % b) + b) % b;
/** One test (query, key) per head; the same sets as components/lm/attention_patterns.py. */
const HEADS = {
  full: () => [() => true],
  causal: () => [(i, j) => j <= i],
  local: (l) => [(i, j) => j <= i && i - j < l],
  strided: (l) => [(i, j) => j <= i && i - j <= l, (i, j) => j <= i && mod(i - j, l) === 0],
  fixed: (l, c) => [(i, j) => j <= i && Math.floor(i / l) === Math.floor(j / l), (i, j) => j <= i && j % l >= l - c],
};
const bytes = (b) => (b >= 1e12 ? `${num(b / 1e12)} TB` : b >= 1e9 ? `${num(b / 1e9)} GB` : b >= 1e6 ? `${num(b / 1e6)} MB` : b >= 1e3 ? `${num(b / 1e3)} kB` : `${b} B`);

export default function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-sparse_view");
  const words = data.words;
  if (state.rev !== data.rev) { state.rev = data.rev; Object.assign(state, data.start); }
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  const tell = () => state.report({ pattern: state.pattern, n: state.n, l: state.l, c: state.c, query: state.query, rev: state.rev });
  let hover = null;

  const table = (name) => {
    const tests = HEADS[name](state.l, state.c);
    return Array.from({ length: state.n }, (_, i) => Array.from({ length: state.n }, (_, j) => tests.reduce((code, test, head) => code | (test(i, j) ? 1 << head : 0), 0)));
  };
  const count = (cells) => cells.reduce((sum, row) => sum + row.reduce((a, code) => a + (code ? 1 : 0), 0), 0);
  const rgb = (role) => roleColour(root, role).match(/[\d.]+/g).slice(0, 3).map(Number);
  function paint(canvas, cells) {
    const n = state.n;
    canvas.width = n; canvas.height = n;
    const context = canvas.getContext("2d"), image = context.createImageData(n, n);
    const colours = { 1: rgb("token"), 2: rgb("key"), 3: rgb("segment-b") };
    cells.forEach((row, i) => row.forEach((code, j) => { if (code) image.data.set([...colours[code], 255], (i * n + j) * 4); }));
    context.putImageData(image, 0, 0);
  }
  /** Positions a query has after `steps` layers: 1 = read at once, 2 = reached through another position. */
  function reach(cells, q) {
    const first = cells[q].map((code) => Boolean(code));
    return first.map((one, k) => (one ? 1 : cells.some((row, m) => first[m] && row[k]) ? 2 : 0));
  }

  const slider = (name, low, high) => {
    const out = h("output", {}, state[name]);
    const input = h("input", { type: "range", min: String(low), max: String(high), step: "1", value: String(state[name]), "aria-label": words[`set_${name}`], oninput: () => { state[name] = Number(input.value); draw(); tell(); } });
    return { node: h("label", { class: "slider" }, words[`set_${name}`], input, out), set: () => { input.value = String(state[name]); out.textContent = state[name]; } };
  };
  const sliders = [slider("n", 8, 96), slider("l", 1, 32), slider("c", 1, 8)];
  const cards = NAMES.map((name) => {
    const canvas = h("canvas", { "aria-hidden": "true" }), text = h("span", { class: "count" });
    return { name, canvas, text, node: h("button", { type: "button", class: "card", "data-name": name, onclick: () => { state.pattern = name; draw(); tell(); } }, canvas, h("span", { class: "words" }, h("strong", {}, words[`name_${name}`]), text)) };
  });
  const canvas = h("canvas", { role: "img" }), marks = h("span", { class: "row-mark" });
  const square = h("div", { class: "square", onpointermove: (event) => { const q = at(event); if (q !== hover) { hover = q; drawReach(); } }, onpointerleave: () => { hover = null; drawReach(); }, onclick: (event) => { state.query = at(event); drawReach(); tell(); } }, canvas, marks);
  const at = (event) => { const box = square.getBoundingClientRect(); return Math.min(state.n - 1, Math.max(0, Math.floor((event.clientY - box.top) / box.height * state.n))); };
  const legend = h("p", { class: "legend" }), strips = h("div", { class: "strips" }), aid = h("p", { class: "aid", "aria-live": "polite" }), chart = h("div", { class: "chart" }), stack = h("div", { class: "stack" });
  const queryBox = h("input", { type: "range", min: "0", step: "1", "aria-label": words.query, oninput: () => { state.query = Number(queryBox.value); drawReach(); tell(); } });
  let cells = null;

  function drawReach() {
    const q = Math.min(hover ?? state.query, state.n - 1);
    queryBox.max = String(state.n - 1); queryBox.value = String(q);
    const reached = reach(cells, q);
    const one = reached.filter((r) => r === 1).length, two = reached.filter(Boolean).length, possible = state.pattern === "full" ? state.n : q + 1;
    marks.style.top = `${(q / state.n) * 100}%`;
    marks.style.height = `${100 / state.n}%`;
    const strip = (most) => h("div", { class: "strip", style: { "--n": String(state.n) } }, ...reached.map((r, k) => h("i", { class: k === q ? "self" : r && r <= most ? (r === 1 ? "one" : "two") : k > q && state.pattern !== "full" ? "future" : "", title: String(k) })));
    fill(strips, h("span", {}, words.one_step), strip(1), h("b", {}, `${one} / ${possible}`), h("span", {}, words.two_steps), strip(2), h("b", {}, `${two} / ${possible}`));
    aid.textContent = say(two === possible ? words.aid_all : words.aid_some, { query: q, one, two, possible, name: words[`name_${state.pattern}`] });
    root.dataset.reach = `${one}.${two}`;
  }

  /** Pairs against length, both on logarithmic scales; the stride grows with the square root of the length. */
  function growth() {
    const w = 520, hgt = 250, left = 66, bottom = 34, top = 10;
    const ns = data.growth.n, max = Math.max(...data.growth.full), min = ns[0];
    const x = (n) => left + (Math.log(n / ns[0]) / Math.log(ns[ns.length - 1] / ns[0])) * (w - left - 86), y = (v) => top + (1 - Math.log(v / min) / Math.log(max / min)) * (hgt - top - bottom);
    const svg = frame(w, hgt);
    svg.setAttribute("role", "img"); svg.setAttribute("aria-label", words.chart);
    const text = (px, py, anchor, content, role = "quiet", weight = 400) => h("text", { x: px, y: py, "text-anchor": anchor, "font-size": 12, "font-family": "sans-serif", "font-weight": weight, fill: `var(--gb-${role})` }, content);
    for (const n of [100, 1000, 10_000, 100_000]) svg.append(h("line", { x1: x(n), x2: x(n), y1: top, y2: hgt - bottom, stroke: "var(--gb-line)", "stroke-width": 0.5 }), text(x(n), hgt - 16, "middle", grouped(n)));
    for (const v of [1e3, 1e5, 1e7, 1e9]) svg.append(h("line", { x1: left, x2: w - 86, y1: y(v), y2: y(v), stroke: "var(--gb-line)", "stroke-width": 0.5 }), text(left - 6, y(v) + 4, "end", `10${{ 3: "³", 5: "⁵", 7: "⁷", 9: "⁹" }[Math.round(Math.log10(v))]}`));
    svg.append(text((left + w - 86) / 2, hgt - 2, "middle", words.tokens));
    const path = (values, role, dash, width) => h("path", { d: values.map((v, i) => `${i ? "L" : "M"}${x(ns[i]).toFixed(1)} ${y(v).toFixed(1)}`).join(""), fill: "none", stroke: `var(--gb-${role})`, "stroke-width": width, "stroke-dasharray": dash });
    const last = ns.length - 1;
    svg.append(path(ns.map((n) => n * n), "quiet", "3 3", 1), path(ns.map((n) => n * Math.sqrt(n)), "quiet", "3 3", 1), text(x(ns[last]) + 6, y(ns[last] ** 2) + 4, "start", "n²"), text(x(ns[last]) + 6, y(ns[last] ** 1.5) + 16, "start", "n√n"));
    svg.append(path(data.growth[state.pattern], "token", null, 3), text(x(ns[last]) + 6, y(data.growth[state.pattern][last]) + (state.pattern === "full" ? 18 : state.pattern === "causal" ? 14 : -4), "start", words[`name_${state.pattern}`], "token", 700));
    return svg;
  }
  function gpt3() {
    const dense = count(table("causal")), band = count(table("local")), layers = 8;
    return [h("p", { class: "title" }, words.stack), h("div", { class: "layers" }, ...Array.from({ length: layers }, (_, i) => {
      const sparse = i % 2 === 1, box = h("canvas", { class: sparse ? "banded" : "dense", "aria-hidden": "true" });
      paint(box, table(sparse ? "local" : "causal"));
      return h("figure", {}, box, h("figcaption", {}, sparse ? words.banded : words.dense));
    })), h("p", { class: "note" }, say(words.stack_note, { dense: grouped(dense), band: grouped(band), share: num((dense + band) / (2 * dense)), l: state.l }))];
  }
  function draw() {
    state.l = Math.min(state.l, 32); state.query = Math.min(state.query, state.n - 1);
    sliders.forEach((s) => s.set());
    for (const card of cards) {
      const own = table(card.name), pairs = count(own);
      paint(card.canvas, own);
      card.text.textContent = say(words.pairs, { pairs: grouped(pairs), share: num((100 * pairs) / state.n ** 2) });
      card.node.classList.toggle("chosen", card.name === state.pattern);
      card.node.setAttribute("aria-pressed", String(card.name === state.pattern));
      if (card.name === state.pattern) { cells = own; root.dataset.pairs = String(pairs); }
    }
    paint(canvas, cells);
    canvas.setAttribute("aria-label", words[`what_${state.pattern}`]);
    const two = ["strided", "fixed"].includes(state.pattern);
    fill(legend, words[`what_${state.pattern}`], ...(two ? [h("span", { class: "keys" }, h("i", { class: "h1" }), words.head_1, h("i", { class: "h2" }), words.head_2, h("i", { class: "h3" }), words.head_both)] : []));
    fill(chart, h("p", { class: "title" }, words.chart), growth());
    fill(stack, ...gpt3());
    drawReach();
    root.dataset.pattern = state.pattern;
  }
  const memory = h("table", { class: "memory" }, h("caption", {}, words.memory),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, words.tokens), ...data.memory.lengths.map((n, i) => h("th", { scope: "col" }, say(words.at_tokens, { n: grouped(n), l: data.memory.strides[i] }))))),
    h("tbody", {}, ...NAMES.map((name) => h("tr", {}, h("th", { scope: "row" }, words[`name_${name}`]), ...data.memory[name].map((b) => h("td", { title: grouped(b) }, bytes(b)))))));
  fill(root, h("div", { class: "sliders" }, ...sliders.map((s) => s.node)), h("div", { class: "cards" }, ...cards.map((card) => card.node)),
    h("div", { class: "main" }, h("div", { class: "left" }, h("p", { class: "axes" }, h("span", { class: "is-query" }, `${words.query} ↓`), h("span", { class: "is-key" }, `${words.key} →`)), square),
      h("div", { class: "right" }, legend, h("label", { class: "slider" }, words.query_is, queryBox), strips, aid, h("div", { class: "two" }, chart, memory))), stack);
  draw();
  state.stop.forEach((stop) => stop());
  state.stop = [offerPicture("pattern", () => {
    const cell = Math.max(4, 480 / state.n), svg = frame(state.n * cell + 20, state.n * cell + 20);
    cells.forEach((row, i) => row.forEach((code, j) => { if (code) svg.append(h("rect", { x: 10 + j * cell, y: 10 + i * cell, width: cell - 0.5, height: cell - 0.5, fill: `var(--gb-${{ 1: "token", 2: "key", 3: "segment-b" }[code]})` })); }));
    svg.append(h("rect", { x: 10, y: 10, width: state.n * cell, height: state.n * cell, fill: "none", stroke: "var(--gb-line)" }));
    return svg;
  }), offerPicture("growth", growth)];
  return () => { state.stop.forEach((stop) => stop()); state.stop = []; };
}
