// One word in several sentences: one row of the token table, and what the layers make of it.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full } from "../glassbox.lib/format.js";
import { unpack } from "../glassbox.lib/packed.js";
import { signedTable, shadeOf } from "../glassbox.lib/signed.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { lid } from "../glassbox.lib/lid.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const COLOURS = ["token", "key", "position", "segment-b", "segment-a", "random", "mask", "kept"];
const create = instances(() => ({ rev: null, layer: 0, pair: [0, 1], weights: [0, 0, 1], stepper: null, stop: null, report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-word_map");
  const model = unpack(data);
  const w = model.words;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== model.rev) { state.rev = model.rev; Object.assign(state, { layer: model.start.layer, pair: [...model.start.pair], weights: [...model.start.weights] }); }
  const { places, cosines, products, squares } = model.arrays;
  const n = places.shape[1], steps = cosines.shape[0], last = steps - 1, first = steps - places.shape[0], count = squares.shape[2];
  state.layer = Math.min(state.layer, last);
  state.pair = state.pair.map((i, k) => (i < n ? i : Math.min(k, n - 1)));
  const tell = () => state.report({ layer: state.layer, pair: state.pair, weights: state.weights, rev: state.rev });
  // The map begins at step `first`: a table narrower than the layers has no place on it.
  const place = (s, i) => [places.data[((s - first) * n + i) * 2], places.data[((s - first) * n + i) * 2 + 1]];
  const cosine = (s, a, b) => cosines.data[(s * n + a) * n + b];
  const several = new Set(model.chosen.map((c) => c.sense)).size > 1; // the reader, or an example, has said the meanings
  const colour = (i) => `var(--gb-${COLOURS[(several ? model.chosen[i].sense : i) % COLOURS.length]})`;
  const layerName = (s) => (s === 0 ? (model.spellings > 1 ? w.layer_table_spellings : w.layer_table) : s === 1 ? w.layer_input : say(w.layer_n, { n: s - 2 }));
  const pick = (i) => { state.pair = state.pair[1] === i ? [i, state.pair[0]] : [state.pair[1], i]; refresh(); tell(); };

  const map = h("svg", { class: "map", role: "img" });
  const chart = h("svg", { class: "chart", role: "img" });
  const matrix = h("div", { class: "matrix" });
  const lines = h("ol", { class: "sentences" });
  const said = h("p", { class: "said", "aria-live": "polite" });
  const near = h("div", { class: "near" });
  const mixed = h("div", { class: "sliders" });

  const bounds = (() => { let most = 1e-9; for (const x of places.data) most = Math.max(most, Math.abs(x)); return most * 1.12; })();
  const W = 560, H = 430, X = (x) => W / 2 + (x / bounds) * (W / 2 - 20), Y = (y) => H / 2 - (y / bounds) * (H / 2 - 20);

  function drawMap(svg) {
    svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const parts = [h("line", { x1: 0, x2: W, y1: H / 2, y2: H / 2, stroke: "var(--gb-line)" }), h("line", { x1: W / 2, x2: W / 2, y1: 0, y2: H, stroke: "var(--gb-line)" })];
    if (state.layer < first) {
      const lines = [];
      say(w.map_narrow, { table: model.narrow[0], layers: model.narrow[1] }).split("\n").forEach((line, at) => lines.push(h("text", { x: W / 2, y: H / 2 - 36 + 34 * at, "text-anchor": "middle", "font-size": 23, "font-family": "sans-serif", fill: "var(--gb-text)" }, line)));
      fill(svg, ...lines);
      return;
    }
    for (let i = 0; i < n; i += 1) {
      const all = Array.from({ length: steps - first }, (_, s) => place(s + first, i).map((v, k) => (k ? Y(v) : X(v)).toFixed(1)).join(","));
      parts.push(h("polyline", { points: all.join(" "), fill: "none", stroke: colour(i), "stroke-opacity": 0.22, "stroke-width": 2, "stroke-dasharray": "3 4" }),
        h("polyline", { points: all.slice(0, state.layer + 1 - first).join(" "), fill: "none", stroke: colour(i), "stroke-width": 2.5 }));
      for (let s = first; s < state.layer; s += 1) { const [x, y] = place(s, i); parts.push(h("circle", { cx: X(x), cy: Y(y), r: 3, fill: colour(i) })); }
    }
    // Occurrences too close to be told apart share one dot that names them all.
    const spots = [];
    for (let i = 0; i < n; i += 1) {
      const [x, y] = [X(place(state.layer, i)[0]), Y(place(state.layer, i)[1])];
      const near = spots.find((spot) => Math.hypot(spot.x - x, spot.y - y) < 24);
      if (near) { near.x += (x - near.x) / (near.list.length + 1); near.y += (y - near.y) / (near.list.length + 1); near.list.push(i); } else spots.push({ x, y, list: [i] });
    }
    for (const { x, y, list } of spots) {
      const on = list.some((i) => state.pair.includes(i)), text = list.length > 2 ? `×${list.length}` : list.map((i) => i + 1).join("·");
      parts.push(h("circle", { cx: x, cy: y, r: 12 + 3 * Math.min(list.length, 3), fill: colour(list[0]), stroke: on ? "var(--gb-text)" : "var(--gb-background)", "stroke-width": on ? 3 : 1.5, class: "dot", onclick: () => pick(list[0]) }, h("title", {}, list.map((i) => model.chosen[i].label).join(" · "))),
        h("text", { x, y: y + 6, "text-anchor": "middle", "font-size": Math.min(18, (2 * (12 + 3 * Math.min(list.length, 3)) - 6) / (0.62 * text.length)).toFixed(1), "font-weight": 700, "font-family": "sans-serif", fill: "var(--gb-background)", "pointer-events": "none" }, text));
    }
    fill(svg, ...parts);
  }

  function drawChart() {
    const w2 = matchMedia("(max-width: 640px)").matches ? 384 : 560; // a phone is no wider: its letters stay as large
    const h2 = 130, x = (s) => 48 + (s / Math.max(last, 1)) * (w2 - 64), [a, b] = state.pair;
    const least = cosines.data.reduce((x, y) => Math.min(x, y), 1), low = least >= 0.9 ? 0.9 : least >= 0.5 ? 0.5 : Math.min(0, least), y = (v) => 8 + (1 - (v - low) / (1 - low)) * (h2 - 30);
    const path = (p, q) => Array.from({ length: steps }, (_, s) => `${x(s).toFixed(1)},${y(cosine(s, p, q)).toFixed(1)}`).join(" ");
    const others = [];
    for (let p = 0; p < n; p += 1) for (let q = p + 1; q < n; q += 1) others.push(h("polyline", { points: path(p, q), fill: "none", stroke: "var(--gb-line)", "stroke-width": 1 }));
    chart.setAttribute("viewBox", `0 0 ${w2} ${h2}`);
    fill(chart, ...[low, (1 + low) / 2, 1].map((v) => Math.round(100 * v) / 100).flatMap((v) => [h("line", { x1: 44, x2: w2 - 12, y1: y(v), y2: y(v), stroke: "var(--gb-line)", "stroke-dasharray": "2 4" }), h("text", { x: 40, y: y(v) + 4, "text-anchor": "end", "font-size": 12, fill: "var(--gb-quiet)" }, v)]),
      ...others, h("line", { x1: x(state.layer), x2: x(state.layer), y1: 4, y2: h2 - 20, stroke: "var(--gb-key)", "stroke-width": 2 }),
      h("polyline", { points: path(a, b), fill: "none", stroke: "var(--gb-token)", "stroke-width": 3.5 }), h("circle", { cx: x(state.layer), cy: y(cosine(state.layer, a, b)), r: 5, fill: "var(--gb-token)" }),
      ...Array.from({ length: steps }, (_, s) => h("text", { x: x(s), y: h2 - 4, "text-anchor": "middle", "font-size": 12, fill: "var(--gb-quiet)" }, s === 0 ? w.axis_table : s === 1 ? w.axis_input : s - 2)));
    chart.setAttribute("aria-label", `${say(w.chart, { a: a + 1, b: b + 1 })} ${Array.from({ length: steps }, (_, s) => num(cosine(s, a, b))).join(", ")}`);
  }

  const hex = (pixel) => `rgb(${pixel & 255}, ${(pixel >> 8) & 255}, ${(pixel >> 16) & 255})`;
  function drawMatrix() {
    const shades = signedTable(root);
    matrix.style.setProperty("--n", n);
    fill(matrix, h("span", {}), ...model.chosen.map((_, i) => h("b", { style: { color: colour(i) } }, i + 1)),
      ...model.chosen.flatMap((_, a) => [h("b", { style: { color: colour(a) } }, a + 1), ...model.chosen.map((__, b) => {
        const value = cosine(state.layer, a, b), dark = Math.abs(value) > 0.62;
        return h("button", { type: "button", class: `c${dark ? " strong" : ""}${state.pair.includes(a) && state.pair.includes(b) && a !== b ? " on" : ""}`, style: { background: hex(shadeOf(shades, value, 1)) }, title: full(value), "aria-label": `${a + 1}, ${b + 1}: ${num(value)}`, onclick: () => { if (a !== b) { state.pair = [a, b]; refresh(); tell(); } } }, n > 8 ? "" : num(value, 2));
      })]));
  }

  /** Cosine of two mixtures from the products of their layers. */
  function similar(a, b) {
    const total = state.weights.reduce((x, y) => x + y, 0), s = total > 0 ? state.weights.map((x) => x / total) : [1 / 3, 1 / 3, 1 / 3];
    const square = (t) => s.reduce((q, sj, j) => q + s.reduce((r, sk, k) => r + sj * sk * squares.data[(j * 3 + k) * count + t], 0), 0);
    const dot = s.reduce((q, sj, j) => q + s.reduce((r, sk, k) => r + sj * sk * products.data[((j * 3 + k) * n + a) * count + b], 0), 0);
    return dot / Math.sqrt(square(model.chosen[a].word) * square(b));
  }
  function drawNear() {
    fill(near, ...state.pair.map((a) => {
      const order = Array.from({ length: count }, (_, b) => b).filter((b) => b !== model.chosen[a].word).map((b) => [b, similar(a, b)]).sort((x, y) => y[1] - x[1]).slice(0, 5);
      return h("div", { class: "column" }, h("h4", {}, h("span", { class: "number", style: { background: colour(a) } }, a + 1), " ", model.chosen[a].label),
        ...order.map(([b, value]) => h("div", { class: "bar" }, h("span", { class: "name", title: model.all[b].sentence }, model.all[b].text, model.all[b].number ? h("sup", {}, model.all[b].number) : null), h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${Math.max(0, value) * 100}%` } })), h("span", { class: "v", title: full(value) }, num(value)))));
    }));
  }
  const total = () => state.weights.reduce((x, y) => x + y, 0);
  const sliders = model.mix_layers.map((layer, j) => {
    const out = h("output", {}), range = h("input", { type: "range", min: "0", max: "100", value: String(Math.round(state.weights[j] * 100)), "aria-label": layerName(layer + 1), oninput: () => { state.weights[j] = Number(range.value) / 100; shares(); drawNear(); tell(); } });
    return { out, range, node: h("label", { class: "slider" }, h("span", {}, layerName(layer + 1)), range, out) };
  });
  const shares = () => sliders.forEach(({ out, range }, j) => { out.textContent = `${Math.round(100 * (total() > 0 ? state.weights[j] / total() : 1 / 3))}%`; range.value = String(Math.round(state.weights[j] * 100)); });

  function refresh() {
    drawMap(map); drawChart(); drawMatrix(); drawNear(); shares();
    const [a, b] = state.pair;
    map.setAttribute("aria-label", say(w.map, { layer: layerName(state.layer), n }));
    fill(said, say(n < 2 ? w.said_one : state.layer ? w.said : model.spellings > 1 ? w.said_spellings : w.said_table, { a: a + 1, b: b + 1, layer: layerName(state.layer), cosine: num(cosine(state.layer, a, b)), n }));
    for (const node of lines.querySelectorAll(".hit")) node.classList.toggle("on", state.pair.includes(Number(node.dataset.i)));
    state.stepper.set({ step: state.layer, last });
  }

  state.stepper?.destroy();
  state.stepper = stepper({ words: model.stepper, label: layerName, onMove: (step) => { state.layer = step; refresh(); tell(); } });
  fill(lines, ...model.sentences.map((parts) => h("li", {}, ...parts.map(([text, i]) => (i < 0 ? text : h("button", { type: "button", class: "hit", "data-i": i, style: { "--c": colour(i) }, onclick: () => pick(i) }, text, h("sup", {}, i + 1)))))));
  fill(mixed, ...sliders.map((s) => s.node));
  fill(root, state.stepper.node, h("div", { class: "board" },
    h("div", { class: "left" }, lines, said, h("div", { class: "chart-title" }, w.chart_title), chart, h("div", { class: "chart-title" }, w.matrix_title), matrix),
    h("figure", { class: "right" }, map, h("figcaption", {}, say(w.axes, { x: Math.round(100 * model.explained[0]), y: Math.round(100 * model.explained[1]) })))),
    h("section", { class: "mix" }, lid(root, state, h("h3", {}, w.mix_title), h("div", { class: "mixing" }, mixed, near))));
  refresh();
  state.stop?.();
  state.stop = offerPicture("word-map", () => { const svg = frame(W, H); drawMap(svg); return svg; });
  return () => { state.stop?.(); state.stepper?.destroy(); };
});
