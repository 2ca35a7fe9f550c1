// A hundred random starts of one training as a histogram of marks, and the pre-trained start as a line, moment by moment.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { INK, spot } from "../glassbox.lib/training.js";
import { drawn, sign } from "../glassbox.lib/score_curves.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, stepper: null, stop: null, report: null, watch: null }));
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-start_board");
  const { steps, random, pretrained, mine, most, guess, share, words: w } = data, last = steps.length - 1;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  state.step = Math.min(state.step, last);
  const label = (k) => say(w.moment, { step: steps[k], last: steps[last] });
  const said = (value) => (share ? percent(value) : num(value));

  function picture(width, height, rem) {
    const k = state.step, font = 0.85 * rem, left = 0.8 * rem, right = width - 0.8 * rem, floor = height - 1.7 * rem, top = 2.2 * rem;
    const x = (value) => left + ((right - left) * value) / most;
    const text = (px, py, string, more = {}) => h("text", { x: px, y: py, "font-size": font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    const close = share ? 0.2 : 0.25, apart = (x(close) - x(0) < 3.8 * font ? 2 : 1) * close, ticks = Array.from({ length: Math.floor(most / apart + 1e-6) + 1 }, (_, i) => apart * i);
    const parts = [h("line", { x1: left, x2: right, y1: floor, y2: floor, stroke: "var(--gb-line)", "stroke-width": 2 }),
      ...ticks.flatMap((v, i) => [h("line", { x1: x(v), x2: x(v), y1: top, y2: floor, stroke: "var(--gb-line)" }), text(x(v), floor + 1.25 * font, share ? `${Math.round(100 * v)}%` : v.toFixed(2), { "text-anchor": i === 0 ? "start" : x(v) > right - rem ? "end" : "middle" })])];
    // Marks of one column stand on each other; they become smaller until the tallest column fits.
    let size = Math.min(0.42 * rem, width / 110), stacks;
    for (; ; size *= 0.92) {
      stacks = new Map();
      for (const run of random) { const column = Math.round((x(run.values[k]) - left) / (2 * size)); stacks.set(column, (stacks.get(column) ?? 0) + 1); }
      if (Math.max(...stacks.values()) * 2 * size <= floor - top - 2 * rem || size < 1.2) break;
    }
    const high = new Map();
    for (const run of random) {
      const column = Math.round((x(run.values[k]) - left) / (2 * size)), n = high.get(column) ?? 0;
      high.set(column, n + 1);
      parts.push(h("rect", { class: "start", x: left + 2 * size * column - 0.88 * size, y: floor - 2 * size * (n + 1) + 0.1 * size, width: 1.76 * size, height: 1.76 * size, fill: INK[1] }, h("title", {}, `${run.name}: ${said(run.values[k])}`)));
    }
    if (guess !== null) parts.push(h("line", { x1: x(guess), x2: x(guess), y1: top, y2: floor, stroke: "var(--gb-cut)", "stroke-width": 2, "stroke-dasharray": "3 4" }), text(x(guess) - 0.4 * rem, top + 0.9 * font, w.nothing, { "text-anchor": "end" }));
    const line = x(mean(pretrained.map((run) => run.values[k])));
    parts.push(h("line", { class: "pretrained", x1: line, x2: line, y1: top, y2: floor, stroke: INK[0], "stroke-width": 4 }),
      ...pretrained.map((run) => h("line", { x1: x(run.values[k]), x2: x(run.values[k]), y1: floor - 0.9 * rem, y2: floor + 0.25 * rem, stroke: INK[0], "stroke-width": 2 }, h("title", {}, `${run.name}: ${said(run.values[k])}`))),
      text(line, top - 0.6 * rem, w.pretrained, { fill: INK[0], "font-weight": 700, "text-anchor": line < width / 3 ? "start" : line > (2 * width) / 3 ? "end" : "middle" }),
      ...mine.flatMap((run, i) => [h("g", {}, h("title", {}, `${run.name}: ${said(run.values[k])}`), spot(i ? 3 : 2, x(run.values[k]), floor - (1.2 + 1.8 * i) * rem, 0.55 * rem)), text(x(run.values[k]) + 0.9 * rem, floor - (0.9 + 1.8 * i) * rem, run.name, { fill: "var(--gb-text)", "font-weight": 700, stroke: "var(--gb-background)", "stroke-width": 3, "paint-order": "stroke" })]));
    return parts;
  }
  const svg = h("svg", { class: "histogram", role: "img" });
  function refresh() {
    const k = state.step, of = (runs) => runs.map((run) => run.values[k]);
    svg.setAttribute("aria-label", say(w.described, { axis: data.axis, low: said(Math.min(...of(random))), high: said(Math.max(...of(random))), count: random.length, line: said(mean(of(pretrained))) }));
    drawn(svg, picture);
    state.stepper.set({ step: k, last });
  }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.step = step; refresh(); state.report({ step, rev: state.rev }); } });
  fill(root, state.stepper.node, svg, h("p", { class: "axis" }, data.axis), h("p", { class: "legend" }, h("span", {}, sign(1), ` ${say(w.random, { n: random.length })}`), h("span", {}, h("i", { class: "tick" }), ` ${say(w.heads, { n: pretrained.length })}`), h("span", {}, h("i", { class: "line" }), ` ${w.mean}`)));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawn(svg, picture));
  state.watch.observe(svg);
  state.stop?.();
  state.stop = offerPicture("start-histogram", () => { const made = frame(860, 400); made.append(h("text", { x: 10, y: 22, "font-size": 15, "font-family": "sans-serif", fill: "var(--gb-text)", "font-weight": 700 }, label(state.step)), h("g", { transform: "translate(0, 30)" }, ...picture(850, 340, 16)), h("text", { x: 430, y: 392, "font-size": 13, "font-family": "sans-serif", "text-anchor": "middle", fill: "var(--gb-text)" }, data.axis)); return made; });
  return () => { state.stop?.(); state.stepper?.destroy(); state.watch?.disconnect(); };
});
