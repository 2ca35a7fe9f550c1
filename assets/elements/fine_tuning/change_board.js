// The change of one weight matrix as a heat map, cut to rank r as two thin strips; what both models still find with it; all matrices.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { percent, num } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { spot } from "../glassbox.lib/training.js";
import { scoreCurves, boxOf, drawn, sign } from "../glassbox.lib/score_curves.js";
import { tagged, allRight } from "../glassbox.lib/tagged.js";
import { signedTable, paint, asImage } from "../glassbox.lib/signed.js";
import { shadeTable } from "../glassbox.lib/shades.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, rank: 0, matrix: 0, stepper: null, stops: [], report: null, watch: null }));
const SENTENCES = 3; // of each lane in sight
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);

/** B (out, kept) times the first `rank` rows of A (kept, in), and the largest size in it. */
function product(b, a, out, width, kept, rank) {
  const found = new Float32Array(out * width);
  for (let i = 0; i < out; i += 1) for (let r = 0; r < rank; r += 1) {
    const factor = b[i * kept + r];
    for (let j = 0; j < width; j += 1) found[i * width + j] += factor * a[r * width + j];
  }
  return found;
}

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-change_board");
  const { ranks, matrices, picture, lanes, sentences, tags, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev }, data.start);
  const last = ranks.length - 1;
  state.rank = Math.min(state.rank, last);
  state.matrix = Math.min(state.matrix, matrices.length - 1);
  const tell = () => state.report({ rank: state.rank, matrix: state.matrix, rev: state.rev });
  const rankName = (k) => (ranks[k] < 0 ? w.all : String(ranks[k]));
  const label = (k) => (ranks[k] < 0 ? w.rank_all : say(w.rank, { rank: ranks[k] }));
  const nameOf = (m) => say(w.matrix, { layer: m.layer, kind: w[`kind_${m.kind}`] });

  // -- the matrix: W, its change, and the change cut to the rank
  const shown = matrices[picture.matrix], [out, width] = shown.shape;
  const b = floats(picture.b), a = floats(picture.a), kept = b.length / out;
  const whole = picture.whole ? Int8Array.from(bytes(picture.whole)) : null, before = bytes(picture.w);
  const sixteen = whole ? null : product(b, a, out, width, kept, kept);
  const change = whole ? (i) => (whole[i] / 127) * picture.whole_range : (i) => sixteen[i];
  const range = picture.whole_range;
  const canvases = Object.fromEntries(["w", "whole", "b", "a", "cut"].map((name) => [name, h("canvas", { class: name, role: "img" })]));
  let colours = null, greys = null;
  function paintAll() {
    colours = signedTable(root); greys = shadeTable(root);
    const grey = canvases.w.getContext("2d");
    canvases.w.width = width; canvases.w.height = out;
    const image = new ImageData(width, out), pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i += 1) { const [r, g, bl] = [0, 8, 16].map((at) => (greys[before[i]] >>> at) & 255), level = Math.round(0.3 * r + 0.59 * g + 0.11 * bl); pixels[i] = ((255 << 24) | (level << 16) | (level << 8) | level) >>> 0; }
    grey.putImageData(image, 0, 0);
    paint(canvases.whole, width, out, (x, y) => change(y * width + x), range, colours);
  }
  const strips = h("div", { class: "product" });
  function paintCut() {
    const rank = ranks[state.rank];
    canvases.a.hidden = canvases.b.hidden = rank <= 0;
    const cut = rank < 0 ? change : ((found) => (i) => found[i])(product(b, a, out, width, kept, rank));
    paint(canvases.cut, width, out, (x, y) => cut(y * width + x), range, colours);
    if (rank > 0) {
      const root_ = (r) => { let sum = 0; for (let i = 0; i < out; i += 1) sum += b[i * kept + r] ** 2; return Math.sqrt(Math.sqrt(sum)) || 1; }; // half of the singular value to each strip
      const roots = Array.from({ length: rank }, (_, r) => root_(r));
      const top = Math.max(...roots) * 3.2 / Math.sqrt(Math.max(out, width));
      paint(canvases.b, rank, out, (x, y) => b[y * kept + x] / roots[x], top, colours);
      paint(canvases.a, width, rank, (x, y) => a[y * width + x] * roots[y], top, colours);
    }
    strips.style.setProperty("--rank", String(Math.max(rank, 0)));
  }
  const captions = { w: h("figcaption", {}), whole: h("figcaption", {}), cut: h("figcaption", {}) };
  const numbers = h("p", { class: "numbers" });
  function drawMatrix() {
    const busy = state.matrix !== picture.matrix, rank = ranks[state.rank], share = shown.shares[state.rank];
    root.dataset.matrix = busy ? "" : String(picture.matrix);
    pictures.classList.toggle("busy", busy);
    paintCut();
    fill(captions.w, h("b", {}, "W"), ` ${nameOf(shown)}`, h("small", {}, say(w.w_note, { out, width })));
    fill(captions.whole, h("b", {}, "ΔW"), ` ${w.change}`, h("small", {}, whole ? say(w.change_note, { relative: percent(shown.relative), range: num(range, 2) }) : say(w.change_sixteen, { kept, share: percent(shown.shares[last - 1]), range: num(range, 2) })));
    fill(captions.cut, h("b", {}, rank > 0 ? "B × A" : rank ? "ΔW" : "0"), ` ${label(state.rank)}`, h("small", {}, rank > 0 ? say(w.cut_note, { share: percent(share), count: (rank * (out + width)).toLocaleString("en"), of: (out * width).toLocaleString("en") }) : rank ? w.cut_all : w.cut_none));
    for (const [name, text] of [["w", nameOf(shown)], ["whole", w.change], ["cut", label(state.rank)], ["a", "A"], ["b", "B"]]) canvases[name].setAttribute("aria-label", text);
  }
  const tall = out > width ? "tall" : out < width ? "wide" : "square";
  fill(strips, canvases.a, canvases.b, canvases.cut);
  const pictures = h("div", { class: `pictures ${tall}` }, h("figure", {}, canvases.w, captions.w), h("figure", {}, canvases.whole, captions.whole), h("figure", { class: "last" }, strips, captions.cut));

  // -- all matrices
  const kinds = [...new Set(matrices.map((m) => m.kind))], layers = [...new Set(matrices.map((m) => m.layer))];
  const grid = h("div", { class: "grid", role: "group", "aria-label": w.all_matrices, style: { "--layers": String(layers.length) } });
  function drawGrid() {
    fill(grid, h("span", { class: "corner" }, w.layer), ...layers.map((l) => h("span", { class: "top" }, l)),
      ...kinds.flatMap((kind) => [h("span", { class: "side" }, w[`kind_${kind}`]), ...layers.map((layer) => {
        const at = matrices.findIndex((m) => m.kind === kind && m.layer === layer), share = matrices[at].shares[state.rank];
        return h("button", { type: "button", class: at === state.matrix ? "cell on" : "cell", "aria-pressed": String(at === state.matrix), "aria-label": `${nameOf(matrices[at])}: ${percent(share)}`, style: { "--share": String(share) }, title: say(w.cell_title, { name: nameOf(matrices[at]), share: percent(share), relative: percent(matrices[at].relative) }), onclick: () => { state.matrix = at; refresh(); tell(); } }, `${Math.round(100 * share)}`);
      })]));
  }

  // -- what is found
  const chart = h("svg", { class: "curve", role: "img" });
  const lines = (...size) => scoreCurves({
    box: boxOf(...size), last, here: state.rank, up: [0, 0.5, 1], across: ranks.map((_, k) => [k, rankName(k)]), guess: { score: 0, label: w.guess_tag, anchor: "end", dy: -0.4 },
    lines: lanes.map((lane, i) => ({ sign: i, points: lane.written.map((score, k) => [k, ...score]) })),
  });
  const title = say(w.chart, { n: data.count });
  const boxes = lanes.map((_, k) => h("section", { class: `lane lane-${k}` }));
  function drawFound() {
    chart.setAttribute("aria-label", `${title}: ${lanes.map((lane) => `${lane.label} ${percent(lane.written[state.rank][0])}`).join(", ")}`);
    drawn(chart, lines);
    lanes.forEach((lane, k) => fill(boxes[k], h("h3", {}, sign(k), ` ${lane.label} `, h("small", {}, say(w.lane_score, { name: "F1", written: percent(lane.written[state.rank][0]), generated: percent(lane.generated[state.rank][0]) }))),
      ...sentences.slice(0, SENTENCES).map((row, i) => { const good = allRight(row, lane.said[state.rank][i]); return h("p", { class: "line" }, h("span", { class: good ? "sign good" : "sign bad", role: "img", "aria-label": good ? w.right : w.wrong }, good ? "✓" : "✗"), h("span", {}, ...tagged(row, lane.said[state.rank][i], tags, w))); })));
  }

  function refresh() { drawMatrix(); drawGrid(); drawFound(); state.stepper.set({ step: state.rank, last }); }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.rank = step; refresh(); tell(); } });
  fill(root, state.stepper.node,
    h("div", { class: "upper" }, pictures, h("figure", { class: "score" }, h("figcaption", {}, title), chart)),
    numbers,
    h("div", { class: "lower" }, h("section", {}, h("h3", {}, w.all_matrices), grid, h("p", { class: "note" }, w.grid_note)), h("div", { class: "lanes" }, ...boxes)),
    h("p", { class: "legend" }, h("span", {}, h("i", { class: "band" }), ` ${w.interval}`), ...tags.slice(1).map((tag, i) => h("span", { class: `key tag-${i + 1}` }, `${w[`short_${tag}`]} ${w[`tag_${tag}`]}`))));
  paintAll();
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawn(chart, lines));
  state.watch.observe(chart);
  state.stops.forEach((stop) => stop());
  const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
  state.stops = [
    offerPicture("change-matrix", () => {
      const svg = frame(760, 330), scale = 230 / Math.max(out, width), rank = ranks[state.rank];
      svg.append(text(8, 22, `${nameOf(shown)}: ${label(state.rank)}`, { "font-weight": 700 }));
      [["W", canvases.w], ["ΔW", canvases.whole], [rank > 0 ? "B × A" : rank ? "ΔW" : "0", canvases.cut]].forEach(([name, canvas], i) => svg.append(text(10 + 250 * i, 48, name), asImage(canvas, 10 + 250 * i, 58, scale * width, scale * out)));
      return svg;
    }),
    offerPicture("change-f1", () => {
      const svg = frame(760, 330);
      svg.append(text(8, 22, title, { "font-weight": 700 }), h("g", { transform: "translate(0, 30)" }, ...lines(750, 260, 16)), ...lanes.flatMap((lane, i) => [spot(i, 60 + 260 * i, 308, 5), text(74 + 260 * i, 313, lane.label)]));
      return svg;
    }),
  ];
  return () => { state.stops.forEach((stop) => stop()); state.stepper?.destroy(); state.watch?.disconnect(); };
});
