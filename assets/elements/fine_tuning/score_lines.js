// Scores along a training, on a linear axis of steps: a line with its 95% interval for each run, and the line of guessing.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { percent } from "../glassbox.lib/format.js";
import { INK, DASH, spot } from "../glassbox.lib/training.js";
import { scoreCurves } from "../glassbox.lib/score_curves.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null }));
const BOX = { width: 620, height: 260, left: 52, right: 14, top: 14, bottom: 34, font: 13 };
const PHONE = { width: 340, height: 240, left: 46, right: 12, top: 12, bottom: 30, font: 13 }; // drawn at its own size, so that its letters stay

function draw({ lines, last, guess, guess_label, low }, legend, box = BOX) {
  const svg = frame(box.width, box.height + (legend ? 24 * lines.length + 8 : 0));
  svg.append(...scoreCurves({
    box, last, low, up: [0, 0.25, 0.5, 0.75, 1].filter((v) => v >= low), across: [0, 1, 2, 3].map((part) => Math.round((last * part) / 3)),
    guess: guess === null ? null : { score: guess, label: guess_label, anchor: "end", dy: -0.4 },
    lines: lines.map(({ name, points }, i) => ({ sign: i, points, name: ([step, score]) => `${name}, ${step}: ${percent(score)}` })),
  }));
  if (legend) lines.forEach(({ name }, i) => svg.append(spot(i, BOX.left + 8, BOX.height + 12 + 24 * i, 5), h("text", { x: BOX.left + 22, y: BOX.height + 16 + 24 * i, "font-size": BOX.font, "font-family": "sans-serif", fill: "var(--gb-text)" }, name)));
  return svg;
}

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-score_lines"), svg = draw(data, false, root.clientWidth > 0 && root.clientWidth < 480 ? PHONE : BOX);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${data.title}: ${data.lines.map((l) => `${l.name} ${percent(l.points.at(-1)[1])}`).join(", ")}`);
  const key = h("ul", { class: "key" }, ...data.lines.map(({ name }, i) => h("li", {}, h("svg", { viewBox: "0 0 34 14", width: 34, height: 14, "aria-hidden": "true" }, h("line", { x1: 0, x2: 34, y1: 7, y2: 7, stroke: INK[i], "stroke-width": 2.4, "stroke-dasharray": DASH[i] }), spot(i, 17, 7, 4.5)), ` ${name}`)));
  fill(root, h("figure", {}, h("figcaption", {}, data.title), svg, key));
  state.stop?.();
  state.stop = offerPicture(data.picture, () => draw(data, true));
  return () => { state.stop?.(); state.stop = null; };
});
