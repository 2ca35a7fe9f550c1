// Token + segment + position: one column a token, one row a part, all numbers the model's own.
//
// The rows travel as float32; the sum and LayerNorm are computed here, so painting a token A or B answers at once.
// A vector is a strip of cells, wrapped to a small block; the same cell is the same dimension everywhere.
// Another sentence keeps the columns that stand and repaints them: building them anew costs more than reading it.
import { h, fill, instances, words as say, reducedMotion } from "../glassbox.lib/dom.js";
import { num, full, visible } from "../glassbox.lib/format.js";
import { ownKeys } from "../glassbox.lib/keys.js";
import { unpack } from "../glassbox.lib/packed.js";
import { signedTable, shadeOf, asImage } from "../glassbox.lib/signed.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const LAST = 6;
const LISTS = ["token_type_ids", "position_ids", "attention_mask"];
const SIGNS = { token: "", segment: "+", position: "+", sum: "=", norm: "→" };
const create = instances(() => ({ rev: null, id: null, step: 0, token: 1, dim: 0, scale: "row", painted: new Set(), picture: null, drawn: "", report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-embedding_sum");
  const model = unpack(data);
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== model.rev) { state.rev = model.rev; Object.assign(state, { step: model.start.step, token: model.start.token, dim: model.start.dim, scale: model.start.scale, painted: new Set(model.start.painted) }); }
  else if (state.id !== model.text) state.painted = new Set();
  state.id = model.text;
  const [n, width] = model.arrays.token.shape;
  state.token = Math.min(Math.max(state.token, 0), n - 1);
  state.dim = Math.min(Math.max(state.dim, 0), width - 1);
  const drawn = JSON.stringify([model.words, model.stepper, model.arrays.segments.shape[0] > 0]);
  if (!state.picture || state.drawn !== drawn || state.picture.root !== root) {
    state.picture?.destroy();
    state.picture = picture(root, state, model);
    state.drawn = drawn;
  }
  state.picture.show(model);
  return () => { state.picture?.destroy(); state.picture = null; };
});

const long = (row) => { let q = 0; for (const x of row) q += x * x; return Math.sqrt(q); };
const cosine = (a, b) => { let q = 0; for (let d = 0; d < a.length; d += 1) q += a[d] * b[d]; return q / (long(a) * long(b) || 1); };
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

function picture(root, state, first) {
  const w = first.words;
  const PARTS = ["token", ...(first.arrays.segments.shape[0] ? ["segment"] : []), "position"];
  const ROWS = [...PARTS, "sum", "norm"];
  let model = first, n = 0, width = 0, across = 0, down = 0, numSegments = 0, zero, sums, finals, means, deviations, shades, most = 1;
  let ranges = {}, means_of = {}, hover = null;
  const tell = () => state.report({ step: state.step, token: state.token, dim: state.dim, scale: state.scale, painted: [...state.painted].sort((a, b) => a - b), text: model.text, rev: state.rev });

  // --- numbers ---------------------------------------------------------------------------------------------------
  const part = (array, i) => array.subarray(i * width, (i + 1) * width);
  const segmentOf = (t) => (numSegments > 1 && state.painted.has(t) ? 1 - model.types[t] : model.types[t]);
  const rowOf = {
    token: (t) => part(model.arrays.token.data, t),
    position: (t) => part(model.arrays.position.data, t),
    segment: (t) => (numSegments && !model.without_segments ? part(model.arrays.segments.data, segmentOf(t)) : zero),
    sum: (t) => part(sums, t),
    norm: (t) => part(finals, t),
  };

  /** The sum and the normalised sum of one token; what Python measured is believed unless the token was painted. */
  function compute(t) {
    const a = rowOf.token(t), b = rowOf.segment(t), c = rowOf.position(t), sum = part(sums, t), out = part(finals, t);
    const gamma = model.arrays.gamma.data, beta = model.arrays.beta.data;
    for (let d = 0; d < width; d += 1) sum[d] = a[d] + b[d] + c[d];
    let m = model.arrays.mean.data[t], s = model.arrays.deviation.data[t];
    if (state.painted.has(t)) {
      m = s = 0;
      for (const x of sum) m += x;
      m /= width;
      for (const x of sum) s += (x - m) ** 2;
      s = Math.sqrt(s / width + model.eps);
    }
    means[t] = m;
    deviations[t] = s;
    for (let d = 0; d < width; d += 1) out[d] = ((sum[d] - m) / s) * gamma[d] + beta[d];
  }

  /** A row as far as the step has come, or null. */
  function vector(row, t) {
    if (row === "sum" && state.step < 3) {
      if (!state.step) return null;
      const out = Float32Array.from(rowOf.token(t)), b = rowOf.segment(t);
      if (state.step > 1) for (let d = 0; d < width; d += 1) out[d] += b[d];
      return out;
    }
    if (row !== "norm" || state.step === LAST) return rowOf[row](t);
    if (state.step < 4) return null;
    const by = state.step > 4 ? deviations[t] : 1;
    return rowOf.sum(t).map((x) => (x - means[t]) / by);
  }

  function measure() {
    const sizes = new Float32Array(n * width);
    for (const row of ROWS) {
      for (let t = 0; t < n; t += 1) sizes.set(rowOf[row](t), t * width);
      for (let i = 0; i < sizes.length; i += 1) sizes[i] = Math.abs(sizes[i]);
      sizes.sort();
      ranges[row] = sizes[Math.floor(sizes.length * 0.995)] || 1;
    }
    // One scale: that of the parts and their sum. LayerNorm makes numbers so large that they would pale beside it.
    if (state.scale === "common") { const all = Math.max(...[...PARTS, "sum"].map((row) => ranges[row])); for (const row of ROWS) ranges[row] = all; }
    most = 1e-9;
    for (const row of ROWS) {
      let mean = 0;
      for (let t = 0; t < n; t += 1) { const size = long(rowOf[row](t)); mean += size / n; if (row !== "norm") most = Math.max(most, size); }
      means_of[row] = mean;
    }
  }

  // --- the grid: each row holds its label and one cell a token ---------------------------------------------------
  const label = (row, sign, text, more) => h("div", { class: `label ${row}` }, h("span", { class: "sign" }, sign), h("span", { class: "label-text" }, text, more));
  const line = (kind, text, sign = "", about = null) => ({ node: h("div", { class: "row" }, label(kind, sign, text, about)), cells: [], about });
  const rows = { tokens: line("tokens", w.tokens), input_ids: line("ids", "input_ids") };
  for (const row of ROWS) rows[row] = line(row, w[`row_${row}`], SIGNS[row], h("small", {}));
  for (const list of LISTS) rows[list] = line("ids", list);
  const grid = h("div", { class: "grid", role: "group", "aria-label": w.picture }, ...Object.values(rows).map((row) => row.node));
  const info = h("div", { class: "info", "aria-live": "off" });
  const place = (name, dim) => { root.style.setProperty(`--${name}x`, dim < 0 ? -9 : dim % across); root.style.setProperty(`--${name}y`, dim < 0 ? -9 : Math.floor(dim / across)); };
  const dimAt = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = Math.min(Math.max(Math.floor(((event.clientX - box.left) / box.width) * across), 0), across - 1), y = Math.min(Math.max(Math.floor(((event.clientY - box.top) / box.height) * down), 0), down - 1);
    return Math.min(y * across + x, width - 1);
  };
  function paintToken(t) {
    if (state.painted.has(t)) state.painted.delete(t); else state.painted.add(t);
    state.token = t;
    compute(t);
    measure();
    redraw();
    tell();
  }
  function column(t) {
    const add = (row, cell) => { cell.node.dataset.t = t; rows[row].cells.push(cell); rows[row].node.append(cell.node); };
    add("tokens", { node: h("button", { type: "button", class: "chip", onclick: () => { state.token = t; choose(); tell(); } }) });
    for (const list of ["input_ids", ...LISTS]) add(list, { node: h("span", { class: "id", "data-list": list }) });
    for (const row of ROWS) {
      const canvas = h("canvas", {}), bar = h("span", { class: "norm-bar" });
      const box = h("div", { class: `block block-${row}`, onpointermove: (e) => { hover = [row, t, dimAt(e)]; place("h", hover[2]); detail(); }, onpointerleave: () => { hover = null; place("h", -1); detail(); }, onclick: (e) => { state.dim = dimAt(e); state.token = t; choose(); tell(); } }, canvas, h("i", { class: "pin" }), h("i", { class: "over" }));
      const badge = row === "segment" ? h("button", { type: "button", class: "badge", onclick: () => paintToken(t) }) : null;
      add(row, { node: h("div", { class: `cell ${row}` }, badge, box, h("span", { class: "norm-track" }, bar)), canvas, pen: canvas.getContext("2d"), box, bar, badge, paper: null });
    }
  }

  function paintBlock(row, t) {
    const cell = rows[row].cells[t], values = vector(row, t);
    cell.box.classList.toggle("empty", !values || (row === "segment" && model.without_segments));
    cell.canvas.hidden = !values;
    cell.bar.style.width = values ? `${Math.min(100, (100 * long(values)) / (row === "norm" ? Math.sqrt(width) * 1.6 : most)).toFixed(1)}%` : "0";
    if (!values) return;
    if (cell.canvas.width !== across || cell.canvas.height !== down || !cell.paper) { cell.canvas.width = across; cell.canvas.height = down; cell.paper = new ImageData(across, down); }
    const pixels = new Uint32Array(cell.paper.data.buffer);
    for (let d = 0; d < width; d += 1) pixels[d] = shadeOf(shades, values[d], ranges[row]);
    cell.pen.putImageData(cell.paper, 0, 0);
  }

  /** The length that a row has on screen: what LayerNorm makes grows step by step, and is not known before it was stepped to. */
  function label_lengths() {
    for (const row of ROWS) {
      const now = Array.from({ length: n }, (_, t) => vector(row, t)), stands = now.every(Boolean) && n > 0;
      const mean = row === "norm" || row === "sum" ? (stands ? now.reduce((sum, v) => sum + long(v), 0) / n : null) : means_of[row];
      write(rows[row].about, mean === null ? "" : say(w.mean_length, { n: num(mean), r: num(ranges[row]) }));
    }
  }

  function redraw() {
    label_lengths();
    for (const row of ROWS) for (let t = 0; t < n; t += 1) paintBlock(row, t);
    for (let t = 0; t < n; t += 1) {
      const s = segmentOf(t), letter = numSegments < 2 ? "A" : "AB"[s] ?? String(s), badge = rows.segment?.cells[t].badge;
      write(rows.token_type_ids.cells[t].node, numSegments ? String(s) : "–");
      if (!badge) continue;
      write(badge, letter);
      badge.disabled = numSegments < 2 || model.without_segments;
      badge.classList.toggle("b", s === 1);
      badge.classList.toggle("painted", state.painted.has(t));
      badge.setAttribute("aria-label", say(w.paint, { token: model.tokens[t], segment: letter }));
      badge.title = badge.getAttribute("aria-label");
    }
    root.dataset.step = state.step;
    choose();
  }

  function choose() {
    for (const { cells } of Object.values(rows)) cells.forEach(({ node }, t) => node.classList.toggle("chosen", t === state.token));
    place("p", state.dim);
    dimBox.value = String(state.dim);
    detail();
  }

  /** The sum of the chosen token in one dimension, as an equation, and how long its parts are. */
  function detail() {
    const t = hover && hover[1] < n ? hover[1] : state.token, d = hover ? Math.min(hover[2], width - 1) : state.dim;
    const a = rowOf.token(t)[d], b = rowOf.segment(t)[d], c = rowOf.position(t)[d], x = rowOf.sum(t)[d], y = rowOf.norm(t)[d];
    // A negative number that is subtracted stands in brackets; a number that was not stepped to yet is pale.
    const term = (value, role, text, { bracket = false, from = 0 } = {}) => h("span", { class: `term ${role}${state.step < from ? " later" : ""}`, title: full(value) }, h("b", {}, bracket && value < 0 ? `(${num(value)})` : num(value)), h("small", {}, text));
    const op = (text) => h("span", { class: "op" }, text);
    const parts = PARTS.map((row) => [row, rowOf[row](t)]), seen = hover ? vector(hover[0], t) : null;
    fill(info,
      h("div", { class: "equation" },
        h("div", { class: "what" }, say(w.dimension_of, { d, token: visible(model.tokens[t]) }), seen ? h("b", { class: "exact" }, `${w[`row_${hover[0]}`]}: ${full(seen[d])}`) : null),
        h("div", { class: "line" }, term(a, "token", w.short_token), ...(numSegments ? [op("+"), term(b, `segment s${segmentOf(t)}`, w.short_segment)] : []), op("+"), term(c, "position", w.short_position), op("="), term(x, "sum", w.short_sum)),
        h("div", { class: `line second${state.step > 3 ? "" : " later"}` }, op("("), term(x, "sum", w.short_sum), op("−"), term(means[t], "", w.mean, { bracket: true }), op(") ÷"), term(deviations[t], "", w.deviation, { from: 5 }), op("×"), term(model.arrays.gamma.data[d], "", "gamma", { from: 6 }), op("+"), term(model.arrays.beta.data[d], "", "beta", { from: 6 }), op("="), term(y, "norm", w.short_norm, { from: 6 }))),
      h("table", { class: "lengths" },
        h("thead", {}, h("tr", {}, h("th", {}, say(w.lengths, { token: visible(model.tokens[t]) })), h("th", {}, w.length), ...parts.map(([row]) => h("th", {}, say(w.cosine_with, { row: w[`short_${row}`] }))))),
        h("tbody", {}, ...parts.map(([row, values]) => h("tr", {}, h("th", { class: row }, w[`short_${row}`]), h("td", { title: full(long(values)) }, num(long(values))), ...parts.map(([other, others]) => h("td", { class: other === row ? "self" : "" }, other === row ? "" : num(cosine(values, others)))))))));
  }

  /** The row that was just added falls into the sum. */
  function drop(step) {
    const row = ["", "token", "segment", "position"][step];
    if (!row || reducedMotion() || !PARTS.includes(row)) return;
    for (let t = 0; t < n; t += 1) {
      const { canvas, box } = rows[row].cells[t], a = canvas.getBoundingClientRect(), b = rows.sum.cells[t].box.getBoundingClientRect();
      const ghost = h("canvas", { class: "ghost", width: across, height: down });
      ghost.getContext("2d").drawImage(canvas, 0, 0);
      Object.assign(ghost.style, { width: `${a.width}px`, height: `${a.height}px` });
      box.append(ghost);
      box.classList.add("dropping");
      ghost.animate([{ transform: "none", opacity: 0.9 }, { transform: `translate(${b.left - a.left}px, ${b.top - a.top}px)`, opacity: 0.3 }], { duration: 280, easing: "ease-out" }).finished.finally(() => { ghost.remove(); box.classList.remove("dropping"); });
    }
  }

  const steps = stepper({ words: first.stepper, label: (step) => w[`step_${step}`], onMove: (step) => { const forward = step === state.step + 1; state.step = step; redraw(); if (forward) drop(step); tell(); } });
  const pressed = () => [...scale.children].forEach((node, i) => node.setAttribute("aria-pressed", String(["row", "common"][i] === state.scale)));
  const scale = h("div", { class: "scales", role: "group", "aria-label": w.scale }, ...["row", "common"].map((kind) => h("button", { type: "button", class: "scale", onclick: () => { state.scale = kind; pressed(); measure(); redraw(); tell(); } }, w[`scale_${kind}`])));
  const dimBox = h("input", { type: "range", min: "0", "aria-label": w.dimension, oninput: () => { state.dim = Number(dimBox.value); choose(); tell(); } });
  const takeKeys = () => ownKeys(steps.act); // where two things step, the one touched last has the keys
  root.addEventListener("pointerdown", takeKeys);
  if (first.start.behind) ownKeys(steps.act, true);
  fill(root, h("div", { class: "bar" }, h("div", { class: "grow" }, steps.node), h("label", { class: "dim" }, w.dimension, dimBox), scale), h("div", { class: "scroller" }, grid), info);
  const stop = offerPicture("embedding-sum", () => {
    const shown = Math.min(n, 16), cw = 92, rh = 62, svg = frame(150 + shown * cw, 60 + ROWS.length * rh);
    model.tokens.slice(0, shown).forEach((text, t) => svg.append(h("text", { x: 150 + t * cw + cw / 2, y: 30, "text-anchor": "middle", "font-size": 15, "font-family": "monospace", fill: "var(--gb-text)" }, visible(text))));
    ROWS.forEach((row, r) => {
      svg.append(h("text", { x: 10, y: 50 + r * rh + 28, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, w[`row_${row}`]));
      for (let t = 0; t < shown; t += 1) if (vector(row, t)) svg.append(asImage(rows[row].cells[t].canvas, 154 + t * cw, 44 + r * rh, cw - 8, rh - 14));
    });
    return svg;
  });

  return {
    root,
    destroy() { stop(); steps.destroy(); root.removeEventListener("pointerdown", takeKeys); },
    show(now) {
      model = now;
      [n, width] = model.arrays.token.shape;
      numSegments = model.arrays.segments.shape[0];
      zero = new Float32Array(width);
      [sums, finals, means, deviations] = [new Float32Array(n * width), new Float32Array(n * width), new Float64Array(n), new Float64Array(n)];
      shades = signedTable(root);
      across = Math.ceil(Math.sqrt(width * 2.6));
      down = Math.ceil(width / across);
      root.style.setProperty("--across", across);
      root.style.setProperty("--down", down);
      hover = null;
      place("h", -1);
      for (let t = rows.tokens.cells.length; t < n; t += 1) column(t);
      for (const { cells } of Object.values(rows)) for (const { node } of cells.splice(n)) node.remove();
      grid.style.setProperty("--n", n);
      for (let t = 0; t < n; t += 1) {
        compute(t);
        const chip = rows.tokens.cells[t].node, title = say(w.chip, { token: model.tokens[t], id: model.ids[t] });
        write(chip, visible(model.tokens[t]));
        if (chip.title !== title) chip.title = title;
        for (const [list, of] of [["input_ids", model.ids], ["position_ids", model.positions], ["attention_mask", model.mask]]) write(rows[list].cells[t].node, String(of[t]));
      }
      dimBox.max = String(width - 1);
      pressed();
      measure();
      steps.set({ step: state.step, last: LAST });
      redraw();
    },
  };
}
