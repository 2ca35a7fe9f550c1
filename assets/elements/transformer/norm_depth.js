// Gradient norms by layer for models of several depths, pre-LN against post-LN, and the training curves of such models.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ layers: 24, offers: [] }));
const W = 470, T = 260, LEFT = 56, RIGHT = 14, TOP = 12, BOTTOM = 42;
const INK = { post: "var(--gb-token)", pre: "var(--gb-key)" }, DASH = { post: null, pre: "8 4" };
const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-quiet)", "text-anchor": "middle", ...extra }, content);
const power = (e) => (e >= -3 ? num(10 ** e) : `10${[...String(e)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("")}`);
const LOWEST = 1e-9; // below it a gradient is drawn on the axis
const line = (points, wiring, extra = {}) => h("polyline", { points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "), fill: "none", stroke: INK[wiring], "stroke-dasharray": DASH[wiring], "stroke-width": 2.4, ...extra });

export default living(function ({ data, parentElement }) {
  const state = create(parentElement), { words } = data;
  const root = parentElement.querySelector(".gb-norm_depth");
  const depths = [...new Set(data.gradients.map(({ layers }) => layers))];
  if (!depths.includes(state.layers)) state.layers = depths.at(-1);

  function drawGradients(svg, part) {
    const shown = data.gradients.flatMap((one) => one[part]).map((v) => Math.max(v, LOWEST));
    const [low, high] = [Math.floor(Math.log10(Math.min(...shown))), Math.ceil(Math.log10(Math.max(...shown)))];
    const Y = (v) => TOP + ((high - Math.log10(Math.max(v, LOWEST))) / (high - low || 1)) * (T - TOP - BOTTOM), each = Math.max(1, Math.ceil((high - low) / 5));
    const X = (i, n) => LEFT + ((i + 0.5) / n) * (W - LEFT - RIGHT);
    const powers = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((e) => (high - e) % each === 0);
    fill(svg, ...powers.flatMap((e) => [h("path", { d: `M${LEFT} ${Y(10 ** e)}H${W - RIGHT}`, stroke: "var(--gb-line)" }), text(LEFT - 6, Y(10 ** e) + 4, power(e), { "text-anchor": "end" })]),
      text(X(0, state.layers), T - BOTTOM + 18, "0"), text(X(state.layers - 1, state.layers), T - BOTTOM + 18, String(state.layers - 1)), text((LEFT + W - RIGHT) / 2, T - 8, words.layer_axis),
      ...data.gradients.filter(({ layers }) => layers !== state.layers).map((one) => line(one[part].map((v, i) => [X(i, one.layers), Y(v)]), one.wiring, { opacity: 0.22, "stroke-width": 1.6 })),
      ...data.gradients.filter(({ layers }) => layers === state.layers).flatMap((one) => [line(one[part].map((v, i) => [X(i, one.layers), Y(v)]), one.wiring),
        ...one[part].map((v, i) => h("circle", { cx: X(i, one.layers), cy: Y(v), r: one.layers > 24 ? 2.2 : 3.4, fill: INK[one.wiring] }, h("title", {}, `${words[`wiring_${one.wiring}`]}, ${say(words.of_layer, { n: i })}: ${full(v)}`)))]));
    return svg;
  }
  function drawCurves(svg, layers) {
    const curves = data.curves.filter((one) => one.layers === layers), all = data.curves.flatMap(({ loss }) => loss), high = Math.max(...all), low = Math.min(...all, data.unigram);
    const n = Math.max(...curves.map(({ loss }) => loss.length)), X = (i) => LEFT + ((i + 0.5) / n) * (W - LEFT - RIGHT), Y = (v) => TOP + ((high - v) / (high - low || 1)) * (T - TOP - BOTTOM);
    const ticks = Array.from({ length: 12 }, (_, i) => i + 1).filter((v) => v >= low && v <= high);
    fill(svg, ...ticks.flatMap((v) => [h("path", { d: `M${LEFT} ${Y(v)}H${W - RIGHT}`, stroke: "var(--gb-line)" }), text(LEFT - 6, Y(v) + 4, String(v), { "text-anchor": "end" })]),
      h("path", { d: `M${LEFT} ${Y(data.unigram)}H${W - RIGHT}`, stroke: "var(--gb-text)", "stroke-dasharray": "2 4" }), text(W - RIGHT, Y(data.unigram) - 5, say(words.unigram, { loss: num(data.unigram) }), { "text-anchor": "end", fill: "var(--gb-text)" }),
      text(X(0), T - BOTTOM + 18, "0", { "text-anchor": "start" }), text(W - RIGHT, T - BOTTOM + 18, String(n * data.every), { "text-anchor": "end" }), text((LEFT + W - RIGHT) / 2, T - 8, words.step_axis),
      ...curves.map((one) => h("g", {}, h("title", {}, `${name(one)}: ${num(one.loss.at(-1))}`), line(one.loss.map((v, i) => [X(i), Y(v)]), one.wiring, one.warmup ? { "stroke-dasharray": "2 3" } : {}))));
    return svg;
  }
  const name = ({ wiring, warmup }) => words[warmup ? "warmed" : `wiring_${wiring}`];
  const figures = [
    ...["feed_forward", "query"].map((part) => [`gradient-${part}`, () => words[`title_${part}`], (svg) => drawGradients(svg, part)]),
    ...[...new Set(data.curves.map(({ layers }) => layers))].map((layers) => [`training-${layers}`, () => say(words.title_curve, { n: layers }), (svg) => drawCurves(svg, layers)])];
  const svgs = figures.map(([, title]) => h("svg", { viewBox: `0 0 ${W} ${T}`, role: "img", "aria-label": title() }));
  const choice = h("div", { class: "choice", role: "group", "aria-label": words.depth }), said = h("p", { class: "said" });
  const last = (wiring, part) => data.gradients.find((one) => one.layers === state.layers && one.wiring === wiring)[part].at(-1);
  function draw() {
    fill(choice, h("span", {}, words.depth), ...depths.map((n) => h("button", { type: "button", class: n === state.layers ? "on" : "", "aria-pressed": String(n === state.layers), onclick: () => { state.layers = n; draw(); } }, String(n))));
    fill(said, say(words.last, { n: state.layers, pre: num(last("pre", "feed_forward")), post: num(last("post", "feed_forward")), qpre: num(last("pre", "query")), qpost: num(last("post", "query")), theory: num(data.gradients.find((one) => one.layers === depths[0] && one.wiring === "pre").feed_forward.at(-1) * Math.sqrt(depths[0] / state.layers)), first: depths[0] }));
    figures.forEach(([, , make], i) => make(svgs[i]));
    root.dataset.layers = String(state.layers);
  }
  const mark = (wiring, dash, label) => h("li", {}, h("svg", { class: "mark", viewBox: "0 0 34 10", width: 34, height: 10, "aria-hidden": "true" }, h("path", { d: "M0 5H34", stroke: INK[wiring], "stroke-width": 2.6, "stroke-dasharray": dash })), label);
  const legend = (warm) => h("ul", { class: "key" }, mark("post", null, words.wiring_post), warm ? mark("post", "2 3", words.warmed) : null, mark("pre", DASH.pre, words.wiring_pre));
  const figure = (i) => h("figure", { "data-chart": figures[i][0] }, h("figcaption", {}, figures[i][1]()), svgs[i]);
  fill(root, choice, legend(false), h("div", { class: "charts two" }, figure(0), figure(1)), said,
    ...(data.curves.length ? [h("h3", {}, words.training), h("p", { class: "said" }, data.found), legend(true), h("div", { class: "charts" }, ...figures.slice(2).map((_, i) => figure(i + 2)))] : []),
    h("p", { class: "source" }, data.source));
  draw();
  state.offers.forEach((stop) => stop());
  state.offers = figures.map(([key, title, make]) => offerPicture(key, () => { const svg = frame(W, T + 24), inner = h("g", {}); make(inner); svg.append(inner, text(LEFT, T + 16, title(), { "text-anchor": "start", fill: "var(--gb-text)" })); return svg; }));
  return () => { state.offers.forEach((stop) => stop()); state.offers = []; };
});
