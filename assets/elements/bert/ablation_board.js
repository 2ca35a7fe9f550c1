// Heads as switches, and the prediction with and without those that are off: from the server, or from the engine in this browser once it is
// there. The state (off, at, tried) is part of the view of the page, which attention_view keeps.
import { h, fill, instances, said, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { divergence } from "../glassbox.lib/sources/attending.js";
import { view } from "../glassbox.lib/view.js";

const PER_LAYER = 1000; // a head travels in a link as layer * 1000 + head
const create = instances(() => ({ view: view("attention"), shown: null, asked: 0, search: null, stop: null }));
const heads = (codes) => codes.map((code) => [Math.floor(code / PER_LAYER), code % PER_LAYER]);

/** Where to predict at first: after the last token, or at the last word of a masked model's text. */
function placeIn(s, at) {
  const { tokens, special, punctuation, given } = s.text;
  if (at >= 0 && at < tokens.length && !(s.data.masked && special[at])) return at;
  if (!s.data.masked) return tokens.length - 1;
  const ordinary = tokens.map((_, i) => i).filter((i) => !special[i] && !punctuation[i]);
  return given.length ? given[0] : ordinary.at(-1) ?? 0;
}

/** The codes of the heads that are off and that the model has. */
const offIn = (s) => s.view.state.off.filter((code) => code % PER_LAYER < s.data.heads && code / PER_LAYER < s.data.layers).sort((a, b) => a - b);
const nameOf = (s) => JSON.stringify([s.view.state.text, s.view.state.second, s.view.state.at, s.view.state.off]);

function change(s, changes) {
  if ("at" in changes) changes.tried = false;
  s.view.change(changes, "board");
  answer(s);
}

/** Let the engine predict what the view asks for; what is on screen waits. */
async function answer(s) {
  s.bars?.classList.add("waiting");
  const { source } = s.view.local ?? {}, asked = s.asked += 1;
  s.view.waits = !source;
  if (!source) return;
  const { text, second, at } = s.view.state, current = () => asked === s.asked && s.root.isConnected && s.view.local.source === source;
  try {
    const reading = await source.read(text, second), texts = JSON.stringify([text, second]);
    if (!current()) return;
    if (s.text?.of !== texts) s.text = { of: texts, reading, tokens: reading.texts, special: reading.special, punctuation: reading.punctuation, given: reading.ids.flatMap((id, i) => (id === source.mask ? [i] : [])) };
    const place = placeIn(s, at), off = offIn(s), of = JSON.stringify([texts, place]);
    const before = s.before?.of === of ? s.before.probs : await source.predict(reading, place), after = off.length ? await source.predict(reading, place, heads(off)) : before;
    if (!current()) return;
    if (s.before?.of !== of) { s.search = null; s.found = null; }
    s.before = { of, probs: before };
    const top = before.reduce((best, p, id) => (p > before[best] ? id : best), 0);
    s.shown = { name: nameOf(s), at: place, off, candidates: source.candidates(before, after), top: [source.text(top), before[top]], topId: top, bits: off.length ? divergence(before, after) : 0 };
    draw(s);
    if (s.view.state.tried && !s.found) search(s, source);
  } catch (error) { if (current() && error.code !== "context") s.view.local.fail(error); }
}

/** Switch every head off in turn, until all were tried, the reader stops, or another model is on the page. */
async function search(s, source) {
  const { layers, heads: width } = s.data, run = s.search = {}, { topId, at, top } = s.shown;
  s.found ??= { values: Array.from({ length: layers }, () => Array(width).fill(null)), tried: 0, best: null };
  const { found } = s;
  try {
    while (found.tried < layers * width && s.search === run && s.root.isConnected && s.view.local.source === source) {
      const layer = Math.floor(found.tried / width), head = found.tried % width, probs = await source.predict(s.text.reading, at, [[layer, head]]);
      if (s.search !== run || s.found !== found) return;
      const bits = Math.log2(Math.max(probs[topId], 1e-300)) - Math.log2(Math.max(top[1], 1e-300));
      found.values[layer][head] = bits;
      if (!found.best || Math.abs(bits) > Math.abs(found.best.bits)) found.best = { layer, head, bits, p: probs[topId] };
      found.tried += 1;
      if (found.tried % 4 === 0) draw(s);
    }
    s.search = null;
    if (found.tried === layers * width && !s.view.state.tried) s.view.change({ tried: true }, "board");
    draw(s);
  } catch (error) { if (s.search === run) { s.search = null; s.view.local.fail(error); } }
}

/** What is to be seen, in a sentence or two. */
function aid(s) {
  const { say: w, data } = s, { top, off, bits } = s.shown, found = s.found, all = data.layers * data.heads, lines = [];
  if (found?.best) {
    const { layer, head, bits: change, p } = found.best;
    if (found.tried < all) lines.push(say(w.stopped, { done: found.tried, total: all }), " ");
    lines.push(...said(w[change < 0 ? "helps" : "hinders"], { head: say(w.head_name, { layer, head }), token: h("code", {}, visible(top[0])), before: percent(top[1]), after: percent(p) }), " ");
  }
  if (off.length) lines.push(say(w.without, { count: off.length, bits: num(bits) }));
  else if (!found?.best) lines.push(w.ablation_hint);
  return lines;
}

function draw(s) {
  const { data, say: words, shown } = s, { tokens, special } = s.text, off = new Set(offIn(s)), at = placeIn(s, s.view.state.at), values = s.found?.values ?? null, best = s.found?.best;
  const switchOff = (codes) => change(s, { off: codes });

  // The text: which place is predicted.
  const strip = h("div", { class: "strip", role: "group", "aria-label": words.place },
    ...tokens.map((token, i) => { const name = visible(token) || "∅"; return h("button", { type: "button", class: `token${i === at ? " at" : ""}${special[i] || (!data.masked && i > at) ? " special" : ""}`, disabled: special[i] && data.masked, "aria-pressed": String(i === at), dir: "auto",
      onclick: () => change(s, { at: i }) }, data.masked && i === at ? h("span", {}, h("b", {}, data.mask), h("s", {}, name)) : name); }),
    data.masked ? null : h("span", { class: "next", "aria-hidden": "true" }, "→ ?"));

  // The heads. Below zero: without it the prediction gets less likely, it helped.
  const most = Math.max(0.05, ...(values ?? []).flat().filter((x) => x !== null).map(Math.abs));
  const colour = (x) => {
    const place = 3 + Math.max(-1, Math.min(1, x / most)) * 3, low = Math.min(5, Math.floor(place)), part = Math.round((place - low) * 100);
    return `color-mix(in srgb, var(--gb-div-${low + 1}) ${part}%, var(--gb-div-${low}))`;
  };
  const cell = (layer, head) => {
    const effect = values?.[layer]?.[head] ?? null, code = layer * PER_LAYER + head, isOff = off.has(code);
    const name = say(words.head_name, { layer, head }) + (effect === null ? "" : `: ${num(effect)} ${words.bits}`) + (isOff ? ` (${words.off})` : "");
    return h("button", { type: "button", class: `cell${isOff ? " off" : ""}${best && best.layer === layer && best.head === head ? " best" : ""}`, title: name, "aria-label": name, "aria-pressed": String(isOff), "data-head": `${layer}.${head}`,
      style: effect === null ? {} : { "background-color": colour(effect) },
      onclick: () => { switchOff(isOff ? [...off].filter((other) => other !== code) : [...off, code].sort((a, b) => a - b)); drawAgain(s); } });
  };
  const columns = Array.from({ length: data.heads }, (_, i) => i);
  const grid = h("div", { class: "grid", style: { "--columns": String(data.heads) } }, h("span", {}), ...columns.map((i) => h("span", { class: "axis" }, i)), h("span", {}),
    ...Array.from({ length: data.layers }, (_, layer) => [h("span", { class: "axis" }, layer), ...columns.map((head) => cell(layer, head)),
      h("button", { type: "button", class: "row", title: say(words.whole_layer, { layer }), "aria-label": say(words.whole_layer, { layer }), onclick: () => {
        const all = columns.map((head) => layer * PER_LAYER + head), others = [...off].filter((code) => !all.includes(code));
        switchOff(all.every((code) => off.has(code)) ? others : [...others, ...all].sort((a, b) => a - b));
        drawAgain(s);
      } })]).flat());
  s.root.dataset.off = String(off.size);
  grid.addEventListener("keydown", (event) => {
    const cells = [...grid.querySelectorAll(".cell")], here = cells.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: data.heads, ArrowUp: -data.heads }[event.key];
    if (!step || here < 0) return;
    event.preventDefault(); event.stopPropagation();
    cells[Math.min(Math.max(here + step, 0), cells.length - 1)].focus();
  });

  const rows = shown.candidates.map((row) => h("div", { class: "candidate" }, h("code", { dir: "auto" }, visible(row.text) || "∅"),
    h("span", { class: "track" }, h("i", { class: "before", style: { width: `${row.before * 100}%` } }), h("i", { class: "after", style: { width: `${row.after * 100}%` } })),
    h("span", { class: "value", title: `${row.before} → ${row.after}` }, off.size || shown.off.length ? `${percent(row.before)} → ${percent(row.after)}` : percent(row.before))));
  s.bars = h("div", { class: `bars${shown.name === nameOf(s) ? "" : " waiting"}`, "aria-live": "polite" }, ...rows);
  const legend = h("p", { class: "legend" }, h("i", { class: "before" }), ` ${words.with_all} `, h("i", { class: "after" }), ` ${words.without_off}`);
  const reset = h("button", { type: "button", class: "reset", onclick: () => { switchOff([]); drawAgain(s); } }, words.all_on);
  const all = data.layers * data.heads, tried = s.found?.tried ?? 0;
  const tool = !s.view.local?.source || (tried === all && !s.search) ? null : h("div", { class: "search" }, s.search
    ? [h("button", { type: "button", class: "reset", onclick: () => { s.search = null; draw(s); } }, words.stop), h("progress", { max: String(all), value: String(tried) }), say(words.tried, { done: tried, total: all })]
    : h("button", { type: "button", class: "reset", onclick: () => { search(s, s.view.local.source); draw(s); } }, words[tried ? "go_on" : "try_all"]));
  const had = s.root.getRootNode().activeElement?.dataset?.head;
  fill(s.root, tool, strip, h("div", { class: "board" },
    h("div", {}, h("p", { class: "title" }, words.switches, " ", reset), grid,
      values ? h("p", { class: "scale" }, `${num(-most)} `, h("span", { class: "ramp" }, ...Array.from({ length: 13 }, (_, i) => h("i", { style: { "background-color": colour(((i - 6) / 6) * most) } }))), ` +${num(most)} ${words.bits}`) : null),
    h("div", {}, h("p", { class: "title" }, data.masked ? words.predicted_masked : words.predicted_next), legend, s.bars)),
  h("p", { class: "aid", "aria-live": "polite" }, ...aid(s)));
  if (had) grid.querySelector(`[data-head="${had}"]`)?.focus();
  if (!s.stop) s.stop = offerPicture("ablation", () => picture(s));
}

/** The switches at once, though the answer is not there yet. */
function drawAgain(s) { draw(s); s.bars.classList.add("waiting"); }

function picture(s) {
  const { data, shown } = s, values = s.found?.values, off = new Set(shown.off), size = 26, left = 30, top = 30, wide = left + data.heads * size + 40;
  const most = Math.max(0.05, ...(values ?? []).flat().filter((x) => x !== null).map(Math.abs));
  const svg = frame(wide + 460, Math.max(top + data.layers * size, 40 + shown.candidates.length * 26) + 16);
  for (let layer = 0; layer < data.layers; layer++) for (let head = 0; head < data.heads; head++) {
    const effect = values?.[layer]?.[head] ?? 0, strength = Math.min(1, Math.abs(effect) / most);
    svg.append(h("rect", { x: left + head * size, y: top + layer * size, width: size - 3, height: size - 3, fill: effect < 0 ? "var(--gb-key)" : "var(--gb-token)", "fill-opacity": strength.toFixed(3), stroke: "var(--gb-line)" }));
    if (off.has(layer * PER_LAYER + head)) svg.append(h("line", { x1: left + head * size, y1: top + layer * size, x2: left + head * size + size - 3, y2: top + layer * size + size - 3, stroke: "var(--gb-text)", "stroke-width": 2 }));
  }
  shown.candidates.forEach((row, i) => svg.append(h("text", { x: wide, y: 46 + i * 26, "font-size": 14, "font-family": "ui-monospace, monospace", fill: "var(--gb-text)" }, visible(row.text)),
    h("rect", { x: wide + 120, y: 34 + i * 26, width: row.before * 200, height: 7, fill: "var(--gb-cut)" }), h("rect", { x: wide + 120, y: 42 + i * 26, width: row.after * 200, height: 7, fill: "var(--gb-token)" }),
    h("text", { x: wide + 330, y: 46 + i * 26, "font-size": 12, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, `${percent(row.before)} → ${percent(row.after)}`)));
  return svg;
}

/** Begin to load the model: whoever opens this board will switch. */
function begin(s) { if (s.data.here) s.view.local?.open(s.view.files()); }

/** What Python sent: predictions for the state on screen, if it is the one that computes. */
function take(s, data) {
  s.data = data;
  const { measured } = data, { source } = s.view.local ?? {};
  if (measured && (!source || !s.shown)) {
    const { state } = s.view;
    s.text = { of: null, tokens: measured.tokens, special: measured.special, punctuation: [], given: [] };
    s.shown = { name: nameOf(s), at: measured.at, off: measured.off, candidates: measured.candidates, top: measured.top, bits: measured.bits };
    if (measured.at !== state.at || String(measured.off) !== String(offIn(s))) s.shown.name = null; // an answer to what is no longer asked
    if (state.at < 0) { s.view.state = { ...state, at: measured.at }; s.shown.name = nameOf(s); } // where one begins
    s.found = measured.tried ? { values: measured.effects, tried: measured.tried, best: measured.best } : null;
  }
  s.view.waits = false;
  if (s.shown) draw(s);
  begin(s);
  if (source && s.shown?.name !== nameOf(s)) answer(s);
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement);
  s.root = parentElement.querySelector(".gb-ablation_board");
  s.say = data.words;
  take(s, data);
  s.unlisten?.();
  s.unlisten = s.view.listen((changes, from) => { if (from === "engine") begin(s); if (from !== "board" && from !== "picture") answer(s); });
  return () => { s.stop?.(); s.stop = null; s.unlisten?.(); s.unlisten = null; s.search = null; };
});
