// One sentence, two models: which words may be read for the chosen one, and what each model guesses there. From the server, or from the engine
// in this browser once it is there (bundled models only).
import { h, fill, instances, said, words as say } from "../glassbox.lib/dom.js";
import { answering } from "../glassbox.lib/answering.js";
import { cells, num, percent, visible, wordSpans } from "../glassbox.lib/format.js";
import { offerPicture, frame, headline } from "../glassbox.lib/pictures.js";
import { shadeTable } from "../glassbox.lib/shades.js";
import { living } from "../glassbox.lib/living.js";
import { guessing } from "../glassbox.lib/sources/guessing.js";
import { view } from "../glassbox.lib/view.js";

const LOUDER = 1.5; // from this factor on one probability counts as larger than another
const UNEXPECTED = 0.005; // below this probability in both models it means nothing which of the two is larger
const PIECES_PER_LETTER = 0.6; // from so many tokens a letter on a model spells a text instead of reading words; English takes about 0.25
const MOVED = ["sentence", "mask_layer", "word"];

const create = instances(() => ({ stop: [], view: view("masks"), asked: 0, shown: null }));
const nameOf = (s) => JSON.stringify([s.data.models.map((one) => one.name), ...MOVED.map((key) => s.view.state[key])]);

/** Let the engine read and guess; only the newest question is drawn. */
async function compute(s) {
  const asked = s.asked += 1, of = nameOf(s), { sentence, word, mask_layer: layer } = s.view.state;
  s.root.classList.add("waiting");
  try {
    const found = await s.local.source.read(sentence.trim() || s.data.own, word, layer, s.data.most);
    if (asked !== s.asked || !s.root.isConnected) return;
    Object.assign(s, { shown: found, of });
    draw(s);
    s.keeper.rest();
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}

function tell(s) {
  if (!s.root.isConnected || !s.shown) return;
  const here = Boolean(s.local.source), { text, word, readers } = s.shown;
  s.trigger("view", { rev: s.view.rev, state: s.view.state, waits: !here && s.of !== nameOf(s), browser: here ? s.data.models.map((one) => one.name) : null, text,
    guesses: here ? readers.flatMap((one) => (one ? [[one.model, one.causal, one.word_of.flatMap((of, i) => (of === word ? [i] : [])), ...one.guesses[0]]] : [])) : null });
}

function moved(s) {
  if (s.of === nameOf(s)) { s.asked += 1; draw(s); return; }
  s.local.open(s.data.files);
  if (s.local.source) compute(s);
  else { s.asked += 1; s.root.classList.add("waiting"); }
}

// -- the picture -------------------------------------------------------------------------------------------------------------------------

function draw(s) {
  const { shown, say: words } = s, root = s.root, shades = shadeTable(root), characters = [...shown.text];
  const data = { sentence: wordSpans(shown.text).map(([a, b]) => characters.slice(a, b).join("")), word: shown.word, readers: shown.readers.filter(Boolean) };
  root.classList.toggle("waiting", s.of !== nameOf(s));

  function sentence(reader) {
    return h("div", { class: "sentence" }, ...data.sentence.map((word, i) => {
      const here = i === data.word, seen = reader.visible[i];
      return h("button", { type: "button", class: here ? "word here" : seen ? "word seen" : "word unseen", dir: "auto", "aria-pressed": String(here), title: here ? words.here : seen ? words.seen : words.unseen, "data-word": String(i),
        onclick: () => s.view.change({ word: i }, "picture") }, here ? "?" : word);
    }));
  }
  function matrix(reader) {
    const n = reader.tokens.length;
    const canvas = h("canvas", { width: n, height: n, role: "img", "aria-label": say(words.matrix_label, { model: reader.model, layer: reader.layer }) });
    const context = canvas.getContext("2d"), image = context.createImageData(n, n), pixels = new Uint32Array(image.data.buffer);
    reader.weights.forEach((row, q) => row.forEach((w, k) => { pixels[q * n + k] = shades[Math.round(Math.sqrt(w) * 255)]; }));
    context.putImageData(image, 0, 0);
    const rows = reader.tokens.map((_, q) => q).filter((q) => reader.word_of[q] === data.word);
    const mark = rows.length ? h("span", { class: "mark", style: { top: `${(rows[0] / n) * 100}%`, height: `${(rows.length / n) * 100}%` } }) : null;
    // Above the diagonal nothing may be read: hatched from the first moment, in steps, so that no cell is cut in half.
    const steps = Array.from({ length: n - 1 }, (_, q) => [[q + 1, q], [q + 1, q + 1]]).flat().concat([[n, n - 1], [n, 0]]);
    const closed = reader.causal && n > 1 ? h("span", { class: "closed", "aria-hidden": "true", style: { "clip-path": `polygon(${steps.map(([x, y]) => `${(100 * x / n).toFixed(3)}% ${(100 * y / n).toFixed(3)}%`).join(", ")})` } }) : null;
    const hover = h("p", { class: "hover" }, words.hover);
    const box = h("div", { class: "square", onpointermove: (event) => {
      const area = box.getBoundingClientRect();
      const q = Math.floor((event.clientY - area.top) / area.height * n), k = Math.floor((event.clientX - area.left) / area.width * n);
      if (reader.weights[q]?.[k] === undefined) return;
      hover.textContent = reader.causal && k > q ? say(words.cut, { query: visible(reader.tokens[q]), key: visible(reader.tokens[k]) }) : say(words.weight, { query: visible(reader.tokens[q]), key: visible(reader.tokens[k]), w: num(reader.weights[q][k]) });
    }, onpointerleave: () => { hover.textContent = words.hover; } }, canvas, closed, mark);
    return [h("div", { class: n > 24 ? "plane many" : "plane" }, h("div", { class: "names", style: { "--n": String(n) } }, ...reader.tokens.map((token, q) => h("span", { class: rows.includes(q) ? "on" : "", dir: "auto", title: visible(token) }, visible(token)))), box), hover];
  }
  const reader = (item) => h("section", { class: item.causal ? "reader causal" : "reader both" },
    h("h3", {}, item.model, h("small", {}, ` ${item.causal ? words.causal : words.both}`)), sentence(item),
    h("div", { class: "below" }, h("div", { class: "map" }, h("p", { class: "axes" }, h("span", { class: "is-query" }, `${words.query} ↓`), " ", h("span", { class: "is-key" }, `${words.key} →`), h("small", {}, say(words.mean, { layer: item.layer }))), ...matrix(item)),
      h("div", { class: "guesses" }, h("p", { class: "title" }, item.causal ? words.guess_left : words.guess_both),
        ...item.guesses.map(([text, p]) => h("div", { class: `guess${text === item.first_piece[0] ? " real" : ""}` }, h("code", { dir: "auto" }, visible(text) || "∅"), h("span", { class: "track" }, h("i", { style: { width: `${p * 100}%` } })), h("span", { class: "p", title: String(p) }, percent(p)))),
        h("p", { class: "real-one" }, say(item.word_of.filter((of) => of === data.word).length > 1 ? words.really_piece : words.really, { token: visible(item.first_piece[0]), p: percent(item.first_piece[1]) })))));
  const at = data.sentence.length ? s.picture.getRootNode().activeElement?.dataset?.word : undefined;
  fill(s.picture, data.readers.length ? h("div", { class: "readers" }, ...data.readers.map(reader)) : null, data.readers.length ? h("p", { class: "aid", "aria-live": "polite" }, ...aid(s, data)) : null);
  if (at !== undefined) s.picture.querySelector(`[data-word="${at}"]`)?.focus();
  root.dataset.word = String(data.word);
  drawWhere(s);

  s.stop.forEach((stop) => stop());
  s.stop = data.readers.map((item, i) => offerPicture(`${item.model}-${i + 1}`, () => picture(s, item)));
}

/** What is to be seen in these two, or this one: which side helped with the chosen word. */
function aid(s, { sentence, word, readers }) {
  const { say: w } = s, left = readers.find((one) => one.causal), both = readers.find((one) => !one.causal);
  if (!left || !both) return [w[both ? "aid_bidirectional" : "aid_causal"]];
  const pLeft = left.first_piece[1], pBoth = both.first_piece[1];
  if (Math.max(pLeft, pBoth) < UNEXPECTED) return said(w.aid_neither, { word: sentence[word] });
  const kind = pBoth > pLeft * LOUDER ? "both" : pLeft > pBoth * LOUDER ? "left" : "even";
  return said(w[`aid_${kind}`], { word: sentence[word], p_both: h("b", {}, percent(pBoth)), p_left: h("b", {}, percent(pLeft)), guess: both.guesses[0][0].trim() });
}

/** Models, revisions and layer; above the picture what is unusual about the text. */
function drawWhere(s) {
  if (!s.shown) return;
  const { say: w, shown, data } = s, notes = [], given = s.view.state.sentence.trim(), readers = shown.readers.filter(Boolean);
  if (!given) notes.push(w.empty);
  else if (s.of === nameOf(s) && shown.text !== given) notes.push(say(w.cut_text, { limit: data.most, words: wordSpans(shown.text).length, all: wordSpans(given).length }));
  shown.readers.forEach((one, i) => { if (!one && data.models[i]) notes.push(say(w.no_word, { model: data.models[i].name })); });
  const letters = [...shown.text.normalize("NFD")].filter((c) => /\p{L}/u.test(c)).length; // a Hangul syllable has two or three
  const spelled = readers.filter((one) => letters >= 4 && one.word_of.filter((of) => of >= 0).length > PIECES_PER_LETTER * letters).map((one) => one.model);
  if (spelled.length) notes.push(say(w.spelled, { models: spelled.join(", ") }));
  fill(s.notes, ...notes.map((note) => h("p", { class: "note" }, note)), s.local.note(w));
  const revision = (name) => data.models.find((one) => one.name === name)?.revision.slice(0, 14), [where, progress] = s.local.line(w);
  fill(s.where, readers.map((one) => `${one.model} (${revision(one.model)}), ${say(w.of_layer, { layer: one.layer })}`).join(" · "), data.files ? ` · ${where}` : null, progress);
}

function picture(s, item) {
  const words = s.say, n = item.tokens.length, cell = Math.max(6, Math.min(28, 560 / n)), edge = 120, top = 40 + Math.min(edge, 8 * Math.max(...item.tokens.map((token) => cells(visible(token)))));
  const svg = frame(Math.max(edge + n * cell + 10, 420), top + n * cell + 8);
  const word = (at, place) => h("text", { ...place, "font-size": Math.min(13, cell), "font-family": "ui-monospace, monospace", fill: "var(--gb-text)", ...(item.word_of[at] === s.shown.word ? { "font-weight": 700 } : {}) }, visible(item.tokens[at]));
  headline(svg, 10, 22, `${item.model}: ${words.query} ↓ ${words.key} → · ${say(words.mean, { layer: item.layer })}`, { "font-size": 13 });
  item.weights.forEach((row, q) => {
    svg.append(word(q, { x: edge - 6, y: top + (q + 0.7) * cell, "text-anchor": "end" }), word(q, { transform: `translate(${edge + (q + 0.7) * cell} ${top - 6}) rotate(-90)` }));
    row.forEach((w, k) => svg.append(h("rect", { x: edge + k * cell, y: top + q * cell, width: cell, height: cell, fill: item.causal && k > q ? "var(--gb-surface)" : "var(--gb-token)", "fill-opacity": item.causal && k > q ? 1 : Math.sqrt(w).toFixed(3) })));
  });
  item.word_of.forEach((of, q) => { if (of === s.shown.word) svg.append(h("rect", { x: edge, y: top + q * cell, width: n * cell, height: cell, fill: "none", stroke: "var(--gb-token)", "stroke-width": 2 })); });
  return svg;
}

/** What Python sent: the state that it moved, or what the models say of the state on screen. */
function take(s, data) {
  if (s.data && String(s.data.models.map((one) => one.name)) !== String(data.models.map((one) => one.name))) { s.local.drop(); s.shown = null; }
  s.data = data;
  s.view.adopt(data.rev, data.state);
  const of = nameOf(s), mine = MOVED.every((key) => data.asked[key] === s.view.state[key]);
  if (data.found && (mine || !s.shown) && !(s.local.source && s.of === of)) Object.assign(s, { shown: data.found, of: mine ? of : null });
  if (s.shown) draw(s);
  if (!data.found || !mine) s.local.open(data.files);
  if (s.local.source && s.of !== of) compute(s);
  if (s.view.ahead) s.keeper.rest();
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  s.trigger = setTriggerValue;
  s.say = data.words;
  answering(s, parentElement.querySelector(".gb-two_readers"), {
    make: guessing, ready: () => { if (s.of === nameOf(s)) s.keeper.rest(); else compute(s); }, changed: () => drawWhere(s), tell: () => tell(s), moved: () => moved(s),
  });
  take(s, data);
  return () => { s.stop.forEach((stop) => stop()); s.stop = []; s.keeper?.stop(); s.keeper = null; };
});
