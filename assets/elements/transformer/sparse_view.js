// Which pairs a pattern computes, where a query reaches in one and in two steps, and how the number of pairs grows.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, num } from "../glassbox.lib/format.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame, headline, legendBelow } from "../glassbox.lib/pictures.js";
import { roleColour } from "../glassbox.lib/shades.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, stop: [] }));
const NAMES = ["full", "causal", "local", "strided", "fixed"];
const mod = (a, b) => ((a % b) + b) % b;
/** One test (query, key) per head; the same sets as components/lm/transformer/attention_patterns.py. */
const HEADS = {
  full: () => [() => true],
  causal: () => [(i, j) => j <= i],
  local: (l) => [(i, j) => j <= i && i - j < l],
  strided: (l) => [(i, j) => j <= i && i - j <= l, (i, j) => j <= i && mod(i - j, l) === 0],
  fixed: (l, c) => [(i, j) => j <= i && Math.floor(i / l) === Math.floor(j / l), (i, j) => j <= i && j % l >= l - c],
};
/** Pairs of a pattern at each of the lengths, without drawing the matrix; as count_pairs() in components/lm/transformer/attention_patterns.py. */
function pairsAt(name, lengths, stride, summary) {
  const of = {
    full: null, causal: (i) => i + 1, local: (i) => Math.min(i + 1, stride),
    strided: (i) => Math.min(i, stride) + 1 + Math.max(Math.floor(i / stride) - 1, 0), fixed: (i) => (i % stride) + 1 + Math.floor(i / stride) * Math.min(summary, stride),
  }[name];
  if (!of) return lengths.map((n) => n * n);
  let i = 0, sum = 0;
  return lengths.map((n) => { for (; i < n; i += 1) sum += of(i); return sum; });
}
const LENGTHS = Array.from({ length: 14 }, (_, i) => 2 ** (i + 4)); // 16 to 131,072 tokens
const LONG = [1000, 10_000, 100_000];
const bytes = (b) => (b >= 1e12 ? `${num(b / 1e12)} TB` : b >= 1e9 ? `${num(b / 1e9)} GB` : b >= 1e6 ? `${num(b / 1e6)} MB` : b >= 1e3 ? `${num(b / 1e3)} kB` : `${b} B`);

export default living(function ({ data, parentElement, setStateValue }) {
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
  const bounded = () => ["local", "strided", "fixed"].includes(state.pattern);
  /** Positions a query has after `steps` layers: 1 = read at once, 2 = reached through another position. */
  function reach(cells, q) {
    const first = cells[q].map((code) => Boolean(code)), through = first.flatMap((one, m) => (one ? [m] : []));
    return first.map((one, k) => (one ? 1 : through.some((m) => cells[m][k]) ? 2 : 0));
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
  const legend = h("p", { class: "legend" }), strips = h("div", { class: "strips" }), answer = h("p", { class: "answer", "aria-live": "polite" }), aid = h("p", { class: "aid", "aria-live": "polite" }), memoryTable = h("table", { class: "memory" }), chart = h("div", { class: "chart" }), stack = h("div", { class: "stack" });
  const queryBox = h("input", { type: "range", min: "0", step: "1", "aria-label": words.query, oninput: () => { state.query = Number(queryBox.value); drawReach(); tell(); } });
  let cells = null;

  /** The page's question, answered for the pattern: what is left out, and whether two layers still connect everything. */
  function drawAnswer() {
    const pairs = count(cells), slots = { name: words[`name_${state.pattern}`], pairs: grouped(pairs), full: grouped(state.n ** 2), share: num((100 * pairs) / state.n ** 2) };
    let reached = 0, possible = 0;
    for (let q = 0; q < state.n; q += 1) { reached += reach(cells, q).filter(Boolean).length; possible += state.pattern === "full" ? state.n : q + 1; }
    const kind = !bounded() ? state.pattern : reached === possible ? "yes" : "no";
    answer.textContent = say(words[`answer_${kind}`], { ...slots, reached: grouped(reached), possible: grouped(possible) });
    root.dataset.connected = `${reached}.${possible}`;
  }
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

  /** Pairs against length, both on logarithmic scales: with the stride that is set, and with one that grows as the square root of the length. */
  function growth(w = 520) {
    const hgt = 250, left = 66, bottom = 34, top = 10, right = 96;
    const first = LENGTHS[0], last = LENGTHS.length - 1, max = LENGTHS[last] ** 2;
    const x = (n) => left + (Math.log(n / first) / Math.log(LENGTHS[last] / first)) * (w - left - right), y = (v) => top + (1 - Math.log(v / first) / Math.log(max / first)) * (hgt - top - bottom);
    const svg = frame(w, hgt);
    svg.setAttribute("role", "img"); svg.setAttribute("aria-label", words.chart);
    const text = (px, py, anchor, content, role = "quiet", weight = 400) => h("text", { x: px, y: py, "text-anchor": anchor, "font-size": 12, "font-family": "sans-serif", "font-weight": weight, fill: `var(--gb-${role})` }, content);
    for (const n of [100, 1000, 10_000, 100_000]) svg.append(h("line", { x1: x(n), x2: x(n), y1: top, y2: hgt - bottom, stroke: "var(--gb-line)", "stroke-width": 0.5 }), text(x(n), hgt - 16, "middle", grouped(n)));
    for (const v of [1e3, 1e5, 1e7, 1e9]) svg.append(h("line", { x1: left, x2: w - right, y1: y(v), y2: y(v), stroke: "var(--gb-line)", "stroke-width": 0.5 }), text(left - 6, y(v) + 4, "end", `10${{ 3: "³", 5: "⁵", 7: "⁷", 9: "⁹" }[Math.round(Math.log10(v))]}`));
    svg.append(text((left + w - right) / 2, hgt - 2, "middle", words.tokens));
    const path = (values, role, dash, width) => h("path", { d: values.map((v, i) => `${i ? "L" : "M"}${x(LENGTHS[i]).toFixed(1)} ${y(v).toFixed(1)}`).join(""), fill: "none", stroke: `var(--gb-${role})`, "stroke-width": width, "stroke-dasharray": dash });
    const lines = [[LENGTHS.map((n) => n * n), "quiet", "2 4", 1.5, "n²"]];
    if (bounded()) {
      if (state.pattern !== "local") lines.push([LENGTHS.map((n) => pairsAt(state.pattern, [n], Math.round(Math.sqrt(n)), state.c)[0]), "key", "7 4", 2, words.stride_root]);
      lines.push([pairsAt(state.pattern, LENGTHS, state.l, state.c), "token", null, 3, say(words.stride_set, { l: state.l })]);
    } else lines.push([pairsAt(state.pattern, LENGTHS), "token", null, 3, words[`name_${state.pattern}`]]);
    let below = -Infinity; // labels do not stand on each other
    const named = lines.map((line) => [line, y(line[0][last])]).sort((a, b) => a[1] - b[1]);
    for (const [[values, role, dash, width, name], at] of named) {
      below = Math.max(at + 4, below + 15);
      svg.append(path(values, role, dash, width), text(x(LENGTHS[last]) + 6, below, "start", name, role, role === "token" ? 700 : 400));
    }
    const own = pairsAt(state.pattern, [state.n], state.l, state.c)[0];
    svg.append(h("circle", { cx: x(Math.max(state.n, first)), cy: y(Math.max(own, first)), r: 5, fill: "var(--gb-background)", stroke: "var(--gb-token)", "stroke-width": 2.5 }, h("title", {}, `${grouped(state.n)}: ${grouped(own)}`)));
    return svg;
  }
  /** Bytes of the weights of one head with the stride and the summaries that are set. */
  function memory() {
    const lengths = [state.n, ...LONG];
    return [h("caption", {}, say(words.memory, { l: state.l, c: state.c })),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, words.tokens), ...lengths.map((n) => h("th", { scope: "col" }, grouped(n))))),
      h("tbody", {}, ...NAMES.map((name) => h("tr", { class: name === state.pattern ? "chosen" : undefined }, h("th", { scope: "row" }, words[`name_${name}`]), ...pairsAt(name, lengths, state.l, state.c).map((pairs) => h("td", { title: grouped(2 * pairs) }, bytes(2 * pairs))))))];
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
    fill(chart, h("p", { class: "title" }, words.chart), growth(root.clientWidth < 600 ? 340 : 520)); // its words are as large on a phone
    fill(memoryTable, ...memory());
    fill(stack, ...gpt3());
    drawAnswer();
    sliders[1].node.classList.toggle("idle", !bounded());
    sliders[2].node.classList.toggle("idle", state.pattern !== "fixed");
    drawReach();
    root.dataset.pattern = state.pattern;
  }
  fill(root, h("div", { class: "sliders" }, ...sliders.map((s) => s.node)), h("div", { class: "cards" }, ...cards.map((card) => card.node)), answer,
    h("div", { class: "main" }, h("div", { class: "left" }, h("p", { class: "axes" }, h("span", { class: "is-query" }, `${words.query} ↓`), h("span", { class: "is-key" }, `${words.key} →`)), square),
      h("div", { class: "right" }, legend, h("label", { class: "slider" }, words.query_is, queryBox), strips, aid, h("div", { class: "two" }, chart, memoryTable))), stack);
  draw();
  state.stop.forEach((stop) => stop());
  state.stop = [offerPicture("pattern", () => {
    const cell = Math.max(4, 480 / state.n), svg = frame(state.n * cell + 20, state.n * cell + 20), used = new Set(cells.flatMap((row) => [...row]));
    cells.forEach((row, i) => row.forEach((code, j) => { if (code) svg.append(h("rect", { x: 10 + j * cell, y: 10 + i * cell, width: cell - 0.5, height: cell - 0.5, fill: `var(--gb-${{ 1: "token", 2: "key", 3: "segment-b" }[code]})` })); }));
    svg.append(h("rect", { x: 10, y: 10, width: state.n * cell, height: state.n * cell, fill: "none", stroke: "var(--gb-line)" }));
    headline(svg, 10, -2, `${words[`name_${state.pattern}`]}. ${words[`what_${state.pattern}`]}`);
    const heads = [[1, "token", "head_1"], [2, "key", "head_2"], [3, "segment-b", "head_both"]].filter(([code]) => used.has(code) && used.has(2));
    return legendBelow(svg, [[null, `${words.query} ↓`], [null, `${words.key} →`], ...heads.map(([, role, name]) => [{ fill: `var(--gb-${role})` }, words[name]])]);
  }), offerPicture("growth", () => { const svg = growth(); headline(svg, 10, -6, words.chart, { "font-weight": 700 }); return svg; })];
  return () => { state.stop.forEach((stop) => stop()); state.stop = []; };
});
