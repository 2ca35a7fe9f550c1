// Two slices of one loss, each through a start, with the paths of SGD from there: one example a step, a few, all.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { INK, DASH, spot } from "../glassbox.lib/training.js";
import { drawn, sign } from "../glassbox.lib/score_curves.js";
import { asImage } from "../glassbox.lib/signed.js";
import { shadeTable } from "../glassbox.lib/shades.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, track: 0, stepper: null, stops: [], report: null, watch: null }));
const SIDE = 400; // units of a slice's picture

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-slice_board");
  const { panels, tracks, steps, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  state.step = Math.min(state.step, steps);
  const tell = () => state.report({ step: state.step, track: state.track, rev: state.rev });
  const label = (k) => say(w.moment, { step: k, last: steps });
  const most = Math.max(...panels.flatMap((panel) => panel.losses.flat())), highest = Math.max(...panels.flatMap((panel) => panel.paths.flatMap((path) => path.losses)));

  // The same shade is the same loss in both slices; the root opens the low end, where the paths go.
  const table = shadeTable(root);
  const canvases = panels.map(({ losses }) => {
    const size = losses.length, canvas = h("canvas", { width: size, height: size, "aria-hidden": "true" }), image = new ImageData(size, size), pixels = new Uint32Array(image.data.buffer);
    for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) pixels[y * size + x] = table[Math.round(255 * Math.sqrt(losses[size - 1 - y][x] / most))];
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  });
  /** The paths on one slice, up to the step that is looked at. */
  function paths({ middle, side, paths: found }) {
    const at = ([px, py]) => [SIDE * (0.5 + (px - middle[0]) / side), SIDE * (0.5 - (py - middle[1]) / side)];
    const order = found.map((_, i) => i).sort((a, b) => (a === state.track) - (b === state.track)), parts = [];
    for (const i of order) {
      const on = i === state.track, points = found[i].places.slice(0, state.step + 1).map((place) => at(place).map((v) => v.toFixed(1)).join(",")).join(" ");
      parts.push(h("polyline", { points, fill: "none", stroke: "var(--gb-background)", "stroke-width": on ? 6 : 4, "stroke-linejoin": "round" }), h("polyline", { points, fill: "none", stroke: INK[i], "stroke-width": on ? 3 : 2, "stroke-linejoin": "round", "stroke-dasharray": DASH[i] }));
    }
    const [sx, sy] = at([0, 0]);
    parts.push(h("circle", { cx: sx, cy: sy, r: 7, fill: "var(--gb-background)", stroke: "var(--gb-text)", "stroke-width": 3 }));
    for (const i of order) { const [px, py] = at(found[i].places[state.step]); parts.push(h("g", {}, h("title", {}, `${tracks[i]}: ${num(found[i].losses[state.step])}`), spot(i, px, py, i === state.track ? 9 : 7))); }
    return parts;
  }
  /** The loss along the steps: the noise of the batch. */
  function curves({ paths: found }, width, height, rem) {
    const font = 0.75 * rem, left = 2.2 * rem, right = width - 0.4 * rem, top = 0.4 * rem, floor = height - 1.4 * rem;
    const x = (k) => left + ((right - left) * k) / steps, y = (loss) => floor - ((floor - top) * loss) / highest;
    const text = (px, py, string, more = {}) => h("text", { x: px, y: py, "font-size": font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    return [...[0, highest / 2, highest].flatMap((v) => [h("line", { x1: left, x2: right, y1: y(v), y2: y(v), stroke: "var(--gb-line)" }), text(left - 0.3 * rem, y(v) + 0.35 * font, v.toFixed(1), { "text-anchor": "end" })]),
      ...[0, steps].map((k) => text(x(k), height - 0.3 * rem, k, { "text-anchor": k ? "end" : "start" })),
      h("line", { x1: x(state.step), x2: x(state.step), y1: top, y2: floor, stroke: "var(--gb-quiet)" }),
      ...found.map((path, i) => h("polyline", { points: path.losses.map((loss, k) => `${x(k).toFixed(1)},${y(loss).toFixed(1)}`).join(" "), fill: "none", stroke: INK[i], "stroke-width": i === state.track ? 3 : 1.8, "stroke-dasharray": DASH[i] }))];
  }
  const figures = panels.map((panel, n) => {
    const slice = h("svg", { class: "slice", viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" }), curve = h("svg", { class: "curve", role: "img" }), note = h("p", { class: "note" });
    return { slice, curve, note, node: h("figure", {}, h("figcaption", {}, panel.label), h("div", { class: "field" }, canvases[n], slice), note, curve) };
  });
  const list = h("div", { class: "tracks", role: "group", "aria-label": w.tracks });
  function refresh() {
    panels.forEach((panel, n) => {
      const { slice, curve, note } = figures[n], path = panel.paths[state.track], [px, py, away] = path.places[state.step];
      fill(slice, ...paths(panel));
      slice.setAttribute("aria-label", say(w.described, { name: panel.label, track: tracks[state.track], loss: num(path.losses[state.step]) }));
      curve.setAttribute("aria-label", `${data.loss}: ${num(path.losses[state.step])}`);
      fill(note, say(w.where, { track: tracks[state.track], loss: num(path.losses[state.step]), way: num(Math.hypot(px, py, away)), away: num(away), share: percent(path.share) }));
      drawn(curve, (...size) => curves(panel, ...size));
    });
    fill(list, ...tracks.map((name, i) => h("button", { type: "button", class: i === state.track ? "track on" : "track", "aria-pressed": String(i === state.track), onclick: () => { state.track = i; refresh(); tell(); } }, sign(i), ` ${name}`)));
    state.stepper.set({ step: state.step, last: steps });
  }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.step = step; refresh(); tell(); } });
  const shades = h("canvas", { width: 256, height: 1, class: "shades", "aria-hidden": "true" }), line = new ImageData(256, 1);
  new Uint32Array(line.data.buffer).set(table.map((_, i) => table[Math.round(255 * Math.sqrt(i / 255))]));
  shades.getContext("2d").putImageData(line, 0, 0);
  fill(root, state.stepper.node, list, h("div", { class: "figures" }, ...figures.map((f) => f.node)),
    h("p", { class: "legend" }, h("span", {}, `${data.loss}: 0 `, shades, ` ${num(most)}`), h("span", {}, h("i", { class: "begin" }), ` ${w.begin}`), h("span", {}, w.curve)));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => panels.forEach((panel, n) => drawn(figures[n].curve, (...size) => curves(panel, ...size))));
  state.watch.observe(figures[0].curve);
  state.stops.forEach((stop) => stop());
  state.stops = [offerPicture("start-slices", () => {
    const svg = frame(860, 480), text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
    panels.forEach((panel, n) => svg.append(text(15 + 425 * n, 22, `${panel.label}, ${label(state.step)}`, { "font-weight": 700 }), asImage(canvases[n], 15 + 425 * n, 34, SIDE, SIDE), h("g", { transform: `translate(${15 + 425 * n}, 34)` }, ...paths(panel))));
    svg.append(...tracks.flatMap((name, i) => [spot(i, 24 + 200 * i, 458, 6), text(36 + 200 * i, 463, name)]), text(640, 463, `${data.loss}: 0–${num(most)}`));
    return svg;
  })];
  return () => { state.stops.forEach((stop) => stop()); state.stepper?.destroy(); state.watch?.disconnect(); };
});
