// Token + segment + position: one column a token, one row a part, all numbers the model's own.
//
// The rows travel as float32; the sum and LayerNorm are computed here, so painting a token A or B answers at once.
// A vector is a strip of cells, wrapped to a small block; the same cell is the same dimension everywhere.
import { h, fill, instances, words as say, reducedMotion } from "../glassbox.lib/dom.js";
import { num, full, visible } from "../glassbox.lib/format.js";
import { unpack } from "../glassbox.lib/packed.js";
import { signedTable, shadeOf, asImage } from "../glassbox.lib/signed.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";

const LAST = 6;
const create = instances(() => ({ rev: null, id: null, step: 0, token: 1, dim: 0, scale: "row", painted: new Set(), stepper: null, stop: null, report: null }));

export default function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-embedding_sum");
  const model = unpack(data);
  const w = model.words, tokens = model.tokens, n = tokens.length;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== model.rev) { state.rev = model.rev; Object.assign(state, { step: model.start.step, token: model.start.token, dim: model.start.dim, scale: model.start.scale, painted: new Set(model.start.painted) }); }
  else if (state.id !== model.text) state.painted = new Set();
  state.id = model.text;
  const width = model.arrays.token.shape[1];
  state.token = Math.min(Math.max(state.token, 0), n - 1);
  state.dim = Math.min(Math.max(state.dim, 0), width - 1);
  const tell = () => state.report({ step: state.step, token: state.token, dim: state.dim, scale: state.scale, painted: [...state.painted].sort((a, b) => a - b), text: model.text, rev: state.rev });

  // --- numbers ---------------------------------------------------------------------------------------------------
  const { token, position, segments, mean, deviation, gamma, beta } = model.arrays;
  const numSegments = segments.shape[0];
  const segmentOf = (t) => (numSegments > 1 && state.painted.has(t) ? 1 - model.types[t] : model.types[t]);
  const zero = new Float32Array(width);
  const rowOf = { token: (t) => token.data.subarray(t * width, (t + 1) * width), position: (t) => position.data.subarray(t * width, (t + 1) * width), segment: (t) => (numSegments && !model.without_segments ? segments.data.subarray(segmentOf(t) * width, (segmentOf(t) + 1) * width) : zero) };
  const sumAt = (t, upTo) => {
    const out = new Float32Array(width), a = rowOf.token(t), b = rowOf.segment(t), c = rowOf.position(t);
    for (let d = 0; d < width; d += 1) out[d] = a[d] + (upTo > 1 ? b[d] : 0) + (upTo > 2 ? c[d] : 0);
    return out;
  };
  function statistics(t) {
    if (!state.painted.has(t)) return [mean.data[t], deviation.data[t]];
    const row = sumAt(t, 3);
    let m = 0, v = 0;
    for (const x of row) m += x;
    m /= width;
    for (const x of row) v += (x - m) ** 2;
    return [m, Math.sqrt(v / width + model.eps)];
  }
  function normedAt(t, step) {
    const row = sumAt(t, 3), [m, s] = statistics(t);
    for (let d = 0; d < width; d += 1) {
      let x = row[d] - m;
      if (step > 4) x /= s;
      if (step > 5) x = x * gamma.data[d] + beta.data[d];
      row[d] = x;
    }
    return row;
  }
  const long = (row) => { let q = 0; for (const x of row) q += x * x; return Math.sqrt(q); };
  const cosine = (a, b) => { let q = 0; for (let d = 0; d < width; d += 1) q += a[d] * b[d]; return q / (long(a) * long(b) || 1); };
  const PARTS = ["token", ...(numSegments ? ["segment"] : []), "position"];
  const ROWS = [...PARTS, "sum", "norm"];
  const vector = (row, t) => (row === "sum" ? (state.step ? sumAt(t, state.step) : null) : row === "norm" ? (state.step > 3 ? normedAt(t, state.step) : null) : rowOf[row](t));
  const final = (row, t) => (row === "sum" ? sumAt(t, 3) : row === "norm" ? normedAt(t, LAST) : rowOf[row](t));
  const ranges = {};
  function measure() {
    for (const row of ROWS) {
      const sizes = [];
      for (let t = 0; t < n; t += 1) for (const x of final(row, t)) sizes.push(Math.abs(x));
      sizes.sort((a, b) => a - b);
      ranges[row] = sizes[Math.floor(sizes.length * 0.995)] || 1;
    }
    const most = Math.max(...PARTS.map((row) => ranges[row]), ranges.sum, ranges.norm);
    if (state.scale === "common") for (const row of ROWS) ranges[row] = most;
  }
  const longest = () => Math.max(...[...PARTS, "sum"].flatMap((row) => tokens.map((_, t) => long(final(row, t)))), 1e-9);

  // --- drawing ---------------------------------------------------------------------------------------------------
  const shades = signedTable(root);
  const across = Math.ceil(Math.sqrt(width * 2.6)), down = Math.ceil(width / across);
  root.style.setProperty("--across", across);
  root.style.setProperty("--down", down);
  const place = (name, dim) => { root.style.setProperty(`--${name}x`, dim < 0 ? -9 : dim % across); root.style.setProperty(`--${name}y`, dim < 0 ? -9 : Math.floor(dim / across)); };
  const blocks = new Map();
  function paintBlock(row, t) {
    const block = blocks.get(`${row}-${t}`), values = vector(row, t);
    block.box.classList.toggle("empty", !values || (row === "segment" && model.without_segments));
    block.canvas.hidden = !values;
    block.bar.style.width = values ? `${Math.min(100, (100 * long(values)) / (row === "norm" ? Math.sqrt(width) * 1.6 : block.most))}%` : "0";
    if (!values) return;
    const image = new ImageData(across, down), pixels = new Uint32Array(image.data.buffer);
    for (let d = 0; d < width; d += 1) pixels[d] = shadeOf(shades, values[d], ranges[row]);
    block.canvas.getContext("2d").putImageData(image, 0, 0);
  }
  const dimAt = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = Math.min(Math.max(Math.floor(((event.clientX - box.left) / box.width) * across), 0), across - 1), y = Math.min(Math.max(Math.floor(((event.clientY - box.top) / box.height) * down), 0), down - 1);
    return Math.min(y * across + x, width - 1);
  };
  let hover = null;
  const cell = (row, t, most) => {
    const canvas = h("canvas", { width: across, height: down });
    const bar = h("span", { class: "norm-bar" });
    const box = h("div", { class: `block block-${row}`, onpointermove: (e) => { hover = [row, t, dimAt(e)]; place("h", hover[2]); detail(); }, onpointerleave: () => { hover = null; place("h", -1); detail(); }, onclick: (e) => { state.dim = dimAt(e); state.token = t; place("p", state.dim); choose(); tell(); } }, canvas, h("i", { class: "pin" }), h("i", { class: "over" }));
    blocks.set(`${row}-${t}`, { canvas, bar, box, most });
    const badge = row === "segment" ? h("button", { type: "button", class: "badge", "data-token": t, disabled: numSegments < 2 || model.without_segments, onclick: () => { if (state.painted.has(t)) state.painted.delete(t); else state.painted.add(t); state.token = t; redraw(); tell(); } }) : null;
    return h("div", { class: `cell ${row}`, "data-t": t }, badge, box, h("span", { class: "norm-track" }, bar));
  };
  const label = (row, sign, text, extra) => h("div", { class: `label ${row}` }, h("span", { class: "sign" }, sign), h("span", { class: "label-text" }, text, extra ? h("small", {}, extra) : null));
  const grid = h("div", { class: "grid", role: "group", "aria-label": w.picture });
  const scroller = h("div", { class: "scroller" }, grid);
  const info = h("div", { class: "info", "aria-live": "off" });

  function build() {
    measure();
    const most = longest();
    blocks.clear();
    grid.style.setProperty("--n", n);
    const mean_of = (row) => num(tokens.reduce((q, _, t) => q + long(final(row, t)), 0) / n);
    const signs = { token: "", segment: "+", position: "+", sum: "=", norm: "→" };
    fill(grid,
      label("tokens", "", w.tokens), ...tokens.map((text, t) => h("button", { type: "button", class: "chip", "data-t": t, title: say(w.chip, { token: text, id: model.ids[t] }), onclick: () => { state.token = t; choose(); tell(); } }, visible(text))),
      label("ids", "", "input_ids"), ...model.ids.map((id) => h("span", { class: "id" }, id)),
      ...ROWS.flatMap((row) => [label(row, signs[row], w[`row_${row}`], say(w.mean_length, { n: mean_of(row), r: num(ranges[row]) })), ...tokens.map((_, t) => cell(row, t, most))]),
      ...[["token_type_ids", (t) => (numSegments ? segmentOf(t) : "–")], ["position_ids", (t) => model.positions[t]], ["attention_mask", (t) => model.mask[t]]].flatMap(([name, of]) => [label("ids", "", name), ...tokens.map((_, t) => h("span", { class: "id", "data-list": name, "data-t": t }, of(t)))]));
    redraw(false);
  }

  function redraw(again = true) {
    if (again) measure();
    for (const row of ROWS) for (let t = 0; t < n; t += 1) paintBlock(row, t);
    for (const badge of grid.querySelectorAll(".badge")) {
      const t = Number(badge.dataset.token), s = segmentOf(t), letter = numSegments < 2 ? "A" : "AB"[s] ?? s;
      badge.textContent = letter;
      badge.classList.toggle("b", s === 1);
      badge.classList.toggle("painted", state.painted.has(t));
      badge.setAttribute("aria-label", say(w.paint, { token: tokens[t], segment: letter }));
      badge.title = badge.getAttribute("aria-label");
    }
    for (const id of grid.querySelectorAll("[data-list=token_type_ids]")) id.textContent = numSegments ? segmentOf(Number(id.dataset.t)) : "–";
    grid.dataset.step = state.step;
    root.dataset.step = state.step;
    choose();
  }

  function choose() {
    for (const node of grid.querySelectorAll("[data-t]")) node.classList.toggle("chosen", Number(node.dataset.t) === state.token);
    place("p", state.dim);
    detail();
  }

  /** The sum of the chosen token in one dimension, as an equation, and how long its parts are. */
  function detail() {
    const t = hover ? hover[1] : state.token, d = hover ? hover[2] : state.dim;
    const a = rowOf.token(t)[d], b = rowOf.segment(t)[d], c = rowOf.position(t)[d], x = sumAt(t, 3)[d], [m, s] = statistics(t), y = normedAt(t, LAST)[d];
    const part = (value, role, text) => h("span", { class: `term ${role}`, title: full(value) }, h("b", {}, num(value)), h("small", {}, text));
    const op = (text) => h("span", { class: "op" }, text);
    const rows = PARTS.map((row) => [row, rowOf[row](t)]);
    fill(info,
      h("div", { class: "equation" },
        h("div", { class: "what" }, say(w.dimension_of, { d, token: visible(tokens[t]) }), hover && vector(hover[0], t) ? h("b", { class: "exact" }, `${w[`row_${hover[0]}`]}: ${full(vector(hover[0], t)[d])}`) : null),
        h("div", { class: "line" }, part(a, "token", w.short_token), ...(numSegments ? [op("+"), part(b, `segment s${segmentOf(t)}`, w.short_segment)] : []), op("+"), part(c, "position", w.short_position), op("="), part(x, "sum", w.short_sum)),
        h("div", { class: `line second${state.step > 3 ? "" : " later"}` }, op("("), part(x, "sum", w.short_sum), op("−"), part(m, "", w.mean), op(") ÷"), part(s, "", w.deviation), op("×"), part(gamma.data[d], "", "gamma"), op("+"), part(beta.data[d], "", "beta"), op("="), part(y, "norm", w.short_norm))),
      h("table", { class: "lengths" },
        h("thead", {}, h("tr", {}, h("th", {}, say(w.lengths, { token: visible(tokens[t]) })), h("th", {}, w.length), ...rows.map(([row]) => h("th", {}, say(w.cosine_with, { row: w[`short_${row}`] }))))),
        h("tbody", {}, ...rows.map(([row, values]) => h("tr", {}, h("th", { class: row }, w[`short_${row}`]), h("td", { title: full(long(values)) }, num(long(values))), ...rows.map(([other, others]) => h("td", { class: other === row ? "self" : "" }, other === row ? "" : num(cosine(values, others)))))))));
  }

  /** The row that was just added falls into the sum. */
  function drop(step) {
    const row = ["", "token", "segment", "position"][step];
    if (!row || reducedMotion() || !PARTS.includes(row)) return;
    for (let t = 0; t < n; t += 1) {
      const from = blocks.get(`${row}-${t}`).canvas, to = blocks.get(`sum-${t}`).box;
      const a = from.getBoundingClientRect(), b = to.getBoundingClientRect();
      const ghost = h("canvas", { class: "ghost", width: across, height: down });
      ghost.getContext("2d").drawImage(from, 0, 0);
      Object.assign(ghost.style, { width: `${a.width}px`, height: `${a.height}px` });
      from.parentElement.append(ghost);
      ghost.animate([{ transform: "none", opacity: 0.9 }, { transform: `translate(${b.left - a.left}px, ${b.top - a.top}px)`, opacity: 0.3 }], { duration: 280, easing: "ease-out" }).finished.finally(() => ghost.remove());
    }
  }

  state.stepper?.destroy();
  state.stepper = stepper({ words: model.stepper, label: (step) => w[`step_${step}`], onMove: (step) => { const forward = step === state.step + 1; state.step = step; redraw(false); if (forward) drop(step); tell(); } });
  state.stepper.set({ step: state.step, last: LAST });
  const scale = h("div", { class: "scales", role: "group", "aria-label": w.scale }, ...["row", "common"].map((kind) => h("button", { type: "button", class: "scale", "aria-pressed": String(state.scale === kind), onclick: () => { state.scale = kind; [...scale.children].forEach((node, i) => node.setAttribute("aria-pressed", String(["row", "common"][i] === kind))); build(); tell(); } }, w[`scale_${kind}`])));
  const dimBox = h("input", { type: "range", min: "0", max: String(width - 1), value: String(state.dim), "aria-label": w.dimension, oninput: () => { state.dim = Number(dimBox.value); choose(); tell(); } });
  fill(root, h("div", { class: "bar" }, h("div", { class: "grow" }, state.stepper.node), h("label", { class: "dim" }, w.dimension, dimBox), scale), scroller, info);
  place("h", -1);
  build();
  state.stop?.();
  state.stop = offerPicture("embedding-sum", () => {
    const shown = Math.min(n, 16), cw = 92, rh = 62, svg = frame(150 + shown * cw, 60 + ROWS.length * rh);
    tokens.slice(0, shown).forEach((text, t) => svg.append(h("text", { x: 150 + t * cw + cw / 2, y: 30, "text-anchor": "middle", "font-size": 15, "font-family": "monospace", fill: "var(--gb-text)" }, visible(text))));
    ROWS.forEach((row, r) => {
      svg.append(h("text", { x: 10, y: 50 + r * rh + 28, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, w[`row_${row}`]));
      for (let t = 0; t < shown; t += 1) if (vector(row, t)) svg.append(asImage(blocks.get(`${row}-${t}`).canvas, 154 + t * cw, 44 + r * rh, cw - 8, rh - 14));
    });
    return svg;
  });
  return () => { state.stop?.(); state.stepper?.destroy(); };
}
