// Scores along a training, on a linear axis of steps: a line with its 95% interval for each run, and the line of guessing.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { percent } from "../glassbox.lib/format.js";
import { INK, DASH, spot } from "../glassbox.lib/training.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null }));
const WIDTH = 620, HEIGHT = 260, LEFT = 52, RIGHT = 14, TOP = 14, BOTTOM = 34;

function draw({ lines, last, guess, guess_label, low }, legend) {
  const svg = frame(WIDTH, HEIGHT + (legend ? 24 * lines.length + 8 : 0));
  const x = (step) => LEFT + ((WIDTH - LEFT - RIGHT) * step) / Math.max(1, last), y = (v) => TOP + ((1 - Math.max(v, low)) / (1 - low)) * (HEIGHT - TOP - BOTTOM);
  const text = (at, string) => h("text", { "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-quiet)", "text-anchor": "middle", ...at }, string);
  for (const v of [0, 0.25, 0.5, 0.75, 1].filter((v) => v >= low)) svg.append(h("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v), stroke: "var(--gb-line)", "stroke-width": 0.7 }), text({ x: LEFT - 7, y: y(v) + 4, "text-anchor": "end" }, `${100 * v}%`));
  for (const part of [0, 1, 2, 3]) svg.append(text({ x: x((last * part) / 3), y: HEIGHT - 12, "text-anchor": part === 3 ? "end" : "middle" }, Math.round((last * part) / 3)));
  if (guess !== null) svg.append(h("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(guess), y2: y(guess), stroke: "var(--gb-cut)", "stroke-width": 2, "stroke-dasharray": "3 4" }), text({ x: WIDTH - RIGHT, y: y(guess) - 5, "text-anchor": "end" }, guess_label));
  lines.forEach(({ points }, i) => {
    const edge = (side) => points.map((p) => `${x(p[0]).toFixed(1)},${y(p[side]).toFixed(1)}`);
    svg.append(h("polygon", { points: [...edge(2), ...edge(3).reverse()].join(" "), fill: INK[i], "fill-opacity": 0.12 }));
  });
  lines.forEach(({ name, points }, i) => {
    svg.append(h("polyline", { points: points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" "), fill: "none", stroke: INK[i], "stroke-width": 2.4, "stroke-dasharray": DASH[i] }),
      ...points.map((p) => h("g", {}, h("title", {}, `${name}, ${p[0]}: ${percent(p[1])}`), spot(i, x(p[0]), y(p[1]), 4))));
    if (legend) svg.append(spot(i, LEFT + 8, HEIGHT + 12 + 24 * i, 5), text({ x: LEFT + 22, y: HEIGHT + 16 + 24 * i, "text-anchor": "start", fill: "var(--gb-text)" }, name));
  });
  return svg;
}

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-score_lines"), svg = draw(data, false);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${data.title}: ${data.lines.map((l) => `${l.name} ${percent(l.points.at(-1)[1])}`).join(", ")}`);
  const key = h("ul", { class: "key" }, ...data.lines.map(({ name }, i) => h("li", {}, h("svg", { viewBox: "0 0 34 14", width: 34, height: 14, "aria-hidden": "true" }, h("line", { x1: 0, x2: 34, y1: 7, y2: 7, stroke: INK[i], "stroke-width": 2.4, "stroke-dasharray": DASH[i] }), spot(i, 17, 7, 4.5)), ` ${name}`)));
  fill(root, h("figure", {}, h("figcaption", {}, data.title), svg, key));
  state.stop?.();
  state.stop = offerPicture(data.picture, () => draw(data, true));
  return () => { state.stop?.(); state.stop = null; };
});
