// The old task kept (across) against the new task learned (up): a track for each method with a mark at every moment, and sentences of both tasks.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { percent } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { drawn } from "../glassbox.lib/score_curves.js";
import { tagged, spanned, allRight, spanRight } from "../glassbox.lib/tagged.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, track: 0, stepper: null, stop: null, report: null, watch: null }));
const ROLES = ["cut", "token", "key", "position", "segment-a", "segment-b"]; // of the methods, in their order; the letter says it too
const ink = (i) => `var(--gb-${ROLES[i % ROLES.length]})`;
const letter = (i) => String.fromCharCode(65 + i);

/** The mark of a method: a disc with its letter. */
const mark = (i, x, y, r, more = {}) => h("g", {}, h("circle", { cx: x, cy: y, r, fill: "var(--gb-background)", stroke: ink(i), "stroke-width": 2.5, ...more }), h("text", { x, y: y + 0.5 * r, "font-size": 1.4 * r, "font-weight": 700, "font-family": "sans-serif", "text-anchor": "middle", fill: "var(--gb-text)" }, letter(i)));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-forgetting_plane");
  const { tracks, words: w } = data, last = data.steps.length - 1;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  state.step = Math.min(state.step, last);
  if (!data.shown.includes(state.track)) state.track = data.shown[0];
  const tell = () => state.report({ step: state.step, track: state.track, rev: state.rev });
  const label = (k) => say(w.moment, { step: data.steps[k], last: data.steps[last] });

  function plane(width, height, rem) {
    const font = 0.8 * rem, left = 3 * rem, right = width - 0.9 * rem, top = 0.7 * rem, floor = height - 3 * rem;
    const x = (score) => left + (right - left) * score, y = (score) => floor - (floor - top) * score;
    const text = (px, py, string, more = {}) => h("text", { x: px, y: py, "font-size": font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    const parts = [h("rect", { x: x(0.75), y: y(1), width: x(1) - x(0.75), height: y(0.75) - y(1), fill: "var(--gb-right)", "fill-opacity": 0.08 }), text(x(0.985), y(0.975) + font * 0.7, w.dream, { "text-anchor": "end" })];
    for (const v of [0, 0.25, 0.5, 0.75, 1]) parts.push(
      h("line", { x1: x(v), x2: x(v), y1: top, y2: floor, stroke: "var(--gb-line)" }), h("line", { x1: left, x2: right, y1: y(v), y2: y(v), stroke: "var(--gb-line)" }),
      text(x(v), floor + 1.25 * font, `${100 * v}%`, { "text-anchor": "middle" }), text(left - 0.4 * font, y(v) + 0.35 * font, `${100 * v}%`, { "text-anchor": "end" }));
    parts.push(text((left + right) / 2, height - 0.45 * rem, w.axis_old, { "text-anchor": "middle", fill: "var(--gb-text)" }), text(0.85 * rem, (top + floor) / 2, w.axis_new, { "text-anchor": "middle", fill: "var(--gb-text)", transform: `rotate(-90 ${0.85 * rem} ${(top + floor) / 2})` }));
    const order = [...data.shown].sort((a, b) => (a === state.track) - (b === state.track));
    for (const i of order) {
      const { old, new: fresh, off, label: name } = tracks[i], on = i === state.track, k = state.step;
      const at = (m) => [x(old[m][0]), y(fresh[m][0])];
      parts.push(h("polyline", { points: Array.from({ length: k + 1 }, (_, m) => at(m).map((v) => v.toFixed(1)).join(",")).join(" "), fill: "none", stroke: ink(i), "stroke-width": on ? 3 : 1.8, "stroke-opacity": on ? 1 : 0.65 }));
      for (let m = 0; m < k; m += 1) parts.push(h("circle", { cx: at(m)[0], cy: at(m)[1], r: on ? 3.5 : 2.5, fill: ink(i) }, h("title", {}, `${name}, ${label(m)}: ${percent(old[m][0])}, ${percent(fresh[m][0])}`)));
      const [px, py] = at(k);
      if (on) parts.push(h("line", { x1: x(old[k][1]), x2: x(old[k][2]), y1: py, y2: py, stroke: ink(i), "stroke-width": 2 }), h("line", { x1: px, x2: px, y1: y(fresh[k][1]), y2: y(fresh[k][2]), stroke: ink(i), "stroke-width": 2 }));
      if (off && k === last) parts.push(h("line", { x1: px, y1: py, x2: x(off[0]), y2: y(0), stroke: ink(i), "stroke-width": 1.5, "stroke-dasharray": "4 4" }), h("rect", { x: x(off[0]) - 6, y: y(0) - 6, width: 12, height: 12, fill: "var(--gb-background)", stroke: ink(i), "stroke-width": 2.5 }, h("title", {}, `${name}, ${w.off}: ${percent(off[0])}`)), text(Math.min(x(off[0]), right - 0.5 * rem), y(0) - 0.75 * rem, w.off, { "text-anchor": x(off[0]) > right - 3 * rem ? "end" : "middle" }));
      parts.push(mark(i, px, py, on ? 0.62 * rem : 0.5 * rem));
    }
    return parts;
  }
  const svg = h("svg", { class: "plane", role: "img" });
  const list = h("div", { class: "methods", role: "group", "aria-label": w.methods });
  const sentences = h("div", { class: "sentences" });
  function refresh() {
    const k = state.step, now = tracks[state.track];
    svg.setAttribute("aria-label", data.shown.map((i) => `${tracks[i].label}: ${w.axis_old} ${percent(tracks[i].old[k][0])}, ${w.axis_new} ${percent(tracks[i].new[k][0])}`).join("; "));
    drawn(svg, plane);
    fill(list, ...data.shown.map((i) => h("button", { type: "button", class: i === state.track ? "method on" : "method", "aria-pressed": String(i === state.track), onclick: () => { state.track = i; refresh(); tell(); } },
      h("svg", { class: "letter", viewBox: "0 0 24 24", "aria-hidden": "true" }, mark(i, 12, 12, 9)), h("span", { class: "name" }, tracks[i].label, h("small", {}, tracks[i].note)),
      h("span", { class: "score" }, `${Math.round(100 * tracks[i].old[k][0])}%`, h("small", {}, w.old_short)), h("span", { class: "score" }, `${Math.round(100 * tracks[i].new[k][0])}%`, h("small", {}, w.new_short)))));
    const sign = (good) => h("span", { class: good ? "sign good" : "sign bad", role: "img", "aria-label": good ? w.right : w.wrong }, good ? "✓" : "✗");
    fill(sentences,
      h("section", {}, h("h3", {}, say(w.old_sentences, { name: now.label })), ...data.old.map((row, i) => h("p", { class: "line" }, sign(allRight(row, now.said_old[k][i])), h("span", {}, ...tagged(row, now.said_old[k][i], data.tags, w))))),
      h("section", {}, h("h3", {}, say(w.new_questions, { name: now.label })), ...data.new.map((row, i) => h("p", { class: "line" }, sign(spanRight(row, now.said_new[k][i])), h("span", {}, h("b", {}, row.second), " ", ...spanned(row, now.said_new[k][i]))))));
    state.stepper.set({ step: k, last });
  }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.step = step; refresh(); tell(); } });
  fill(root, state.stepper.node, h("div", { class: "upper" }, svg, list), sentences,
    h("p", { class: "legend" }, h("span", {}, w.cross), ...data.tags.slice(1).map((tag, i) => h("span", { class: `key tag-${i + 1}` }, `${w[`short_${tag}`]} ${w[`tag_${tag}`]}`)), h("span", { class: "said" }, w.said), h("span", { class: "gold" }, w.gold)));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawn(svg, plane));
  state.watch.observe(svg);
  state.stop?.();
  state.stop = offerPicture("forgetting-plane", () => {
    const picture = frame(760, 470 + 22 * Math.ceil(data.shown.length / 3));
    picture.append(...plane(750, 460, 16), ...data.shown.flatMap((i, n) => { const px = 30 + 250 * (n % 3), py = 478 + 22 * Math.floor(n / 3); return [mark(i, px, py, 8), h("text", { x: px + 14, y: py + 5, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, tracks[i].label)]; }));
    return picture;
  });
  return () => { state.stop?.(); state.stepper?.destroy(); state.watch?.disconnect(); };
});
