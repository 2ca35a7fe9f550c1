// A model drawn to scale: every matrix is a rectangle, and its area is its number of parameters.
//
// The unit is one square of width x width: the four attention matrices of a layer are four squares, its feed-forward
// matrices usually eight. The token table is cut into rows as wide as the stack. Which tensors exist and what shape
// they have comes from Python as letters (components/lm/transformer/model_size.py); here the letters are only multiplied, so the
// numbers follow the hand while a slider moves.
import { h, fill, instances, words as say, reducedMotion } from "../glassbox.lib/dom.js";
import { num, grouped } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { living } from "../glassbox.lib/living.js";

const COLOURS = {
  token: ["--gb-token", 1], position: ["--gb-position", 1], segment: ["--gb-segment-a", 1], projection: ["--gb-token", 0.6],
  embedding_norm: ["--gb-line", 1], final_norm: ["--gb-line", 1], attention: ["--gb-key", 1], cross_attention: ["--gb-mask", 1],
  feed_forward: ["--gb-quiet", 0.75], pooler: ["--gb-kept", 1], masked_prediction: ["--gb-random", 1], next_sentence: ["--gb-random", 0.6],
};
const NUMBERS = ["num_layers", "hidden_size", "num_heads", "intermediate_size", "vocab_size", "max_positions", "embedding_size"];
const GAP = 0.1; // between layers, in squares
const AISLE = 1.5; // between columns, in squares, and at least so many pixels that layer numbers fit
const LEAST_AISLE = 34;
const BESIDE = 170; // pixels for what is written beside the stack

const letters = (s) => ({ V: s.vocab_size, P: s.max_positions, S: s.token_types, E: s.embedding_size, H: s.hidden_size, F: s.intermediate_size });
const product = (shape, value) => shape.reduce((n, letter) => n * (value[letter] ?? Number(letter)), 1);

/** The parts of a size with their counts; `stored` copies are kept, `passes` times they are computed. */
export function count(size, plans) {
  const small = size.stack === "encoder" && size.embedding_size !== size.hidden_size;
  const plan = plans[size.stack + (small ? "+small" : "") + (size.stack === "encoder" && size.heads ? "+heads" : "")];
  const value = letters(size);
  const parts = plan.map((part) => {
    const tensors = part.tensors.map((tensor) => ({ ...tensor, count: product(tensor.shape, value), sides: tensor.shape.map((letter) => value[letter] ?? Number(letter)) }));
    const each = tensors.reduce((n, tensor) => n + tensor.count, 0);
    const layered = part.place === "encoder" || part.place === "decoder";
    const stored = !layered || size.shared === "all" || (part.group && size.shared === part.group) ? 1 : size.num_layers;
    return { ...part, tensors, each, stored, passes: layered ? size.num_layers : 1, layered, total: each * stored };
  }).filter((part) => part.each > 0);
  const total = parts.reduce((n, part) => n + part.total, 0);
  const compute = parts.filter((part) => part.layered)
    .reduce((n, part) => n + size.num_layers * part.tensors.filter((t) => t.shape.length === 2).reduce((m, t) => m + t.count, 0), 0);
  return { parts, total, compute };
}

/** One layer as [part, tensor, left, width] in squares, one square high. */
function strip(parts, place, H) {
  const cells = [];
  let x = 0;
  for (const part of parts.filter((p) => p.place === place)) {
    for (const tensor of part.tensors.filter((t) => t.shape.length === 2)) {
      const w = tensor.count / (H * H);
      cells.push([part, tensor.name, x, w]);
      x += w;
    }
  }
  let rest = 0;
  for (const part of parts.filter((p) => p.place === place)) {
    const w = part.tensors.filter((t) => t.shape.length === 1).reduce((n, t) => n + t.count, 0) / (H * H);
    cells.push([part, "bias", x + rest, w]);
    rest += w;
  }
  return { cells, w: x + rest };
}

/** Rectangles of the whole model in pixels of a box. */
export function arrange(size, counted, width, height, beside = 0, f = 1) {
  const H = size.hidden_size, L = size.num_layers, parts = counted.parts;
  const sides = ["encoder", "decoder"].filter((place) => parts.some((p) => p.place === place)).map((place) => [place, strip(parts, place, H)]);
  const inputs = parts.filter((p) => p.place === "input"), outputs = parts.filter((p) => p.place === "output");
  const best = { u: 0 };
  for (let columns = 1; columns <= (sides.length > 1 ? 1 : Math.min(L, 12)); columns += 1) {
    const squares = sides.reduce((n, [, s]) => n + s.w * columns, 0), aisles = sides.length * columns - 1;
    const free = width - (columns > 1 ? 0 : beside);
    const wide = Math.min(free / (squares + AISLE * aisles), Math.max((free - LEAST_AISLE * f * aisles) / squares, 0.01)); // as far as the width allows
    const aisle = Math.max(AISLE, (LEAST_AISLE * f) / Math.max(wide, 0.01)), across = squares + aisle * aisles;
    const rows = Math.ceil(L / columns);
    const tables = inputs.reduce((n, part) => n + table(part, across, H).rows * (table(part, across, H).side + GAP), 0);
    const above = outputs.length ? 1 + 0.4 : sides.length > 1 ? 1 : 0;
    const tall = rows * (1 + GAP) + tables + above + 0.6;
    const u = Math.min(wide, height / tall);
    if (u > best.u * (columns > 1 ? 1.7 : 1)) Object.assign(best, { u, columns, rows, aisle: Math.max(AISLE, (LEAST_AISLE * f) / u), squares, aisles });
  }
  const { u, columns, rows, aisle } = best, across = best.squares + aisle * best.aisles;
  const tall = rows * (1 + GAP) + inputs.reduce((n, part) => n + table(part, across, H).rows * (table(part, across, H).side + GAP), 0) + (outputs.length ? 1.4 : sides.length > 1 ? 1 : 0) + 0.6;
  const rects = [], labels = [];
  const room = Math.max(0, width - across * u);
  const left = Math.max((room - beside) / 2, 0);
  let y = height - (height - tall * u) / 2;
  const start = y;
  for (const part of inputs) {
    const { side, length } = table(part, across, H);
    let rest = length, row = 0;
    while (rest > 1e-9) {
      const w = Math.min(rest, across);
      y -= side * u;
      rects.push({ id: `${part.name}-${row}`, part: part.name, x: left, y, w: w * u, h: side * u, first: row === 0 });
      y -= GAP * u * (side < 0.3 ? 0.3 : 1);
      rest -= w; row += 1;
    }
  }
  const spans = [{ text: "inputs", top: y, bottom: start }];
  y -= 0.4 * u;
  spans.push({ text: "layers", top: y - rows * (1 + GAP) * u + GAP * u, bottom: y });
  sides.forEach(([place, { cells, w }], at) => {
    for (let layer = 0; layer < L; layer += 1) {
      const column = sides.length > 1 ? at : Math.floor(layer / rows);
      const x = left + (sides.length > 1 ? (at ? sides[0][1].w + aisle : 0) : column * (w + aisle)) * u;
      const top = y - ((layer % rows) + 1) * (1 + GAP) * u + GAP * u;
      cells.forEach(([part, name, cx, cw]) => rects.push({
        id: `${place}-${layer}-${part.name}-${name}`, part: part.name, name, layer, place, x: x + cx * u, y: top, w: cw * u, h: u, ghost: layer >= part.stored,
      }));
      labels.push({ x, y: top + u / 2, layer, place, column });
    }
  });
  let x = left;
  const top = y - rows * (1 + GAP) * u - 0.2 * u - u;
  outputs.forEach((part) => part.tensors.forEach((tensor) => {
    const w = tensor.count / (H * H);
    rects.push({ id: `${part.name}-${tensor.name}`, part: part.name, name: tensor.name, x, y: top, w: w * u, h: u, first: tensor.shape.length === 2 });
    x += w * u;
  }));
  if (outputs.length) spans.push({ text: "outputs", top, bottom: top + u });
  return { rects, labels, u, columns, rows, spans, right: left + across * u, room: room - left };
}

function table(part, across, H) {
  const wide = part.tensors.find((t) => t.shape.length === 2);
  const total = part.each / (H * H);
  const side = wide ? Math.min(...wide.sides.slice(1), H) / H : 1 / 64;
  const length = total / side;
  return { side, length, rows: Math.ceil(length / across - 1e-9) };
}

const short = (n) => (n >= 1e12 ? `${num(n / 1e12)}T` : n >= 1e9 ? `${num(n / 1e9)}B` : n >= 1e6 ? `${num(n / 1e6)}M` : n >= 1e3 ? `${num(n / 1e3)}K` : String(n));
/** Round numbers from 0 up to `most`. */
function evenTicks(most) {
  const raw = most / 4, power = 10 ** Math.floor(Math.log10(raw)), step = power * [1, 2, 2.5, 5, 10].find((f) => f * power >= raw);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}
const bytes = (n) => (n >= 1e12 ? `${num(n / 1e12)} TB` : n >= 1e9 ? `${num(n / 1e9)} GB` : n >= 1e6 ? `${num(n / 1e6)} MB` : `${num(n / 1e3)} kB`);

const create = instances(() => ({ size: null, rev: null, picked: "feed_forward", over: null, scale: "log", nodes: new Map(), report: null, observer: null, width: 0, height: 0 }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-model_stack");
  const w = data.words;
  state.report = state.report ?? reporter((value) => setStateValue("size", { ...value, rev: state.rev }));
  if (state.rev !== data.rev) { state.rev = data.rev; state.size = { ...data.size }; state.picked = data.part; state.scale = data.scale; }
  const tell = () => state.report({ ...state.size, part: state.picked, scale: state.scale });

  const drawing = h("div", { class: "drawing", role: "img" });
  const svg = h("svg", { class: "stack" });
  drawing.append(svg);
  state.nodes = new Map();
  const total = h("div", { class: "total", "aria-live": "polite" });
  const list = h("div", { class: "parts", role: "group", "aria-label": w.parts });
  const detail = h("div", { class: "detail" });
  const dials = h("div", { class: "dials" });
  const aid = h("p", { class: "aid", "aria-live": "polite" }), answer = h("p", { class: "answer", "aria-live": "polite" });
  const family = h("div", { class: "family" });
  const fields = new Map();
  const controls = h("div", { class: "controls" });

  const choose = (key, options, text) => {
    const select = h("select", { "aria-label": text, onchange: () => change({ [key]: select.value }) }, ...options.map((o) => h("option", { value: o }, w[`${key}_${o}`])));
    fields.set(key, select);
    return h("label", { class: "row choice" }, h("span", {}, text), select);
  };
  const number = (key, text, symbol) => {
    const [low, high] = data.bounds[key];
    const log = key !== "num_layers";
    const to = (n) => (log ? Math.round(1000 * Math.log(Math.max(n, low || 1) / (low || 1)) / Math.log(high / (low || 1))) : n);
    const from = (p) => {
      if (!log) return p;
      const n = (low || 1) * (high / (low || 1)) ** (p / 1000);
      const step = key === "num_heads" ? 1 : n < 128 ? 8 : n < 20000 ? 64 : 1000;
      return Math.min(Math.max(Math.round(n / step) * step, low), high);
    };
    const box = h("input", { type: "number", min: String(low), max: String(high), "aria-label": text, onchange: () => { const n = Math.round(Number(box.value)); change({ [key]: Number.isFinite(n) && box.value !== "" ? Math.min(Math.max(n, low), high) : state.size[key] }); } });
    const range = h("input", { type: "range", min: log ? "0" : String(low), max: log ? "1000" : String(high), step: "1", "aria-label": text, oninput: () => change({ [key]: from(Number(range.value)) }) });
    fields.set(key, { box, range, to });
    return h("div", { class: "row number", "data-key": key, title: w[`${key}_help`] }, h("span", { class: "name" }, h("b", {}, symbol), " ", text), box, range);
  };
  const which = h("select", { "aria-label": w.model, onchange: () => { const found = data.presets.find((p) => p.name === which.value); if (found) change(found.size, true); } },
    h("option", { value: "" }, w.own_size), ...data.families.map((family) => h("optgroup", { label: data.family_names[family] }, ...data.presets.filter((p) => p.family === family).map((p) => h("option", { value: p.name }, p.title)))));
  fill(controls,
    h("label", { class: "row choice model" }, h("span", {}, w.model), which),
    choose("stack", data.stacks, w.stack),
    number("num_layers", w.num_layers, "L"), number("hidden_size", w.hidden_size, "H"), number("num_heads", w.num_heads, "A"),
    number("intermediate_size", w.intermediate_size, "F"), number("vocab_size", w.vocab_size, "V"), number("max_positions", w.max_positions, "P"),
    number("embedding_size", w.embedding_size, "E"), choose("shared", data.sharing, w.shared),
    h("label", { class: "row check" }, (() => { const box = h("input", { type: "checkbox", onchange: () => change({ heads: box.checked }) }); fields.set("heads", box); return box; })(), h("span", {}, w.heads)));

  /** Take over what the hand set; numbers that belonged together stay together. */
  function change(next, jump = false) {
    const before = state.size, size = { ...before, ...next };
    if ("hidden_size" in next && !jump) {
      if (before.intermediate_size === 4 * before.hidden_size && !("intermediate_size" in next)) size.intermediate_size = 4 * size.hidden_size;
      if (before.embedding_size === before.hidden_size) size.embedding_size = size.hidden_size;
      if (before.num_heads * 64 === before.hidden_size && size.hidden_size % 64 === 0) size.num_heads = size.hidden_size / 64;
    }
    if ("stack" in next && !jump) { size.token_types = size.stack === "encoder" ? 2 : 0; if (size.stack === "encoder_decoder") size.max_positions = 0; else if (!before.max_positions) size.max_positions = 512; }
    if (size.stack !== "encoder") Object.assign(size, { embedding_size: size.hidden_size, shared: "none", heads: false, token_types: 0 });
    size.embedding_size = Math.min(size.embedding_size, size.hidden_size);
    for (const key of NUMBERS) size[key] = Math.min(Math.max(size[key], data.bounds[key][0]), data.bounds[key][1]);
    state.size = size;
    paint(jump);
    tell();
  }

  const same = (a, b) => Object.keys(b).every((key) => a[key] === b[key]);
  const preset = () => data.presets.find((p) => same(state.size, p.size));
  const colour = (part) => { const [name, strength] = COLOURS[part]; return { fill: `var(${name})`, "fill-opacity": strength }; };
  const shown = () => state.over ?? state.picked;

  function paint(moving = false) {
    const size = state.size, counted = count(size, data.plans), known = preset();
    for (const key of NUMBERS) {
      const { box, range, to } = fields.get(key);
      box.value = String(size[key]); range.value = String(to(size[key])); range.setAttribute("aria-valuetext", grouped(size[key]));
    }
    which.value = known?.name ?? "";
    fields.get("stack").value = size.stack; fields.get("shared").value = size.shared; fields.get("heads").checked = size.heads;
    const encoder = size.stack === "encoder";
    for (const [key, off] of [["embedding_size", !encoder], ["max_positions", size.stack === "encoder_decoder"]]) {
      fields.get(key).box.disabled = fields.get(key).range.disabled = off;
    }
    fields.get("shared").disabled = fields.get("heads").disabled = !encoder;
    if (!counted.parts.some((p) => p.name === state.picked)) state.picked = "token";

    const paper = known ? (known.paper_label ? say(w.paper_prints, { label: known.paper_label }) : say(w.file_holds, { n: grouped(known.counted_file) })) : w.own_size;
    fill(total, h("div", { class: "which" }, known ? known.title : w.your_model), h("output", { class: "n" }, grouped(counted.total)), h("div", { class: "unit" }, w.parameters, " · ", paper),
      known?.note ? h("div", { class: "note" }, known.note_text) : null);

    paintStack(size, counted, moving);
    paintList(counted);
    mark();
    paintDials(counted);
    const squares = counted.parts.filter((p) => p.layered).reduce((n, p) => n + p.tensors.filter((t) => t.shape.length === 2).reduce((m, t) => m + t.count, 0), 0) / size.hidden_size ** 2;
    const table = counted.parts.find((p) => p.name === "token");
    const first = say(size.stack === "encoder_decoder" ? w.aid_two : w.aid_layer, { squares: num(squares), H: grouped(size.hidden_size), L: size.num_layers, n: short(counted.compute) });
    const second = say(w.aid_table, { squares: num(table.total / size.hidden_size ** 2), share: num(100 * table.total / counted.total) });
    const third = size.shared === "none" ? null : say(w.aid_shared, { L: size.num_layers, stored: short(counted.total), computed: short(counted.compute) });
    const dim = size.hidden_size / size.num_heads;
    const fourth = Number.isInteger(dim) ? say(w.aid_heads, { A: size.num_heads, d: dim }) : say(w.aid_heads_odd, { A: size.num_heads, H: grouped(size.hidden_size), d: num(dim, 4) });
    const largest = merge(counted.parts).sort((a, b) => b.total - a.total).slice(0, 3);
    fill(answer, say(w[largest.length > 2 ? "answer" : "answer_two"], Object.fromEntries([["title", known ? known.title : w.your_model], ...largest.flatMap((part, i) => [[`part${i + 1}`, w[part.name]], [`share${i + 1}`, share(part.total / counted.total)]])])));
    const { columns, rows } = state.columns ?? { columns: 1 };
    const split = columns > 1 ? say(w.aid_columns, { n: columns, a: rows - 1, b: rows, last: Math.min(2 * rows, size.num_layers) - 1 }) : null;
    fill(aid, split ? `${split} ` : null, first, " ", second, " ", third ? h("b", {}, third) : null, " ", h("span", { class: Number.isInteger(dim) ? "" : "odd" }, fourth));
    paintFamily(counted, known);
  }

  function label(rect, size) {
    if (rect.ghost || rect.name === "bias" || rect.name?.endsWith("_bias")) return "";
    if (rect.layer === undefined) {
      if (!rect.first) return "";
      const long = say(w.table_label, { name: w[rect.part], rows: grouped({ token: size.vocab_size, position: size.max_positions, segment: size.token_types }[rect.part] ?? size.hidden_size), width: grouped(rect.part === "pooler" ? size.hidden_size : size.embedding_size) });
      return rect.w > long.length * 8 ? long : rect.w > w[rect.part].length * 8.5 ? w[rect.part] : "";
    }
    const text = { query: "Q", key: "K", value: "V", output: "O", up: `H × F`, down: `F × H` }[rect.name] ?? "";
    return rect.w > text.length * 9 + 6 ? text : "";
  }

  function paintStack(size, counted, moving) {
    const { width, height } = state;
    if (!width) return;
    const f = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16; // the lecture size
    const { rects, labels, u, columns, rows, spans, right, room } = arrange(size, counted, width - 56, height - 8, BESIDE * f, f);
    state.columns = { columns, rows };
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width); svg.setAttribute("height", height);
    svg.classList.toggle("moving", moving && !reducedMotion());
    const keep = new Set();
    for (const r of rects) {
      keep.add(r.id);
      let node = state.nodes.get(r.id);
      if (!node) {
        node = { rect: h("rect", { class: "cell" }), text: h("text", { class: "name", "text-anchor": "middle", "dominant-baseline": "central" }) };
        node.rect.addEventListener("pointerenter", () => { state.over = node.part; mark(); });
        node.rect.addEventListener("pointerleave", () => { state.over = null; mark(); });
        node.rect.addEventListener("click", () => { state.picked = node.part; mark(); tell(); });
        state.nodes.set(r.id, node);
        svg.append(node.rect, node.text);
      }
      node.part = r.part;
      for (const [key, value] of [["x", r.x + 48], ["y", r.y + 4], ["width", Math.max(r.w, 0.4)], ["height", Math.max(r.h, 0.6)]]) node.rect.style.setProperty(key, `${value}px`);
      const { fill: paintWith, "fill-opacity": strength } = colour(r.part);
      node.rect.setAttribute("fill", r.ghost ? "none" : paintWith);
      node.rect.setAttribute("fill-opacity", strength);
      node.rect.setAttribute("stroke", r.ghost ? paintWith : "var(--gb-background)");
      node.rect.setAttribute("stroke-dasharray", r.ghost ? "4 3" : "none");
      node.rect.setAttribute("stroke-width", r.ghost ? 1.2 : u > 14 ? 1.5 : 0.4);
      const text = r.h > 13 ? label(r, size) : "";
      node.text.textContent = text;
      node.text.setAttribute("x", r.x + 48 + r.w / 2); node.text.setAttribute("y", r.y + 4 + r.h / 2);
      node.text.setAttribute("font-size", Math.min(15 * f, Math.max(11, r.h * 0.5)));
    }
    for (const [id, node] of state.nodes) if (!keep.has(id)) { node.rect.remove(); node.text.remove(); state.nodes.delete(id); }
    svg.querySelectorAll(".layer").forEach((node) => node.remove());
    const every = Math.max(1, Math.ceil(13 * f / (u * (1 + GAP))));
    for (const { x, y, layer, place } of labels) {
      if (size.stack === "encoder_decoder" && layer === size.num_layers - 1) svg.append(h("text", { class: "layer side-name", x: x + 48, y: y + 4 - u / 2 - 8 * f, "font-size": 14 * f }, w[`place_${place}`]));
      if (layer % every && layer !== size.num_layers - 1) continue;
      if (layer % every && layer === size.num_layers - 1 && layer % every < every * 0.6) continue;
      svg.append(h("text", { class: "layer", x: x + 42, y: y + 4, "text-anchor": "end", "dominant-baseline": "central", "font-size": 12 * f }, layer));
    }
    svg.querySelectorAll(".brace").forEach((node) => node.remove());
    if (room >= BESIDE * f - 1) for (const span of apart(spans, height, f)) svg.append(...brace(span, right + 58, counted, size, f));
    drawing.setAttribute("aria-label", say(w.picture, { L: size.num_layers, H: size.hidden_size, n: grouped(counted.total) }));
    mark();
  }

  /** The brackets with a height for the words of each, inside the drawing and not on each other. */
  function apart(spans, height, f) {
    const sorted = spans.map((span) => ({ ...span, at: (span.top + span.bottom) / 2 + 4 })).sort((a, b) => a.at - b.at), high = 42 * f;
    let least = 18 * f;
    for (const span of sorted) { span.at = Math.max(span.at, least); least = span.at + high; }
    let most = height - 22 * f;
    for (const span of sorted.reverse()) { span.at = Math.min(span.at, most); most = span.at - high; }
    return sorted;
  }

  /** A bracket beside the drawing that says what a stretch of it amounts to. */
  function brace({ text, top, bottom, at }, x, counted, size, f) {
    const of = (places) => counted.parts.filter((p) => places.includes(p.place)).reduce((n, p) => n + p.total, 0);
    const n = of({ inputs: ["input"], layers: ["encoder", "decoder"], outputs: ["output"] }[text]);
    const middle = (top + bottom) / 2 + 4, half = Math.max((bottom - top) / 2, 3);
    const alone = counted.parts.filter((p) => p.layered).every((p) => p.stored === p.passes);
    const second = text === "layers" ? (alone ? say(w.brace_each, { L: size.num_layers, each: short(n / size.num_layers) }) : say(w.brace_shared, { L: size.num_layers })) : w[`brace_${text}`];
    return [
      h("path", { class: "brace", d: `M${x} ${middle - half}h6v${2 * half}h-6`, fill: "none", stroke: "var(--gb-quiet)", "stroke-width": 1.5 }),
      h("text", { class: "brace sum", x: x + 14, y: at - 1, "font-size": 17 * f, "font-weight": 700 }, short(n)),
      h("text", { class: "brace of", x: x + 14, y: at + 16 * f, "font-size": 13 * f }, second),
    ];
  }

  function mark() {
    const part = shown();
    for (const node of state.nodes.values()) node.rect.classList.toggle("off", node.part !== part && state.over !== null);
    for (const node of list.children) { node.classList.toggle("on", node.dataset.part === part); node.setAttribute("aria-pressed", String(node.dataset.part === state.picked)); }
    paintDetail(count(state.size, data.plans));
  }

  function paintList(counted) {
    const focused = root.getRootNode().activeElement?.dataset?.part;
    const byName = merge(counted.parts);
    fill(list, ...byName.reverse().map((part) => h("button", { type: "button", class: "part", "data-part": part.name, onclick: () => { state.picked = part.name; state.over = null; mark(); tell(); }, onpointerenter: () => { state.over = part.name; mark(); }, onpointerleave: () => { state.over = null; mark(); } },
      h("span", { class: "swatch", style: { background: `var(${COLOURS[part.name][0]})`, opacity: COLOURS[part.name][1] } }), h("span", { class: "label" }, w[part.name]),
      h("span", { class: "bar" }, h("span", { style: { width: `${100 * part.total / counted.total}%`, background: `var(${COLOURS[part.name][0]})`, opacity: COLOURS[part.name][1] } })),
      h("span", { class: "count", title: grouped(part.total) }, grouped(part.total)), h("span", { class: "share" }, share(part.total / counted.total)))));
    if (focused) [...list.children].find((node) => node.dataset.part === focused)?.focus();
  }

  const share = (x) => (x >= 0.0995 ? `${(100 * x).toFixed(0)}%` : x >= 0.001 ? `${(100 * x).toFixed(1)}%` : "<0.1%");
  const merge = (parts) => [...parts.reduce((map, part) => {
    const known = map.get(part.name);
    return map.set(part.name, known ? { ...known, total: known.total + part.total, places: [...known.places, part] } : { ...part, places: [part] });
  }, new Map()).values()];

  function paintDetail(counted) {
    const part = merge(counted.parts).find((p) => p.name === shown());
    if (!part) { fill(detail); return; }
    const matrices = part.tensors.filter((t) => t.shape.length === 2), vectors = part.tensors.filter((t) => t.shape.length === 1);
    const lines = [
      ...groupSame(matrices).map(([names, t]) => `${names}: ${t.sides.map(grouped).join(" × ")}${names.includes(",") ? say(w.each, {}) : ""} = ${grouped(t.count)}`),
      vectors.length ? `${w.vectors}: ${grouped(vectors.reduce((n, t) => n + t.count, 0))}` : null,
      part.layered ? say(part.stored < part.passes ? w.stored_once : w.per_layer, { each: grouped(part.each), L: part.passes * part.places.length, total: grouped(part.total) }) : null,
    ].filter(Boolean);
    fill(detail, h("b", {}, w[part.name]), " ", h("span", { class: "why" }, w[`${part.name}_why`]), ...lines.map((line) => h("div", { class: "line" }, line)));
  }
  const groupSame = (tensors) => [...tensors.reduce((map, t) => { const key = t.sides.join(); const known = map.get(key); return map.set(key, known ? [`${known[0]}, ${w[`t_${t.name}`]}`, t] : [w[`t_${t.name}`], t]); }, new Map()).values()];

  function paintDials(counted) {
    fill(dials,
      ...Object.entries(data.bytes).map(([format, each]) => h("div", { class: "dial" }, h("span", { class: "k" }, format), h("b", {}, bytes(each * counted.total)))),
      h("div", { class: "dial wide", title: w.compute_help }, h("span", { class: "k" }, w.compute), h("b", {}, short(counted.compute))));
  }

  function paintFamily(counted, known) {
    const rows = data.families, top = 12, bottom = 6.0;
    const most = Math.max(...data.presets.map((p) => p.count), counted.total);
    const place = (n) => (state.scale === "log" ? (Math.log10(Math.max(n, 1e6)) - bottom) / (top - bottom) : n / (most * 1.06)) * 100;
    const ticks = state.scale === "log" ? [6, 7, 8, 9, 10, 11, 12].map((e) => [10 ** e, short(10 ** e)]) : evenTicks(most).map((n) => [n, short(n)]);
    const focused = root.getRootNode().activeElement?.dataset?.preset;
    const near = 100 * 62 / Math.max(family.clientWidth - 90, 200); // a number of the axis under the label of this model is left out
    fill(family,
      h("div", { class: "family-head" }, h("b", {}, w.family), h("span", { class: "scales", role: "group", "aria-label": w.scale },
        ...["log", "linear"].map((s) => h("button", { type: "button", class: "scale", "aria-pressed": String(state.scale === s), onclick: () => { state.scale = s; paintFamily(count(state.size, data.plans), preset()); tell(); } }, w[`scale_${s}`]))),
        h("span", { class: "hint" }, w.family_hint)),
      h("div", { class: "rows", style: { "--rows": rows.length } },
        ...rows.map((name) => h("span", { class: "row-name", style: { "grid-row": rows.indexOf(name) + 1 } }, data.family_names[name])),
        h("div", { class: "field" },
          ...ticks.map(([n, text]) => h("span", { class: "tick", style: { left: `${place(n)}%` } }, Math.abs(place(n) - place(counted.total)) < near ? "" : text)),
          h("span", { class: "here", style: { left: `${Math.min(place(counted.total), 100)}%` } }, h("span", { class: place(counted.total) > 85 ? "here-label flip" : "here-label" }, short(counted.total))),
          ...spaced(rows, place).map(([p, row, labelled]) => h("button", { type: "button", class: p === known ? "dot on" : "dot", "data-preset": p.name, style: { left: `${place(p.count)}%`, top: `${(row + 0.5) / rows.length * 100}%` }, title: `${p.title} · ${grouped(p.count)}`, "aria-label": `${p.title}, ${grouped(p.count)}`, "aria-pressed": String(p === known), onclick: () => change(p.size, true) },
            h("span", { class: "mark" }), labelled || p === known ? h("span", { class: "dot-label" }, p.short) : null)))));
    if (focused) family.querySelector(`[data-preset="${CSS.escape(focused)}"]`)?.focus();
  }
  /** Labels only where they do not run into their right neighbour. */
  function spaced(rows, place) {
    const room = 100 * 62 / Math.max(state.width, 500);
    return rows.flatMap((name, row) => {
      const all = data.presets.filter((p) => p.family === name).sort((a, b) => a.count - b.count);
      return all.map((p, i) => [p, row, i === all.length - 1 || place(all[i + 1].count) - place(p.count) > room * 0.6]);
    });
  }

  fill(root, answer, h("div", { class: "bench" }, controls, drawing, h("div", { class: "side" }, total, list, detail, dials)), aid, family);
  const measure = () => {
    const box = drawing.getBoundingClientRect();
    if (!box.width || (Math.abs(box.width - state.width) < 1 && Math.abs(box.height - state.height) < 1)) return;
    state.width = box.width; state.height = box.height;
    paint();
  };
  state.observer?.disconnect();
  state.observer = new ResizeObserver(measure);
  state.observer.observe(drawing);
  state.width = 0;
  paint();
  measure();

  const takeBack = offerPicture(w.picture_name, () => {
    const size = state.size, counted = count(size, data.plans), W = 900, T = 560, named = merge(counted.parts).sort((a, b) => b.total - a.total);
    const { rects } = arrange(size, counted, W - 40, T - 70);
    const out = frame(W, T + 24 * Math.ceil(named.length / 3) + 10);
    out.append(h("text", { x: 20, y: 32, "font-size": 22, "font-weight": 700, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${preset()?.title ?? w.your_model}: ${grouped(counted.total)} ${w.parameters}`));
    for (const r of rects) {
      const c = colour(r.part);
      out.append(h("rect", { x: r.x + 20, y: r.y + 55, width: Math.max(r.w, 0.3), height: Math.max(r.h, 0.3), fill: r.ghost ? "none" : c.fill, "fill-opacity": c["fill-opacity"], stroke: r.ghost ? c.fill : "var(--gb-background)", "stroke-width": r.ghost ? 1 : 0.5, "stroke-dasharray": r.ghost ? "4 3" : "none" }, h("title", {}, w[r.part])));
    }
    named.forEach((part, i) => {
      const x = 20 + (i % 3) * 290, y = T + 10 + 24 * Math.floor(i / 3), c = colour(part.name);
      out.append(h("rect", { x, y, width: 14, height: 14, fill: c.fill, "fill-opacity": c["fill-opacity"] }),
        h("text", { x: x + 20, y: y + 12, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${w[part.name]} ${grouped(part.total)} (${share(part.total / counted.total)})`));
    });
    return out;
  });
  return () => { state.observer?.disconnect(); takeBack(); };
});
