// ELECTRA on one text, step by step: hidden places, the generator's draw, what the discriminator reads, its lamps, both losses.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible, full } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ place: 0, weight: 50 }));
const LAST = 5;
const show = (token) => visible(token) || "∅";

/** Position -> rank of the suspicion among the judged tokens, from 1. */
function ranks(data) {
  const judged = data.tokens.map((t, i) => i).filter((i) => !data.tokens[i].special);
  judged.sort((a, b) => data.suspicion[b] - data.suspicion[a] || a - b);
  return new Map(judged.map((i, k) => [i, k + 1]));
}

function column(s, i, rank) {
  const { data, say: w } = s, at = s.steps.step, token = data.tokens[i], place = data.places.find((p) => p.position === i);
  const hidden = Boolean(place), number = rank.get(i), fakes = data.places.filter((p) => p.replaced).length;
  const drawn = hidden && at >= 2, given = at >= 3 ? data.given[i] : null, lit = at >= 4 && number;
  const share = lit ? 1 - (number - 1) / Math.max(1, rank.size - 1) : 0;
  const changed = at >= 3 && hidden && place.replaced;
  const lamp = lit ? h("span", { class: `lamp${number <= fakes ? " top" : ""}`, style: { "--lit": `${(100 * share).toFixed(0)}%` }, title: say(w.lamp_title, { p: full(data.suspicion[i]), rank: number, n: rank.size }) }, number) : "\u00a0";
  const props = hidden && at >= 2 ? { role: "button", tabindex: "0", onclick: () => pick(s, i), onkeydown: (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); pick(s, i); } } } : {};
  return h("div", { class: ["col", token.special ? "special" : "", hidden && at >= 1 ? "hidden" : "", changed ? "fake" : "", hidden && place === data.places[s.place] && at >= 2 ? "picked" : ""].join(" "), "data-at": i, ...props },
    h("span", { class: "original" }, show(token.text)),
    h("span", { class: "masked" }, at < 1 ? "\u00a0" : hidden ? data.mask : show(token.text)),
    h("span", { class: "draw" }, drawn ? [h("b", {}, show(place.drawn.token)), h("i", { title: full(place.drawn.p) }, percent(place.drawn.p))] : "\u00a0"),
    h("span", { class: "given" }, given === null ? "\u00a0" : show(given)),
    h("span", { class: "light" }, lamp),
    h("span", { class: "p", title: lit ? full(data.suspicion[i]) : "" }, lit ? percent(data.suspicion[i]) : "\u00a0"),
    h("span", { class: "truth" }, at >= 5 && number ? (changed ? w.replaced : w.original) : "\u00a0"));
}

function pick(s, position) {
  s.place = s.data.places.findIndex((p) => p.position === position);
  paint(s);
}

/** Two rows of dots: the words that give a loss in BERT and in ELECTRA. */
function lamps(s) {
  const { data, say: w } = s, at = s.steps.step, judged = data.tokens.map((t, i) => i).filter((i) => !data.tokens[i].special);
  const row = (name, lit) => h("div", { class: "count" }, h("span", { class: "name" }, name), h("span", { class: "dots", "aria-hidden": "true" }, ...judged.map((i) => h("i", { class: lit(i) ? "on" : "" }))),
    h("span", { class: "said" }, say(w.lit, { n: judged.filter(lit).length, of: judged.length })));
  return h("div", { class: "counts", role: "group", "aria-label": w.counts_label },
    row("BERT", (i) => at >= 1 && data.places.some((p) => p.position === i)), row("ELECTRA", (i) => at >= 4 && Boolean(i + 1)));
}

function candidates(s) {
  const { data, say: w } = s, place = data.places[s.place];
  if (!place) return h("p", { class: "hint" }, w.nothing);
  const rows = place.candidates.some((c) => c.token === place.drawn.token) || data.fakes === "random" ? place.candidates : [...place.candidates.slice(0, -1), place.drawn];
  return h("div", { class: "candidates" }, h("p", { class: "head" }, say(data.fakes === "generator" ? w.candidates : w.candidates_random, { token: show(place.original.token) })),
    ...rows.map((c) => h("div", { class: `bar${c.token === place.drawn.token ? " drawn" : ""}`, title: full(c.p) }, h("span", { class: "tok" }, show(c.token)), h("span", { class: "track" }, h("i", { style: { width: `${100 * c.p}%` } })), h("span", { class: "n" }, percent(c.p)),
      h("span", { class: "mark" }, c.token === place.drawn.token ? w.drawn : c.token === place.original.token ? w.stood : ""))),
    h("p", { class: "verdict" }, say(place.replaced ? w.was_replaced : w.was_original, { drawn: show(place.drawn.token), original: show(place.original.token) })));
}

/** What learns from what: three boxes, losses below, no wire back through the draw. */
function wires(s) {
  const { data, say: w } = s, svg = frame(420, 150);
  svg.setAttribute("viewBox", "0 0 420 150"); svg.removeAttribute("width"); svg.removeAttribute("height");
  svg.setAttribute("role", "img"); svg.setAttribute("aria-label", w.wires_label);
  const add = (tag, props, ...children) => svg.append(h(tag, props, ...children));
  const text = (x, y, content, props = {}) => add("text", { x, y, "font-size": 14, "text-anchor": "middle", "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content);
  const box = (x, width, colour, name) => { add("rect", { x, y: 8, width, height: 40, rx: 7, fill: "var(--gb-surface)", stroke: colour, "stroke-width": 2 }); text(x + width / 2, 33, name, { "font-weight": 700 }); };
  box(2, 128, "var(--gb-mask)", w.generator); box(170, 62, "var(--gb-random)", w.draw); box(272, 146, "var(--gb-token)", w.discriminator);
  for (const x of [130, 232]) { add("path", { d: `M${x} 28 h36`, stroke: "var(--gb-text)", "stroke-width": 2, fill: "none" }); add("path", { d: `M${x + 40} 28 l-9 -5 v10 z`, fill: "var(--gb-text)" }); }
  for (const [x, colour, name, value] of [[66, "var(--gb-mask)", w.loss_mlm, data.losses.generator], [345, "var(--gb-token)", w.loss_disc, data.losses.discriminator]]) {
    add("path", { d: `M${x} 112 V56`, stroke: colour, "stroke-width": 3, "stroke-dasharray": "6 4" }); add("path", { d: `M${x} 50 l-6 10 h12 z`, fill: colour });
    text(x, 130, name, { fill: colour, "font-weight": 700 }); text(x, 147, value === null ? "–" : num(value), { "font-family": "monospace" });
  }
  add("path", { d: "M286 92 H216", stroke: "var(--gb-cut)", "stroke-width": 3, "stroke-dasharray": "6 4" });
  add("path", { d: "M194 80 l18 24 M212 80 l-18 24", stroke: "var(--gb-wrong)", "stroke-width": 3 });
  text(203, 122, w.no_gradient, { "font-size": 12, fill: "var(--gb-quiet)" });
  return svg;
}

function losses(s) {
  const { data, say: w } = s, { generator, discriminator } = data.losses, total = (generator ?? 0) + s.weight * discriminator;
  const share = total ? (s.weight * discriminator) / total : 0;
  return h("div", { class: "losses" }, wires(s),
    h("label", { class: "weight" }, "λ = ", h("b", {}, s.weight), h("input", { type: "range", min: "0", max: "100", step: "1", value: String(s.weight), "aria-label": w.weight, oninput: (e) => { s.weight = Number(e.target.value); weigh(s); } })),
    h("p", { class: "sum" }));
}

function weigh(s) {
  const { data, say: w } = s, { generator, discriminator } = data.losses, total = (generator ?? 0) + s.weight * discriminator, sum = s.side.querySelector(".sum");
  if (!sum) return;
  s.side.querySelector(".weight b").textContent = String(s.weight);
  sum.textContent = say(generator === null ? w.sum_random : w.sum, { g: generator === null ? "–" : num(generator), d: num(discriminator), weight: s.weight, total: num(total), share: total ? `${(100 * s.weight * discriminator / total).toFixed(0)}%` : "0%" });
}

function suspects(s) {
  const { data, say: w } = s, rank = ranks(data), fakes = data.places.filter((p) => p.replaced).map((p) => p.position);
  const first = [...rank.entries()].filter(([, k]) => k <= fakes.length).map(([i]) => i), hit = first.filter((i) => fakes.includes(i)).length;
  return [h("p", { class: "hint" }, w.stage_4), h("p", { class: "found" }, fakes.length ? say(w.found, { k: fakes.length, hit, words: first.map((i) => show(data.given[i])).join(", ") }) : w.none_replaced)];
}

function paint(s) {
  const { data, say: w } = s, at = s.steps.step, rank = ranks(data);
  const heads = h("div", { class: "col heads" }, ...[["original", w.row_text], ["masked", w.row_masked], ["draw", w.row_draw], ["given", w.row_given], ["light", w.row_lamp], ["p", w.row_p], ["truth", w.row_truth]].map(([name, text]) => h("span", { class: name }, text)));
  fill(s.strip, heads, ...data.tokens.map((_, i) => column(s, i, rank)));
  fill(s.below, lamps(s));
  if (at === 2) fill(s.side, h("p", { class: "hint" }, w[`stage_2_${data.fakes}`]), candidates(s));
  else if (at === 4) fill(s.side, ...suspects(s));
  else if (at === 5) { fill(s.side, h("p", { class: "hint" }, w.stage_5), losses(s)); weigh(s); }
  else fill(s.side, h("p", { class: "hint" }, w[`stage_${at}`]));
  s.root.dataset.stage = String(at);
}

function picture(s) {
  const { data, say: w } = s, at = s.steps.step, rank = ranks(data), per = 11, cell = 92, tall = 132, rows = Math.ceil(data.tokens.length / per), fakes = data.places.filter((p) => p.replaced).length;
  const svg = frame(20 + per * cell, 20 + rows * tall);
  data.tokens.forEach((token, i) => {
    const x = 10 + (i % per) * cell, y = 10 + Math.floor(i / per) * tall, place = data.places.find((p) => p.position === i), number = rank.get(i);
    svg.append(h("rect", { x, y, width: cell - 6, height: tall - 8, rx: 6, fill: "var(--gb-surface)", stroke: place && at >= 1 ? (place.replaced && at >= 3 ? "var(--gb-key)" : "var(--gb-mask)") : "var(--gb-line)", "stroke-width": place && at >= 1 ? 3 : 1 }));
    const text = (dy, content, colour, weight) => svg.append(h("text", { x: x + cell / 2 - 3, y: y + dy, "font-size": 13, "font-family": "monospace", "text-anchor": "middle", fill: colour, "font-weight": weight ?? 400 }, String(content).slice(0, 10)));
    text(18, show(token.text), "var(--gb-quiet)");
    if (at >= 1) text(38, place ? data.mask : show(token.text), place ? "var(--gb-mask)" : "var(--gb-text)", place ? 700 : 400);
    if (at >= 3) text(58, show(data.given[i]), place?.replaced ? "var(--gb-key)" : "var(--gb-text)", place ? 700 : 400);
    if (at >= 4 && number) { svg.append(h("circle", { cx: x + cell / 2 - 3, cy: y + 80, r: 13, fill: "var(--gb-key)", "fill-opacity": 0.85 * (1 - (number - 1) / Math.max(1, rank.size - 1)), stroke: "var(--gb-key)", "stroke-width": number <= fakes ? 3 : 1 })); text(85, number, "var(--gb-text)", 700); text(112, percent(data.suspicion[i]), "var(--gb-quiet)"); }
  });
  return svg;
}

function build(s) {
  const w = s.say;
  s.strip = h("div", { class: "strip", role: "group", "aria-label": w.strip_label }); s.below = h("div", {}); s.side = h("div", { class: "side", "aria-live": "polite" });
  s.report = reporter((at) => s.trigger("stage", at));
  s.steps?.destroy();
  s.steps = stepper({ words: w, onMove: (at) => { paint(s); s.report(at); }, label: (step) => w[`name_${step}`] });
  const again = h("button", { type: "button", class: "again", onclick: () => s.trigger("again", s.data.seed + 1) }, w.again);
  fill(s.root, h("div", { class: "board" }, h("section", { class: "left" }, s.strip, s.below, h("div", { class: "row" }, s.steps.node, again)), s.side));
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-electra_flow");
  const fresh = s.root !== root || s.lang !== data.words.row_text, moved = s.data?.rev !== data.rev, other = s.data?.run !== data.run;
  s.root = root; s.trigger = setTriggerValue; s.say = data.words; s.lang = data.words.row_text; s.data = data;
  if (other || s.place >= data.places.length) s.place = 0;
  const keep = s.steps?.step;
  if (fresh) build(s);
  s.steps.set({ step: moved || keep === undefined ? data.stage : keep, last: LAST });
  paint(s);
  if (!s.withdraw) s.withdraw = offerPicture("electra", () => picture(s));
  return () => { s.steps?.destroy(); s.withdraw?.(); s.withdraw = null; };
});
