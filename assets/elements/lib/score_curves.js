// Scores along a training: for each run a line with its 95% interval, on a linear axis of steps, and the line of guessing.
import { h, fill } from "./dom.js";
import { INK, DASH, spot } from "./training.js";

/**
 * scoreCurves({box, lines, last, low, up, across, guess, here}) -> the nodes of the chart
 *
 * box: {width, height, left, right, top, bottom, font}, the margins of the plot and the size of its letters, in units of the picture.
 * lines: [{sign, points: [[step, score, from, to], ...], name}], drawn in this order; `name` puts a title on every mark.
 * last: the last step of the axis. low: the lowest score of the axis. up, across: where scores and steps are written; a step with its own name is [step, name].
 * guess: {score, label, anchor, dy}, or null. here: the moment that is looked at; without one every moment gets its mark.
 */
export function scoreCurves({ box, lines, last, low = 0, up, across, guess = null, here = null }) {
  const from = box.left, to = box.width - box.right, top = box.top, floor = box.height - box.bottom;
  const x = (step) => from + ((to - from) * step) / Math.max(1, last), y = (score) => floor - ((floor - top) * (Math.max(score, low) - low)) / (1 - low);
  const text = (at, string) => h("text", { "font-size": box.font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...at }, string);
  const level = (score, stroke) => h("line", { x1: from, x2: to, y1: y(score), y2: y(score), ...stroke });
  const trail = (points, side) => points.map((point) => `${x(point[0]).toFixed(1)},${y(point[side]).toFixed(1)}`);
  const mark = (line, point) => spot(line.sign, x(point[0]), y(point[1]), 0.45 * box.font);
  const named = (line, point) => (line.name ? h("g", {}, h("title", {}, line.name(point)), mark(line, point)) : mark(line, point));
  return [
    ...up.flatMap((score) => [level(score, { stroke: "var(--gb-line)" }), text({ x: from - 0.4 * box.font, y: y(score) + 0.35 * box.font, "text-anchor": "end" }, `${100 * score}%`)]),
    ...across.map((at) => (Array.isArray(at) ? at : [at, at])).map(([step, name]) => text({ x: x(step), y: box.height - 0.45 * box.font, "text-anchor": step === last ? "end" : "middle" }, name)),
    ...(guess ? [level(guess.score, { stroke: "var(--gb-cut)", "stroke-width": 2, "stroke-dasharray": "3 4" })] : []),
    ...lines.map(({ sign, points }) => h("polygon", { points: [...trail(points, 2), ...trail(points, 3).reverse()].join(" "), fill: INK[sign], "fill-opacity": 0.13 })),
    ...(here === null ? [] : [h("line", { x1: x(lines[0].points[here][0]), x2: x(lines[0].points[here][0]), y1: top, y2: floor, stroke: "var(--gb-quiet)" })]),
    ...lines.flatMap((line) => [
      h("polyline", { points: trail(line.points, 1).join(" "), fill: "none", stroke: INK[line.sign], "stroke-width": 2.5, "stroke-dasharray": DASH[line.sign] }),
      ...(here === null ? line.points : [line.points[here]]).map((point) => named(line, point)),
    ]),
    // last, with an edge: runs that end near guessing must not hide what the line is called
    ...(guess ? [text({ x: guess.anchor === "end" ? to : from + 4, y: y(guess.score) + guess.dy * box.font, "text-anchor": guess.anchor, stroke: "var(--gb-background)", "stroke-width": 0.3 * box.font, "paint-order": "stroke" }, guess.label)] : []),
  ];
}

/** The plot of a picture whose letters follow the page's. */
export const boxOf = (width, height, rem) => ({ width, height, left: 2.4 * rem, right: 0.7 * rem, top: 0.6 * rem, bottom: 1.5 * rem, font: 0.78 * rem });

/** Draw into a picture that is as large as its place: draw(width, height, rem) -> nodes. */
export function drawn(svg, draw) {
  const { width, height } = svg.getBoundingClientRect();
  if (!width) return;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  fill(svg, ...draw(width, height, parseFloat(getComputedStyle(document.documentElement).fontSize) || 16));
}

/** The sign of a run in a legend. */
export const sign = (i) => h("svg", { class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, spot(i, 8, 8, 6));
