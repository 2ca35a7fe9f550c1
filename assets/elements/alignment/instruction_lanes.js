// One request in three lanes: a head for one task, worked examples before untouched weights, and a model tuned on more and more pairs.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { percent } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame, headline } from "../glassbox.lib/pictures.js";
import { scoreCurves, boxOf, drawn, sign } from "../glassbox.lib/score_curves.js";
import { spot } from "../glassbox.lib/training.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, size: 0, stepper: null, stop: null, report: null, watch: null }));
const count = (n) => n.toLocaleString("en-US");

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), place = parentElement.querySelector(".gb-instruction_lanes");
  const { sizes, lines, tuned, words: w } = data, last = sizes.length - 1;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  state.size = Math.min(state.size, last);
  const label = (k) => say(w.moment, { pairs: count(sizes[k]) });

  /** An answer with the words that were asked for marked, alone or with the -s of more than one. */
  function marked(text) {
    if (!text.trim()) return [h("i", {}, w.nothing)];
    if (!data.asked.length) return [text.trim()];
    return text.trim().split(new RegExp(`(\\b(?:${data.asked.join("|")})(?:e?s)?\\b)`, "i")).map((part, i) => (i % 2 ? h("mark", {}, part) : part));
  }
  const amount = h("span", { class: "amount" });
  const lane = (letter, name, children) => h("section", { class: `lane lane-${letter}` },
    h("h3", {}, h("b", {}, letter.toUpperCase()), " ", w[`lane_${name}`], name === "tuned" ? amount : null), h("p", { class: "from" }, w[`from_${name}`]), ...children);
  const reads = (before, text) => h("div", { class: "reads", role: "group", "aria-label": w.reads, title: w.reads }, before ? h("pre", { class: "before", tabindex: "0", role: "group", "aria-label": w.examples }, before) : null, h("pre", {}, text));
  const writes = (node) => h("div", { class: "writes" }, h("small", {}, w.writes), node);

  const { happy } = data.head, top = happy >= 0.5 ? w.happy : w.sad;
  const bar = (name, p) => h("div", { class: "bar" }, h("span", {}, name), h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${100 * p}%` } })), h("span", { class: "value" }, percent(p)));
  const headLane = lane("a", "head", [
    reads("", data.given || data.instruction),
    h("div", { class: "writes" }, h("small", {}, w.chooses), bar(w.happy, happy), bar(w.sad, 1 - happy)),
    data.expected ? h("p", { class: "right" }, say(top === w[data.expected] ? w.is_right : w.is_wrong, { label: w[data.expected] })) : h("p", { class: "right" }, w.no_story),
    h("p", { class: "score" }, data.head.score)]);
  const promptLane = lane("b", "prompted", [reads(data.prompted.before, data.frame), writes(h("p", { class: "answer" }, ...marked(data.prompted.answer))), h("p", { class: "score" }, data.prompted.score)]);
  const answer = h("p", { class: "answer", "aria-live": "polite" }), score = h("p", { class: "score" });
  const tunedLane = lane("c", "tuned", [reads("", data.frame), writes(answer), score]);

  const curves = (box) => scoreCurves({
    box, last, up: [0, 0.25, 0.5, 0.75, 1], across: sizes.map((n, i) => [i, count(n)]), here: state.size,
    guess: data.guess === null ? null : { score: data.guess, label: w.guessing, anchor: "start", dy: -0.4 },
    lines: lines.map(({ name, points }, i) => ({ sign: i, points, name: ([k, p]) => `${name}, ${label(k)}: ${percent(p)}` })),
  });
  const svg = h("svg", { class: "chart", role: "img" });
  const plot = (width, height, rem) => curves(boxOf(width, height, rem));
  const key = h("ul", { class: "key" });
  function refresh() {
    const k = state.size, said = tuned[k];
    fill(amount, `: ${label(k)}`);
    fill(answer, ...marked(said.answer));
    fill(score, said.score);
    svg.setAttribute("aria-label", lines.map((l) => `${l.name}, ${label(k)}: ${percent(l.points[k][1])}`).join("; "));
    drawn(svg, plot);
    fill(key, ...lines.map((l, i) => h("li", {}, sign(i), ` ${l.name} `, h("b", {}, percent(l.points[k][1])), l.points[k][2] === l.points[k][3] ? null : h("small", {}, ` (${percent(l.points[k][2])}–${percent(l.points[k][3])})`))));
    state.stepper.set({ step: k, last });
  }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (size) => { state.size = size; refresh(); state.report({ size, rev: state.rev }); } });
  fill(place, state.stepper.node, h("div", { class: "lanes" }, headLane, promptLane, tunedLane),
    h("div", { class: "lower" }, h("figure", {}, h("figcaption", {}, w.chart), svg), h("div", {}, key, h("p", { class: "legend" }, w.band, data.asked.length ? ` ${w.underlined}` : null))));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawn(svg, plot));
  state.watch.observe(svg);
  state.stop?.();
  state.stop = offerPicture("instructions", () => {
    const picture = frame(760, 400 + 24 * lines.length);
    headline(picture, 12, 24, `${w.chart} (${label(state.size)})`);
    picture.append(h("g", { transform: "translate(0, 40)" }, ...plot(750, 340, 16)), ...lines.flatMap((l, i) => [spot(i, 20, 396 + 24 * i, 5), h("text", { x: 34, y: 401 + 24 * i, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${l.name}: ${percent(l.points[state.size][1])}`)]));
    return picture;
  });
  return () => { state.stop?.(); state.stepper?.destroy(); state.watch?.disconnect(); };
});
