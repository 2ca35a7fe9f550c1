// How far a model moved (across) against what it is paid (up): a track for each β, the best of n as a dotted line, and what was written at the chosen moment.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { drawn } from "../glassbox.lib/score_curves.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, track: 0, stepper: null, stop: null, report: null, watch: null }));
const ROLES = ["key", "segment-a", "token", "position"]; // of the β, in their order; the letter says it too
const ink = (i) => `var(--gb-${ROLES[i % ROLES.length]})`;
const letter = (i) => String.fromCharCode(65 + i);
const FULL = 5; // nats: the darkest shade
const WIDE = 12; // a wider range of rewards is drawn on a root scale

const mark = (i, x, y, r) => h("g", {}, h("circle", { cx: x, cy: y, r, fill: "var(--gb-background)", stroke: ink(i), "stroke-width": 2.5 }), h("text", { x, y: y + 0.5 * r, "font-size": 1.4 * r, "font-weight": 700, "font-family": "sans-serif", "text-anchor": "middle", fill: "var(--gb-text)" }, letter(i)));
const root = (v) => Math.sign(v) * Math.sqrt(Math.abs(v));
/** A mean: as many decimals as three digits leave, never more than two. */
const amount = (v) => (Math.abs(v) < 0.005 ? "0" : v.toFixed(Math.abs(v) >= 99.95 ? 0 : Math.abs(v) >= 9.995 ? 1 : 2).replace("-", "−"));

/** Some round numbers between two ends: those of a root scale, or even ones. */
function ticks(from, to, onRoot) {
  if (onRoot) return [-25, -10, -4, -1, 0, 1, 4, 10, 20, 40, 70, 100, 200, 300, 400, 600].filter((v) => v >= from && v <= to);
  const step = [0.1, 0.2, 0.5, 1, 2, 5].find((s) => (to - from) / s <= 6) ?? 10;
  return Array.from({ length: Math.floor(to / step) - Math.ceil(from / step) + 1 }, (_, i) => Number(((Math.ceil(from / step) + i) * step).toFixed(2)));
}

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const place = parentElement.querySelector(".gb-reward_plane");
  const { tracks, best, words: w } = data, last = data.steps.length - 1;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  state.step = Math.min(state.step, last);
  state.track = Math.min(state.track, tracks.length - 1);
  const tell = () => state.report({ step: state.step, track: state.track, rev: state.rev });
  /** A dot of a track opens what was written there; the list of β and the stepper do the same by keys. */
  const choose = (track, step) => { Object.assign(state, { track, step }); refresh(); tell(); };
  const label = (k) => say(w.moment, { step: data.steps[k], last: data.steps[last] });
  const every = tracks.flatMap((t) => t.seeds.flat());
  const farthest = Math.max(3, ...every.map(([x]) => x)) * 1.06;
  const paid = [...every.map(([, y]) => y), ...best.map((b) => b.reward)];
  const lowest = Math.min(...paid, 0), highest = Math.max(...paid, lowest + 1), wide = highest - lowest > WIDE;
  const margin = 0.06 * (highest - lowest);
  const up = wide ? root : (v) => v;

  function plane(width, height, rem) {
    const font = 0.8 * rem, left = 2.6 * rem, right = width - 1.1 * rem, top = 2.1 * rem, floor = height - 3 * rem;
    const ends = [up(lowest - margin), up(highest + margin)];
    const x = (v) => left + (right - left) * (Math.sqrt(Math.max(0, v)) / Math.sqrt(farthest)), y = (v) => floor - (floor - top) * ((up(v) - ends[0]) / (ends[1] - ends[0]));
    const text = (px, py, string, more = {}) => h("text", { x: px, y: py, "font-size": font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    const parts = [];
    for (const v of ticks(0, farthest, true)) parts.push(h("line", { x1: x(v), x2: x(v), y1: top, y2: floor, stroke: "var(--gb-line)" }), text(x(v), floor + 1.25 * font, String(v), { "text-anchor": "middle" }));
    for (const v of ticks(lowest - margin, highest + margin, wide)) parts.push(h("line", { x1: left, x2: right, y1: y(v), y2: y(v), stroke: "var(--gb-line)" }), text(left - 0.4 * font, y(v) + 0.35 * font, String(v).replace("-", "−"), { "text-anchor": "end" }));
    parts.push(text((left + right) / 2, height - 0.45 * rem, w.axis_kl, { "text-anchor": "middle", fill: "var(--gb-text)" }), text(0.2 * rem, 0.9 * rem, wide ? w.axis_reward_root : w.axis_reward, { fill: "var(--gb-text)" }));
    if (best.length) {
      parts.push(h("polyline", { points: best.map((b) => `${x(b.kl).toFixed(1)},${y(b.reward).toFixed(1)}`).join(" "), fill: "none", stroke: "var(--gb-text)", "stroke-width": 1.8, "stroke-dasharray": "2 4", class: "best" }));
      for (const b of best) parts.push(h("circle", { cx: x(b.kl), cy: y(b.reward), r: 2.5, fill: "var(--gb-text)" }, h("title", {}, say(w.best_title, { n: b.n, reward: amount(b.reward), kl: amount(b.kl) }))));
    }
    const order = tracks.map((_, i) => i).sort((a, b) => (a === state.track) - (b === state.track));
    for (const i of order) {
      const t = tracks[i], on = i === state.track, k = state.step, moments = Array.from({ length: k + 1 }, (_, m) => m);
      const at = (m, side = t.reward) => `${x(t.kl[m]).toFixed(1)},${y(side[m]).toFixed(1)}`;
      parts.push(h("polygon", { points: [...moments.map((m) => at(m, t.low)), ...[...moments].reverse().map((m) => at(m, t.high))].join(" "), fill: ink(i), "fill-opacity": on ? 0.2 : 0.1, class: "band" }));
      parts.push(h("polyline", { points: moments.map((m) => at(m)).join(" "), fill: "none", stroke: ink(i), "stroke-width": on ? 3 : 1.8, "stroke-opacity": on ? 1 : 0.65 }));
      for (const m of moments.slice(0, -1)) parts.push(h("circle", { cx: x(t.kl[m]), cy: y(t.reward[m]), r: on ? 3.5 : 2.5, fill: ink(i) }), h("circle", { class: "dot", cx: x(t.kl[m]), cy: y(t.reward[m]), r: 0.5 * rem, fill: "transparent", onclick: () => choose(i, m) }, h("title", {}, `${t.label}, ${label(m)}: ${amount(t.reward[m])}, KL ${amount(t.kl[m])}`)));
      if (on && t.seeds[k].length > 1) for (const [kl, reward] of t.seeds[k]) parts.push(h("circle", { cx: x(kl), cy: y(reward), r: 3.5, fill: "none", stroke: ink(i), "stroke-width": 1.5 }));
      parts.push(h("g", { class: "dot", onclick: () => choose(i, k) }, mark(i, x(t.kl[k]), y(t.reward[k]), on ? 0.62 * rem : 0.5 * rem)));
    }
    return parts;
  }

  /** A token as it was written: shaded by how much less the old model expected it, underlined if the reward counts it. */
  function token(story, i) {
    const ratio = story.ratios[i], depth = Math.min(1, Math.max(0, ratio) / FULL), paidFor = story.marks[i];
    return h("span", { class: `tok${paidFor > 0 ? " plus" : paidFor < 0 ? " minus" : ""}`, style: { "--depth": `${Math.round(55 * depth)}%` }, title: say(w.token_title, { ratio: (ratio < 0 ? "−" : "+") + Math.abs(ratio).toFixed(2) }) }, story.pieces[i]);
  }
  const counts = (sign) => tracks.some((t) => t.stories.flat().some((s) => s.marks.includes(sign)));
  const dotted = (x1, x2, y) => h("line", { x1, x2, y1: y, y2: y, stroke: "var(--gb-text)", "stroke-width": 2, "stroke-dasharray": "2 4" });
  const bestOf = best.length ? say(w.best, { n: best.at(-1).n }) : null;
  const told = (story) => h("section", { class: "story" },
    h("p", { class: "text" }, h("span", { class: "beginning" }, data.beginning), ...story.pieces.map((_, i) => token(story, i))),
    h("p", { class: "sum" }, say(w.story_sum, { reward: num(story.reward), sum: amount(story.ratios.reduce((a, b) => a + b, 0)), kl: amount(story.kl) })));

  const svg = h("svg", { class: "plane", role: "img" });
  const list = h("div", { class: "betas", role: "group", "aria-label": w.betas });
  const formula = h("p", { class: "formula" });
  const title = h("h3", {});
  const stories = h("div", { class: "stories" });
  function refresh() {
    const k = state.step, now = tracks[state.track];
    svg.setAttribute("aria-label", tracks.map((t) => `${t.label}: ${w.axis_kl} ${amount(t.kl[k])}, ${w.axis_reward} ${amount(t.reward[k])}`).join("; "));
    drawn(svg, plane);
    fill(list, ...tracks.map((t, i) => h("button", { type: "button", class: i === state.track ? "beta on" : "beta", "aria-pressed": String(i === state.track), onclick: () => { state.track = i; refresh(); tell(); } },
      h("svg", { class: "letter", viewBox: "0 0 24 24", "aria-hidden": "true" }, mark(i, 12, 12, 9)), h("span", { class: "name" }, t.label),
      ...[[amount(t.reward[k]), w.reward_short], [amount(t.kl[k]), w.kl_short], [`${Math.round(100 * t.pairs[k])}%`, w.pairs_short]].map(([value, name]) => h("span", { class: "score" }, value, h("small", {}, name))))));
    fill(formula, h("span", {}, h("small", {}, w.formula_reward), amount(now.reward[k])), " − ", h("span", {}, h("small", {}, "β"), String(now.beta)), " × ", h("span", {}, h("small", {}, "KL"), amount(now.kl[k])), " = ", h("b", {}, h("small", {}, w.formula_worth), amount(now.reward[k] - now.beta * now.kl[k])));
    fill(title, say(w.stories, { name: now.label, step: data.steps[k] }));
    fill(stories, ...now.stories[k].map(told));
    state.stepper.set({ step: k, last });
  }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.step = step; refresh(); tell(); } });
  fill(place, state.stepper.node, h("div", { class: "upper" }, svg, h("div", {}, list, formula)), title, stories,
    h("p", { class: "legend" }, bestOf ? h("span", {}, h("svg", { class: "dotted", viewBox: "0 0 30 10", "aria-hidden": "true" }, dotted(1, 29, 5)), " ", bestOf) : null, h("span", { class: "tok", style: { "--depth": "55%" } }, w.legend_shade), counts(1) ? h("span", { class: "tok plus" }, w.legend_plus) : null, counts(-1) ? h("span", { class: "tok minus" }, w.legend_minus) : null, h("span", {}, tracks[0].seeds[0].length > 1 ? w.legend_band : w.legend_one)));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawn(svg, plane));
  state.watch.observe(svg);
  state.stop?.();
  state.stop = offerPicture("reward-plane", () => {
    const picture = frame(760, bestOf ? 522 : 500);
    if (bestOf) picture.append(dotted(32, 50, 506), h("text", { x: 54, y: 511, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, bestOf));
    picture.append(...plane(750, 460, 16), ...tracks.flatMap((t, i) => [mark(i, 40 + 175 * i, 484, 8), h("text", { x: 54 + 175 * i, y: 489, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, t.label)]));
    return picture;
  });
  return () => { state.stop?.(); state.stepper?.destroy(); state.watch?.disconnect(); };
});
