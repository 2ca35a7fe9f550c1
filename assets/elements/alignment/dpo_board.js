// A model that learns from pairs: how much likelier it has made the better and the worse stories, and what it writes before and after.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { INK, DASH, spot } from "../glassbox.lib/training.js";
import { drawn } from "../glassbox.lib/score_curves.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { num } from "../glassbox.lib/format.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, moment: 0, stop: null, report: null, watch: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const s = create(parentElement), { steps, lines, words: w } = data, last = steps.length - 1;
  const root = parentElement.querySelector(".gb-dpo_board");
  s.report = s.report ?? reporter((value) => setStateValue("view", value));
  if (s.rev !== data.rev || s.id !== data.id) Object.assign(s, { rev: data.rev, id: data.id, moment: data.start.moment });
  s.moment = Math.min(s.moment, last);
  const signed = (x) => (x > 0 ? `+${num(x)}` : num(x));
  const name = (k) => say(w.moment, { step: steps[k], last: data.last });

  function chart(width, height, rem) {
    const font = 0.78 * rem, left = 3.2 * rem, right = width - 0.7 * rem, top = 0.7 * rem, floor = height - 1.6 * rem;
    const all = lines.flatMap((line) => line.values.flatMap((v) => v.slice(1))), high = Math.max(2, ...all), low = Math.min(-2, ...all);
    const x = (step) => left + ((right - left) * step) / Math.max(1, data.last), y = (v) => floor - ((floor - top) * (v - low)) / (high - low);
    const text = (px, py, string, more = {}) => h("text", { x: px, y: py, "font-size": font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    const gap = [1, 2, 5, 10, 20, 50, 100, 200].find((g) => (high - low) / g <= 6) ?? 500, parts = [];
    for (let v = Math.ceil(low / gap) * gap; v <= high; v += gap) parts.push(h("line", { x1: left, x2: right, y1: y(v), y2: y(v), stroke: v === 0 ? "var(--gb-text)" : "var(--gb-line)", "stroke-width": v === 0 ? 1.6 : 1 }), text(left - 0.4 * font, y(v) + 0.35 * font, signed(v), { "text-anchor": "end" }));
    for (const step of new Set([0, Math.round(data.last / 2), data.last])) parts.push(text(x(step), height - 0.4 * rem, String(step), { "text-anchor": step === data.last ? "end" : "middle" }));
    parts.push(h("line", { x1: x(steps[s.moment]), x2: x(steps[s.moment]), y1: top, y2: floor, stroke: "var(--gb-quiet)" }));
    for (const { sign, values } of lines) {
      const trail = (k) => values.map((v) => `${x(v[0]).toFixed(1)},${y(v[k]).toFixed(1)}`);
      parts.push(h("polygon", { points: [...trail(2), ...trail(3).reverse()].join(" "), fill: INK[sign], "fill-opacity": 0.13 }), h("polyline", { points: trail(1).join(" "), fill: "none", stroke: INK[sign], "stroke-width": 2.5, "stroke-dasharray": DASH[sign] }));
    }
    for (const { sign, values, name: called } of lines) { const v = values[s.moment]; if (v) parts.push(h("g", {}, h("title", {}, `${called}: ${signed(v[1])}`), spot(sign, x(v[0]), y(v[1]), 0.4 * rem))); }
    return parts;
  }
  const svg = h("svg", { class: "chart", role: "img" }), legend = h("ul", { class: "legend" }), stories = h("div", { class: "stories" });
  const range = h("input", { type: "range", min: "0", max: String(last), step: "1", "aria-label": w.moment_of, oninput: () => move(Number(range.value)) }), shown = h("output", {});
  const move = (k) => { s.moment = Math.min(Math.max(k, 0), last); refresh(); s.report({ moment: s.moment, rev: s.rev }); };
  const told = (pieces) => pieces.map(([text, kind]) => (kind ? h("mark", { class: kind }, text) : text));
  function refresh() {
    const k = s.moment;
    range.value = String(k);
    shown.textContent = name(k);
    range.setAttribute("aria-valuetext", name(k));
    svg.setAttribute("aria-label", lines.map((line) => `${line.name}: ${signed(line.values[Math.min(k, line.values.length - 1)][1])}`).join("; "));
    drawn(svg, chart);
    fill(legend, ...lines.map((line) => h("li", {}, h("svg", { viewBox: "0 0 34 14", width: 34, height: 14, "aria-hidden": "true" }, h("line", { x1: 0, x2: 34, y1: 7, y2: 7, stroke: INK[line.sign], "stroke-width": 2.4, "stroke-dasharray": DASH[line.sign] }), spot(line.sign, 17, 7, 4.5)), ` ${line.name} `, h("b", {}, signed(line.values[Math.min(k, line.values.length - 1)][1])))));
    fill(stories, h("div", { class: "row head" }, h("span", {}, w.before), h("span", {}, name(k))), ...data.stories.map(({ beginning, texts }) => h("div", { class: "story" }, h("p", { class: "start" }, h("b", {}, beginning), " …"), h("div", { class: "row" }, h("p", {}, ...told(texts[0])), h("p", {}, ...told(texts[k]))))));
  }
  fill(root, h("div", { class: "move" }, h("button", { type: "button", "aria-label": w.earlier, title: w.earlier, onclick: () => move(s.moment - 1) }, "‹"), range, h("button", { type: "button", "aria-label": w.later, title: w.later, onclick: () => move(s.moment + 1) }, "›"), shown),
    h("div", { class: "board" }, h("figure", {}, h("figcaption", {}, w.chart), svg, legend), stories));
  refresh();
  s.watch?.disconnect();
  s.watch = new ResizeObserver(() => drawn(svg, chart));
  s.watch.observe(svg);
  s.stop?.();
  s.stop = offerPicture(data.picture, () => {
    const picture = frame(760, 360 + 24 * lines.length);
    picture.append(...chart(740, 350, 16), ...lines.flatMap((line, i) => [spot(line.sign, 24, 372 + 24 * i, 5), h("text", { x: 40, y: 377 + 24 * i, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${line.name}: ${signed(line.values[Math.min(s.moment, line.values.length - 1)][1])}`)]));
    return picture;
  }, () => data.caption);
  return () => { s.stop?.(); s.stop = null; s.watch?.disconnect(); };
});
