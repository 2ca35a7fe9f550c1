// The Transformer's own picture at work: two towers, the three attentions, and the answer written symbol by symbol.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, percent, visible } from "../glassbox.lib/format.js";
import { unpack } from "../glassbox.lib/packed.js";
import { shadeTable } from "../glassbox.lib/shades.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame, legendBelow } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, step: 0, stop: 0, layer: 0, head: -1, row: -1, removed: "", transport: null, report: null, offers: [], watch: null }));
const MONO = "ui-monospace, monospace";
const DRAG = 56; // pixels after which a part that is let go stays away
const BARS = 6;

// The towers: what stands where (x, y, width, height), which stop of the course it is, and its key in the words.
// On a phone they stand closer together, so that their letters can be read.
const PHONE = matchMedia("(max-width: 640px)").matches;
const WIDE = 168, LEFT = 14, RIGHT = PHONE ? 230 : 284, ACROSS = RIGHT + WIDE + (PHONE ? 14 : 18), TALL = 500, LETTERS = PHONE ? { shape: 13, small: 13, box: 13.2 } : { shape: 10.5, small: 11, box: 12.5 };
const BOXES = [
  { stop: 1, word: "box_input", x: LEFT, y: 416, h: 34, tower: "encoder" },
  { stop: 2, word: "box_self", x: LEFT, y: 352, h: 34, tower: "encoder" },
  { stop: 0, word: "box_norm", x: LEFT, y: 330, h: 17, tower: "encoder" },
  { stop: 3, word: "box_ffn", x: LEFT, y: 284, h: 34, tower: "encoder" },
  { stop: 0, word: "box_norm", x: LEFT, y: 262, h: 17, tower: "encoder" },
  { stop: 4, word: "box_output", x: RIGHT, y: 416, h: 34, tower: "decoder" },
  { stop: 5, word: "box_masked", x: RIGHT, y: 352, h: 34, tower: "decoder" },
  { stop: 0, word: "box_norm", x: RIGHT, y: 330, h: 17, tower: "decoder" },
  { stop: 6, word: "box_cross", x: RIGHT, y: 284, h: 34, tower: "decoder", part: "cross" },
  { stop: 0, word: "box_norm", x: RIGHT, y: 262, h: 17, tower: "decoder", part: "cross" },
  { stop: 7, word: "box_ffn", x: RIGHT, y: 216, h: 34, tower: "decoder" },
  { stop: 0, word: "box_norm", x: RIGHT, y: 194, h: 17, tower: "decoder" },
  { stop: 8, word: "box_linear", x: RIGHT, y: 128, h: 30, tower: "decoder" },
  { stop: 9, word: "box_softmax", x: RIGHT, y: 78, h: 30, tower: "decoder" },
];
const LAST_STOP = 9;

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-encoder_decoder");
  const model = unpack(data);
  const words = model.words;
  const S = model.source.length, T = model.written.length, V = model.vocabulary.length;
  const heads = model.arrays.encoder.shape[1], layers = model.arrays.encoder.shape[0];
  if (state.rev !== model.rev) { state.rev = model.rev; Object.assign(state, model.start); }
  state.step = Math.min(state.step, T - 1);
  state.layer = Math.min(state.layer, layers - 1);
  state.head = Math.min(state.head, heads - 1);
  if (state.row >= S) state.row = -1;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  const tell = () => state.report({ step: state.step, stop: state.stop, layer: state.layer, head: state.head, row: state.row, removed: state.removed, id: model.id, rev: state.rev });
  const shown = (symbol) => (/^<.*>$/.test(symbol) ? symbol : visible(symbol));
  const text = (symbols) => symbols.map(shown).join("");

  // --- the numbers ---------------------------------------------------------------------------------------------
  /** Weight of a query on a key, in the chosen head or in the mean of all. */
  function weight(name, q, k) {
    const { shape: [, , rows, columns], data: all } = model.arrays[name];
    const at = (head) => all[((state.layer * heads + head) * rows + q) * columns + k];
    if (state.head >= 0) return at(state.head);
    let sum = 0;
    for (let head = 0; head < heads; head += 1) sum += at(head);
    return sum / heads;
  }
  const reads = () => model.without !== "cross" && state.removed === ""; // the decoder reads the encoder
  const writes = () => state.removed !== "decoder" && (state.removed === "cross") === (model.without === "cross");
  const row = (name, q, n) => Array.from({ length: n }, (_, k) => weight(name, q, k));
  const crossRow = () => row("cross", state.step, S);
  const strongest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
  const readRow = () => (state.row >= 0 ? state.row : reads() ? strongest(crossRow()) : 0);
  function next() {
    const logits = model.arrays.logits.data.subarray(state.step * V, (state.step + 1) * V);
    const most = Math.max(...logits), e = Array.from(logits, (x) => Math.exp(x - most)), sum = e.reduce((a, b) => a + b, 0);
    return e.map((p, i) => ({ symbol: model.vocabulary[i], logit: logits[i], p: p / sum })).sort((a, b) => b.p - a.p);
  }

  // --- the towers ----------------------------------------------------------------------------------------------
  const towers = h("svg", { viewBox: `0 0 ${ACROSS} ${TALL}`, class: "towers", role: "group", "aria-label": words.picture });
  const label = (x, y, content, extra = {}) => h("text", { x, y, "text-anchor": "middle", "font-size": 13, fill: "var(--gb-text)", ...extra }, content);
  const arrow = (d, extra = {}) => h("path", { d, fill: "none", stroke: "var(--gb-quiet)", "stroke-width": 1.6, "marker-end": "url(#gb-ed-tip)", ...extra });
  const clip = (symbols, most, tail) => { const all = symbols.map(shown); return all.length <= most ? all.join("") : tail ? `…${all.slice(-most).join("")}` : `${all.slice(0, most).join("")}…`; };

  function drawBox(box, bare) {
    const gone = state.removed === "decoder" ? box.tower === "decoder" : state.removed === "cross" && box.part === "cross";
    const faint = state.removed === "cross" && box.tower === "encoder";
    const on = box.stop > 0 && box.stop === state.stop;
    const small = box.stop === 0;
    const role = { 2: "token", 5: "token", 6: "key" }[box.stop];
    const group = h("g", { class: `box${small ? " small" : ""}${gone ? " gone" : ""}${faint ? " faint" : ""}${on ? " on" : ""}`, "data-stop": box.stop || null, "data-part": box.part ?? null,
      ...(small || bare ? {} : { role: "button", tabindex: gone ? "-1" : "0", "aria-pressed": String(on), "aria-label": `${box.stop}. ${words[box.word]}`, onclick: () => { if (!state.dragged) stopAt(box.stop); }, onkeydown: (event) => { if (event.key === "Enter") stopAt(box.stop); } }) },
      h("rect", { x: box.x, y: box.y, width: WIDE, height: box.h, rx: small ? 4 : 7, fill: on ? "var(--gb-token)" : small ? "var(--gb-background)" : "var(--gb-surface)", stroke: gone ? "var(--gb-cut)" : role ? `var(--gb-${role})` : "var(--gb-line)", "stroke-width": role ? 2 : 1.2, "stroke-dasharray": gone ? "5 4" : role === "key" ? "6 3" : null }),
      small ? null : h("circle", { cx: box.x + 16, cy: box.y + box.h / 2, r: 10, fill: on ? "var(--gb-background)" : "var(--gb-text)" }),
      small ? null : label(box.x + 16, box.y + box.h / 2 + 4.5, String(box.stop), { "font-size": 13, "font-weight": 700, fill: on ? "var(--gb-text)" : "var(--gb-background)" }),
      label(box.x + (small ? WIDE / 2 : 98), box.y + box.h / 2 + (small ? 4 : 4.5), words[box.word], { "font-size": small ? LETTERS.small : LETTERS.box, fill: on ? "var(--gb-background)" : gone || small ? "var(--gb-quiet)" : "var(--gb-text)" }));
    return group;
  }
  function drawTowers(into, bare = false) {
    const noDecoder = state.removed === "decoder", noCross = state.removed === "cross", k = state.step;
    const ink = (gone) => ({ opacity: gone ? 0.3 : 1 });
    const sized = (...sides) => `(${sides.join(PHONE ? "," : ", ")})`;
    const shape = (x, y, content, gone, anchor = "start") => label(x, y, content, { "text-anchor": anchor, "font-size": LETTERS.shape, "font-family": MONO, fill: "var(--gb-quiet)", ...ink(gone) });
    const width = model.width, middleL = LEFT + WIDE / 2, middleR = RIGHT + WIDE / 2;
    const decoder = h("g", { class: "tower decoder", "data-part": "decoder" });
    const encoder = h("g", { class: "tower encoder" });
    fill(into,
      h("defs", {}, h("marker", { id: "gb-ed-tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" }, h("path", { d: "M0 0L8 4L0 8z", fill: "var(--gb-quiet)" }))),
      encoder, decoder);
    encoder.append(
      h("rect", { x: LEFT - 8, y: 254, width: WIDE + 16, height: 140, rx: 9, fill: "none", stroke: "var(--gb-line)", "stroke-width": 1.2 }),
      label(LEFT - 2, 249, `${layers}×`, { "text-anchor": "start", "font-weight": 700, ...ink(noCross) }),
      label(middleL, 24, noDecoder ? words.bert_block : words.encoder, { "font-size": 17, "font-weight": 700, fill: noDecoder ? "var(--gb-token)" : "var(--gb-text)", y: noDecoder ? 222 : 232, ...ink(noCross) }),
      arrow(`M${middleL} 464V452`, ink(noCross)), arrow(`M${middleL} 416V388`, ink(noCross)), arrow(`M${middleL} 330V320`, ink(noCross)),
      shape(middleL + 5, 407, sized(1, S, width), noCross),
      label(middleL, 480, clip(model.source, 20), { "font-family": MONO, "font-size": 13, fill: "var(--gb-key)", ...ink(noCross) }));
    if (noDecoder) encoder.append(arrow(`M${middleL} 262V234`), shape(middleL + 8, 247, sized(1, S, width)));
    const mid = (LEFT + WIDE + RIGHT) / 2;
    if (!noDecoder && !noCross) decoder.append(arrow(`M${LEFT + WIDE + 8} 301H${RIGHT - 2}`, { stroke: "var(--gb-key)", "stroke-width": 2.4, "stroke-dasharray": "6 3" }), shape(mid, 294, PHONE ? "K,V" : "K, V", false, "middle"), ...(PHONE ? [] : [shape(mid, 316, sized(1, S, width), false, "middle")]));
    decoder.append(
      h("rect", { x: RIGHT - 8, y: 186, width: WIDE + 16, height: 208, rx: 9, fill: "none", stroke: "var(--gb-line)", "stroke-width": 1.2, "stroke-dasharray": noDecoder ? "5 4" : null }),
      label(RIGHT - 2, 181, `${layers}×`, { "text-anchor": "start", "font-weight": 700, ...ink(noDecoder) }),
      h("g", { class: bare ? "" : "handle", "data-part": "decoder" }, h("rect", { x: RIGHT - 8, y: 4, width: WIDE + 16, height: 28, rx: 7, fill: "transparent" }), label(middleR, 24, noCross ? words.gpt_block : bare ? words.decoder : `⠿ ${words.decoder}`, { "font-size": 17, "font-weight": 700, fill: noCross ? "var(--gb-token)" : "var(--gb-text)", ...ink(noDecoder) })),
      arrow(`M${middleR} 464V452`, ink(noDecoder)), arrow(`M${middleR} 416V388`, ink(noDecoder)), arrow(`M${middleR} 330V${noCross ? 252 : 320}`, ink(noDecoder)), ...(noCross ? [] : [arrow(`M${middleR} 262V252`, ink(noDecoder))]),
      arrow(`M${middleR} 194V160`, ink(noDecoder)), arrow(`M${middleR} 128V110`, ink(noDecoder)), arrow(`M${middleR} 78V58`, ink(noDecoder)),
      shape(middleR + 5, 407, sized(1, k + 1, width), noDecoder), shape(middleR + 5, 174, sized(1, k + 1, width), noDecoder), shape(middleR + 5, 121, sized(1, k + 1, V), noDecoder),
      label(middleR, 480, clip(model.given.slice(0, k + 1), 16, true), { "font-family": MONO, "font-size": 13, fill: "var(--gb-token)", ...ink(noDecoder) }),
      label(middleR, 51, noDecoder ? "" : shown(model.written[k]), { "font-family": MONO, "font-size": 18, "font-weight": 700, fill: "var(--gb-token)" }));
    for (const box of BOXES) (box.tower === "encoder" ? encoder : decoder).append(drawBox(box, bare));
    return into;
  }

  // --- dragging a part away ------------------------------------------------------------------------------------
  function grab(event) {
    const part = event.target.closest?.("[data-part]")?.dataset.part;
    if (!part || state.removed || event.button > 0) return;
    const from = [event.clientX, event.clientY];
    const moved = [...towers.querySelectorAll(part === "cross" ? ".box[data-part=cross]" : ".tower.decoder")];
    const scale = ACROSS / Math.max(1, towers.getBoundingClientRect().width);
    const move = (e) => {
      const dx = e.clientX - from[0], dy = e.clientY - from[1];
      if (Math.hypot(dx, dy) < 6 && !state.dragged) return;
      state.dragged = true;
      for (const node of moved) { node.setAttribute("transform", `translate(${dx * scale} ${dy * scale})`); node.setAttribute("opacity", Math.hypot(dx, dy) > DRAG ? 0.45 : 0.85); }
    };
    const drop = (e) => {
      removeEventListener("pointermove", move); removeEventListener("pointerup", drop); removeEventListener("pointercancel", drop);
      const far = Math.hypot(e.clientX - from[0], e.clientY - from[1]) > DRAG && e.type === "pointerup";
      setTimeout(() => { state.dragged = false; }, 0); // the click that ends a drag opens no stop
      if (far) takeOut(part); else if (state.dragged) draw();
    };
    addEventListener("pointermove", move); addEventListener("pointerup", drop); addEventListener("pointercancel", drop);
  }
  towers.addEventListener("pointerdown", grab);
  function takeOut(part) { state.removed = part; draw(); tell(); }

  // --- what is read and what is written ------------------------------------------------------------------------
  function drawLines(into) {
    const k = state.step, columns = T + 1;
    const x = (i, n) => ((i + 0.5) / n) * 1000;
    const cross = reads() && writes() ? crossRow() : null;
    const most = cross ? strongest(cross) : -1;
    const symbol = (content, extra, onclick) => h(onclick ? "button" : "span", { type: onclick ? "button" : undefined, ...extra, class: `symbol ${extra.class ?? ""}${/^<.*>$/.test(content) ? " long" : ""}`, onclick }, shown(content), extra.sub ? h("small", {}, extra.sub) : null);
    const ids = state.stop === 1;
    const source = h("div", { class: "row source", style: { "grid-template-columns": `repeat(${S}, minmax(0, 1fr))` } },
      ...model.source.map((content, i) => symbol(content, { class: `key${i === most ? " most" : ""}${i === readRow() ? " here" : ""}`, sub: ids ? String(model.vocabulary.indexOf(content)) : null, title: cross ? `${shown(content)}: ${full(cross[i])}` : shown(content), "aria-pressed": String(i === state.row) }, () => { state.row = state.row === i ? -1 : i; draw(); tell(); })));
    const lines = h("svg", { class: "lines", viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" },
      ...(cross ?? []).map((w, i) => (w < 0.004 ? null : h("path", { d: `M${x(i, S)} 0C${x(i, S)} 55 ${x(k + 1, columns)} 45 ${x(k + 1, columns)} 100`, fill: "none", stroke: "var(--gb-key)", "stroke-width": (w * 14).toFixed(2), "stroke-linecap": "round", opacity: (0.25 + 0.75 * Math.sqrt(w)).toFixed(3), "vector-effect": "non-scaling-stroke" }))));
    const cells = [model.given[0], ...model.written];
    const target = writes()
      ? h("div", { class: "row target", style: { "grid-template-columns": `repeat(${columns}, minmax(0, 1fr))` } },
        ...cells.map((content, i) => (i === 0 ? symbol(content, { class: "start" }) : i - 1 > k ? h("button", { type: "button", class: "symbol later", "aria-label": say(words.go_to, { n: i }), onclick: () => go(i - 1) }, "") : symbol(content, { class: i - 1 === k ? "query now" : "query", "aria-current": i - 1 === k ? "step" : undefined, title: i - 1 === k ? shown(content) : say(words.go_to, { n: i }) }, () => go(i - 1)))))
      : h("p", { class: "nothing" }, state.removed === "decoder" ? words.no_decoder : words.computing);
    fill(into, h("p", { class: "which" }, h("span", { class: "is-key" }, words.reads)),
      h("div", { class: "sheet", style: { "--n": String(Math.max(S, columns)) } }, source, lines, target),
      h("p", { class: "which" }, h("span", { class: "is-query" }, writes() ? words.writes : "")));
    return into;
  }

  function drawNext(into) {
    if (!writes()) return fill(into);
    const best = next(), chosen = model.written[state.step];
    const rows = best.slice(0, BARS);
    if (!rows.some((row) => row.symbol === chosen)) rows.push(best.find((row) => row.symbol === chosen));
    const rest = (i, symbol) => (i >= 4 && symbol !== chosen ? " rest" : ""); // left out where there is little room
    const wide = state.stop === 8 || state.stop === 9;
    return fill(into, h("p", { class: `title${wide ? " on" : ""}` }, words.next, h("span", { class: "quiet" }, ` ${say(words.of_symbols, { n: V })}`)),
      h("div", { class: "bars" }, h("span", { class: "quiet" }), h("span", { class: `quiet right${state.stop === 8 ? " on" : ""}` }, words.logit), h("span", { class: `quiet${state.stop === 9 ? " on" : ""}` }, words.probability), h("span", {}),
        ...rows.flatMap(({ symbol, logit, p }, i) => [h("span", { class: `name${symbol === chosen ? " chosen" : ""}${rest(i, symbol)}` }, symbol === chosen ? "✓ " : "", shown(symbol)), h("span", { class: `logit${rest(i, symbol)}`, title: full(logit) }, num(logit)), h("span", { class: `bar${rest(i, symbol)}` }, h("i", { style: { width: `${p * 100}%` }, class: symbol === chosen ? "chosen" : "" })), h("span", { class: `percent${rest(i, symbol)}`, title: full(p) }, percent(p))])));
  }

  // --- the three grids -----------------------------------------------------------------------------------------
  const GRIDS = [
    { name: "encoder", stop: 2, rows: () => S, columns: () => S, now: () => readRow(), known: () => S, title: "grid_encoder" },
    { name: "decoder", stop: 5, rows: () => T, columns: () => T, now: () => state.step, known: () => state.step + 1, title: "grid_decoder" },
    { name: "cross", stop: 6, rows: () => T, columns: () => S, now: () => state.step, known: () => state.step + 1, title: "grid_cross" },
  ];
  const there = (grid) => (grid.name === "encoder" ? state.removed !== "cross" : grid.name === "decoder" ? writes() : reads() && writes());
  function drawGrid(grid) {
    const rows = grid.rows(), columns = grid.columns(), now = grid.now(), known = grid.known();
    const readers = grid.name === "encoder" ? model.source : model.written, keys = grid.name === "decoder" ? model.given : model.source;
    const caption = h("button", { type: "button", class: `title${state.stop === grid.stop ? " on" : ""}`, onclick: () => stopAt(grid.stop) }, h("b", {}, String(grid.stop)), words[grid.title]);
    if (!there(grid)) return h("figure", { class: "grid away", "data-grid": grid.name }, caption, h("p", { class: "nothing" }, state.removed === "decoder" ? "" : grid.name === "encoder" ? words.nobody_reads : grid.name === "cross" && state.removed === "cross" ? words.no_cross : words.computing));
    const canvas = h("canvas", { width: columns, height: rows });
    const table = shadeTable(root), image = new ImageData(columns, rows), pixels = new Uint32Array(image.data.buffer);
    for (let q = 0; q < known; q += 1) for (let k = 0; k < columns; k += 1) if (grid.name !== "decoder" || k <= q) pixels[q * columns + k] = table[Math.round(Math.sqrt(weight(grid.name, q, k)) * 255)];
    canvas.getContext("2d").putImageData(image, 0, 0);
    const readout = h("p", { class: "readout" });
    const tellCell = (q, k) => { readout.textContent = q < known && !(grid.name === "decoder" && k > q) ? `${shown(readers[q])} ← ${shown(keys[k])}: ${num(weight(grid.name, q, k))}` : grid.name === "decoder" && q < known ? words.masked_cell : words.not_yet; };
    const best = strongest(row(grid.name, now, grid.name === "decoder" ? now + 1 : columns));
    tellCell(now, best);
    const box = h("div", { class: "plot", style: { "--wide": String(columns / rows), "aspect-ratio": `${columns} / ${rows}` },
      onpointermove: (event) => { const at = box.getBoundingClientRect(); tellCell(Math.min(rows - 1, Math.max(0, Math.floor(((event.clientY - at.top) / at.height) * rows))), Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - at.left) / at.width) * columns)))); },
      onpointerleave: () => tellCell(now, best),
      onclick: (event) => { const at = box.getBoundingClientRect(), q = Math.min(rows - 1, Math.floor(((event.clientY - at.top) / at.height) * rows)); if (grid.name === "encoder") { state.row = q; draw(); tell(); } else go(q); } },
      canvas,
      grid.name === "decoder" ? h("svg", { class: "veil", viewBox: `0 0 ${columns} ${rows}`, preserveAspectRatio: "none", "aria-hidden": "true" }, h("defs", {}, h("pattern", { id: "gb-ed-cut", width: 0.7, height: 0.7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, h("rect", { width: 0.16, height: 0.7, fill: "var(--gb-line)" }))),
        h("path", { d: `${Array.from({ length: known }, (_, q) => `M${q + 1} ${q}H${columns}V${q + 1}H${q + 1}z`).join("")}`, fill: "url(#gb-ed-cut)" })) : null,
      h("i", { class: "now", style: { top: `${(now / rows) * 100}%`, height: `${100 / rows}%` } }));
    return h("figure", { class: "grid", "data-grid": grid.name }, caption, box, readout);
  }

  // --- beams ---------------------------------------------------------------------------------------------------
  function drawBeams(into) {
    if (!model.beams.length || !writes()) return fill(into);
    const at = Math.min(state.step, model.beams.length - 1), kept = model.beams[at], winner = model.written.slice(0, at + 1).join("");
    return fill(into, h("p", { class: "title" }, say(words.beams, { n: at + 1 })),
      h("ol", { class: "beams" }, ...kept.map(([symbols, sum, ended]) => h("li", { class: symbols.join("") === winner || (ended && symbols.join("") === model.written.join("")) ? "best" : "" }, h("span", { class: "hypothesis" }, text(symbols)), h("span", { class: "sum" }, `log P = ${num(sum)}`), ended ? h("span", { class: "quiet" }, words.ended) : null))));
  }

  // --- parts that stay -----------------------------------------------------------------------------------------
  const aid = h("p", { class: "aid", "aria-live": "polite" }), stopText = h("p", { class: "stop-text", "aria-live": "polite" });
  const reading = h("div", { class: "reading" }), following = h("div", { class: "following" }), grids = h("div", { class: "grids" }), beams = h("div", { class: "beam-box" });
  const chips = h("div", { class: "chips" }), removal = h("div", { class: "removal" }), stops = h("div", { class: "stops", role: "group", "aria-label": words.stops });
  function drawChips() {
    const chip = (content, on, act, title) => h("button", { type: "button", class: `chip${on ? " on" : ""}`, "aria-pressed": String(on), title, onclick: () => { act(); draw(); tell(); } }, content);
    fill(chips, h("span", {}, words.layer), ...Array.from({ length: layers }, (_, i) => chip(String(i), state.layer === i, () => { state.layer = i; })),
      h("span", { class: "gap" }, words.head), chip(words.mean, state.head < 0, () => { state.head = -1; }), ...Array.from({ length: heads }, (_, i) => chip(String(i), state.head === i, () => { state.head = i; })));
    fill(removal, state.removed ? h("button", { type: "button", class: "chip back", onclick: () => takeOut("") }, words.put_back)
      : [h("span", {}, words.drag), h("button", { type: "button", class: "chip", onclick: () => takeOut("cross") }, words.take_cross), h("button", { type: "button", class: "chip", onclick: () => takeOut("decoder") }, words.take_decoder)]);
    fill(stops, h("span", {}, words.stops), ...Array.from({ length: LAST_STOP }, (_, i) => chip(String(i + 1), state.stop === i + 1, () => { state.stop = state.stop === i + 1 ? 0 : i + 1; }, words[`stop_title_${i + 1}`])));
  }
  function said() {
    if (state.removed === "decoder") return words.aid_decoder;
    if (!writes()) return words.computing;
    const best = next(), chosen = best.find((row) => row.symbol === model.written[state.step]);
    const slots = { n: state.step + 1, last: T, read: text(model.given.slice(0, state.step + 1)), symbol: shown(chosen.symbol), p: percent(chosen.p) };
    if (state.removed === "cross") return `${words.aid_cross} ${say(words.aid_blind, slots)}`;
    const cross = crossRow(), most = strongest(cross);
    return say(words.aid_step, { ...slots, source: shown(model.source[most]), place: most + 1, w: num(cross[most], 2) });
  }
  function draw() {
    drawTowers(towers); drawLines(reading); drawNext(following); fill(grids, ...GRIDS.map(drawGrid)); drawBeams(beams); drawChips();
    aid.textContent = said();
    fill(stopText, ...(state.stop ? [h("b", {}, `${say(words.stop_named, { n: state.stop })} ${words[`stop_title_${state.stop}`]}. `), words[`stop_${state.stop}`]] : [words.stop_none]));
    Object.assign(root.dataset, { step: String(state.step), stop: String(state.stop), removed: state.removed, written: text(model.written.slice(0, state.step + 1)) });
  }
  function stopAt(stop) { state.stop = state.stop === stop ? 0 : stop; draw(); tell(); }
  function go(step) { state.step = step; state.transport.set({ step, last: T - 1 }); draw(); tell(); }
  state.transport?.destroy();
  state.transport = stepper({ words, onMove: (step) => { state.step = step; draw(); tell(); }, label: (step, last) => say(words.symbol_of, { n: step + 1, last: last + 1 }) });
  state.transport.set({ step: state.step, last: T - 1 });
  fill(root, h("div", { class: "top" }, state.transport.node, chips), aid,
    h("div", { class: "parts" }, h("div", { class: "left" }, h("div", { class: "picture" }, towers, stopText), stops, removal), h("div", { class: "main" }, reading, h("div", { class: "lower" }, following, grids), beams, h("p", { class: "legend" }, words.legend))));
  draw();

  // The maps of the theme are painted: a change of theme paints again.
  state.watch?.disconnect();
  state.watch = new MutationObserver(() => draw());
  const app = document.querySelector(".stApp");
  if (app) state.watch.observe(app, { attributes: true, attributeFilter: ["style", "class"] });

  state.offers.forEach((stop) => stop());
  state.offers = [
    offerPicture("transformer", () => { const svg = frame(ACROSS, TALL); drawTowers(svg, true); svg.querySelectorAll("text").forEach((node) => { if (!node.getAttribute("font-family")) node.setAttribute("font-family", "sans-serif"); }); return svg; }),
    offerPicture("encoder-decoder-attention", () => {
      const cell = Math.max(12, Math.min(30, 760 / Math.max(S, T))), left = 60, top = 60, svg = frame(left + S * cell + 10, top + T * cell + 10);
      if (!reads() || !writes()) { svg.append(h("text", { x: 10, y: 30, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, words.no_cross)); return svg; }
      model.source.forEach((symbol, i) => svg.append(h("text", { x: left + (i + 0.5) * cell, y: top - 8, "text-anchor": "middle", "font-size": Math.min(14, cell * 0.6), "font-family": MONO, fill: "var(--gb-key)" }, shown(symbol))));
      for (let q = 0; q < T; q += 1) {
        svg.append(h("text", { x: left - 8, y: top + (q + 0.68) * cell, "text-anchor": "end", "font-size": Math.min(14, cell * 0.6), "font-family": MONO, fill: "var(--gb-token)" }, shown(model.written[q])));
        for (let i = 0; i < S; i += 1) svg.append(h("rect", { x: left + i * cell, y: top + q * cell, width: cell - 1, height: cell - 1, fill: "var(--gb-key)", "fill-opacity": Math.sqrt(weight("cross", q, i)).toFixed(3), stroke: "var(--gb-line)", "stroke-width": 0.5 }));
      }
      return legendBelow(svg, [[null, `${words.query} ↓`], [null, `${words.key} →`], [null, words.shade]]);
    })];
  return () => { state.transport?.destroy(); state.transport = null; state.watch?.disconnect(); state.offers.forEach((stop) => stop()); state.offers = []; };
});
