// A sentence whose tokens can be hidden, and what the model says about each hidden one.
// A bundled model answers in this browser once it is there (lib/local.js), every other one on the server.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent } from "../glassbox.lib/format.js";
import { frame, headline, offerPicture } from "../glassbox.lib/pictures.js";
import { guessTable, guessPicture, ownLine, shown } from "./guesses.js";
import { living } from "../glassbox.lib/living.js";
import { local } from "../glassbox.lib/local.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { fromAddress, keepAddress, view } from "../glassbox.lib/view.js";
import { connected, onConnection } from "../glassbox.lib/connection.js";
import { masker } from "../glassbox.lib/sources/masking.js";

const REST = 1000; // the browser computes; Python hears of it when the reader's hand has rested so long

const create = instances(() => ({ fit: false, hidden: [], filled: {}, focus: 0, ahead: false, asked: 0, view: view("masking") }));

function wordOf(s, position) {
  const { tokens, whole } = s.data;
  const word = tokens[position].word;
  if (!whole || word === null) return [position];
  return tokens.map((t, i) => (t.word === word ? i : -1)).filter((i) => i >= 0);
}

/** A click on a token: plain -> hidden -> plain; a filled one opens again. */
function toggle(s, position) {
  const token = s.data.tokens[position];
  if (token.special) return;
  if (s.filled[position]) { delete s.filled[position]; send(s); return; }
  const group = wordOf(s, position);
  if (s.hidden.includes(position)) {
    if (token.blank) return;
    s.hidden = s.hidden.filter((p) => !group.includes(p));
    for (const p of group) delete s.filled[p];
  } else s.hidden = [...s.hidden.filter((p) => !group.includes(p)), ...group];
  send(s);
}

const inAddress = (s) => ({ mlm_text: s.data.text, whole_words: s.data.whole, mlm_look: s.view.state.mlm_look, hidden: s.hidden, filled: Object.entries(s.filled).flatMap(([p, f]) => [Number(p), f.id]) });

/** Let the other elements of the page know what is hidden and filled. */
function publish(s) {
  const { hidden, filled } = inAddress(s);
  s.view.change({ hidden: [...hidden], filled }, "lab");
}

/** The reader changed what is hidden or filled. */
function send(s) {
  keepAddress(s.data.params, inAddress(s));
  publish(s);
  answer(s);
}

/** Another text in the field: nothing of it is hidden yet. The engine cuts it into tokens, or the server does as long as that is not there. */
async function typed(s) {
  const { state } = s.view, asked = s.asked += 1;
  s.data = { ...s.data, text: state.mlm_text, whole: state.whole_words };
  Object.assign(s, { hidden: [], filled: {}, name: `${s.data.model}|${s.data.text}` });
  keepAddress(s.data.params, inAddress(s));
  publish(s);
  s.ahead ||= !connected();
  s.cards.classList.add("stale");
  s.row.classList.add("stale");
  s.local.open(s.data.files);
  if (!s.local.source) { s.tell.now({}); return; }
  await cut(s, asked);
  s.rest({});
}

/** Let the engine cut the text on screen into tokens. */
async function cut(s, asked) {
  try {
    const { tokens } = await s.local.source.tokens(s.data.text);
    if (asked !== s.asked || !s.root.isConnected) return;
    s.data = { ...s.data, tokens, cards: [] };
    s.cutOf = s.data.text;
    s.hidden = tokens.flatMap((token, i) => (token.blank || s.hidden.includes(i) ? [i] : [])).sort((a, b) => s.hidden.indexOf(a) - s.hidden.indexOf(b));
    s.row.classList.remove("stale");
    publish(s);
    drawRow(s);
    await compute(s);
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}

/** The fields were moved: another text, whether a click hides whole words, or in which other way the blanks are asked. */
function changed(s, changes, from) {
  if (from === "example") { prepared(s); return; }
  if (from !== "reader") return;
  if ("mlm_text" in changes) { typed(s); return; }
  s.data = { ...s.data, whole: s.view.state.whole_words };
  keepAddress(s.data.params, inAddress(s));
  s.ahead ||= !connected();
  if (s.local.source || "whole_words" in changes) s.rest({}); else tell(s);
}

/** Draw what was changed; the answer comes from the engine here, or from the server as long as it is not there. */
function answer(s) {
  drawRow(s);
  s.cards.classList.add("stale");
  s.ahead ||= !connected();
  s.local.open(s.data.files);
  if (s.local.source) { compute(s); s.rest({}); } else s.tell.now({});
}

/** Tell Python what is hidden and filled, always the whole state. While the server cannot be heard this waits. */
function tell(s) {
  if (!s.root.isConnected) return;
  s.ahead = !connected();
  if (s.ahead) return;
  const here = Boolean(s.local.source);
  s.trigger("blanks", { rev: s.data.rev, ...inAddress(s), browser: here ? s.data.model : null, first: here ? s.data.cards.map((card) => [card.position, ...card.candidates[0].slice(0, 3)]) : null });
}

/** Let the engine answer; only the newest question is drawn. */
async function compute(s) {
  const asked = s.asked += 1, { source } = s.local;
  try {
    const cards = await source.cards(s.data.tokens, s.hidden, s.filled);
    if (asked !== s.asked || !s.root.isConnected) return;
    s.data = { ...s.data, cards };
    drawCards(s);
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}

function drawRow(s) {
  const { data, say: w } = s;
  const chips = data.tokens.map((token, i) => {
    const hidden = s.hidden.includes(i), filled = s.filled[i];
    const kind = token.special ? "special" : filled ? "filled" : hidden ? "masked" : "plain";
    const label = token.special ? token.text : say(w[`chip_${kind}`], { token: shown(token.text), filled: filled ? shown(filled.token) : "" });
    const face = filled ? shown(filled.token) : hidden ? data.mask : shown(token.text);
    return h(token.special ? "span" : "button", {
      type: token.special ? null : "button", class: `chip ${kind}${token.text.startsWith("##") ? " piece" : ""}`, "data-at": i,
      "aria-pressed": token.special ? null : hidden ? "true" : "false", "aria-label": label, title: label, tabindex: token.special ? null : i === s.focus ? "0" : "-1",
      onclick: () => { s.focus = i; toggle(s, i); },
    }, h("span", { class: "face" }, face), hidden && !token.blank ? h("small", {}, filled ? `✓ ${shown(token.text)}` : shown(token.text)) : h("small", {}, "\u00a0"));
  });
  const had = s.root.getRootNode().activeElement?.dataset?.at;
  // Pieces of one word stay together on a line.
  const groups = [];
  chips.forEach((chip, i) => {
    const word = data.tokens[i].word;
    if (i && word !== null && word === data.tokens[i - 1].word) groups.at(-1).append(chip);
    else groups.push(h("span", { class: "word" }, chip));
  });
  fill(s.row, ...groups);
  if (had !== undefined) s.row.querySelector(`[data-at="${s.focus}"]`)?.focus();
}

function move(s, event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const all = s.data.tokens.map((t, i) => (t.special ? -1 : i)).filter((i) => i >= 0);
  const at = all.indexOf(Number(event.target.closest("[data-at]")?.dataset.at ?? s.focus));
  s.focus = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  s.row.querySelectorAll("button").forEach((b) => b.setAttribute("tabindex", Number(b.dataset.at) === s.focus ? "0" : "-1"));
  s.row.querySelector(`[data-at="${s.focus}"]`)?.focus();
}

function drawCards(s) {
  const { data, say: w } = s;
  s.cards.classList.remove("stale");
  const most = Math.max(0, ...data.cards.flatMap((c) => [c.rest, ...c.candidates.map((x) => x[2])]));
  const scale = s.fit && most > 0 ? most : 1;
  const cards = data.cards.map((card) => h("section", { class: "card", "data-position": card.position },
    h("header", {}, h("span", { class: "index" }, card.position), h("b", { class: "letter", title: w.legend_mask }, "M"),
      h("span", { class: "own" }, ownLine(card, w))),
    guessTable(card, { words: w, scale, caption: say(w.card_label, { position: card.position }), onTake: (id, token) => { s.filled[card.position] = { id, token }; send(s); } })));
  const filled = Object.keys(s.filled).length;
  fill(s.bar,
    h("span", { class: "quiet" }, s.fit ? say(w.fit_factor, { factor: num(1 / scale) }) : w.full_scale),
    h("label", {}, h("input", { type: "checkbox", checked: s.fit, onchange: (e) => { s.fit = e.target.checked; drawCards(s); } }), w.fit),
    filled ? h("span", { class: "quiet" }, h("span", { class: "dash", "aria-hidden": "true" }), w.before_legend) : null,
    h("button", { type: "button", class: "small", disabled: !filled, onclick: () => { s.filled = {}; send(s); } }, w.reopen_all),
    h("button", { type: "button", class: "small", disabled: !s.hidden.length, onclick: () => { s.hidden = data.tokens.map((t, i) => (t.blank ? i : -1)).filter((i) => i >= 0); s.filled = {}; send(s); } }, w.show_all));
  fill(s.cards, ...(cards.length ? cards : [h("p", { class: "none" }, s.hidden.length ? w.all_filled : w.nothing_hidden)]));
  drawAid(s);
}

/** A template with tokens as nodes in their slots. */
function sentence(template, slots) {
  return template.split(/(\$\w+)/).map((part) => {
    const key = part.slice(1);
    if (!part.startsWith("$") || !(key in slots)) return part;
    return key === "token" || key === "original" ? h("b", { class: "mono" }, slots[key]) : String(slots[key]);
  });
}

function drawAid(s) {
  const { data, say: w } = s;
  const card = data.cards.find((c) => c.position === s.hidden.at(-1)) ?? data.cards.at(-1);
  if (!card) { fill(s.aid, ""); return; }
  const [, token, p] = card.candidates[0];
  const slots = { position: card.position, token: shown(token), p: percent(p), vocab: data.vocab_size.toLocaleString("en"), original: card.original ? shown(card.original.token) : "", rank: card.original?.rank, q: card.original ? percent(card.original.p) : "", loss: card.original ? num(card.original.loss) : "" };
  let text = w.aid_unknown;
  if (card.original) text = card.original.rank === 1 ? w.aid_right : w.aid_other;
  const moved = card.original && card.original.before !== null && Math.abs(card.original.before - card.original.p) > 5e-4;
  fill(s.aid, ...sentence(text, slots), ...(moved ? [" ", ...sentence(w.aid_moved, { ...slots, before: percent(card.original.before) })] : []));
}

function picture(s) {
  const { data, say: w } = s;
  const columns = Math.min(3, Math.max(1, data.cards.length)), rows = Math.ceil(data.cards.length / columns);
  const svg = frame(Math.max(900, columns * 350 + 20), 60 + rows * 260);
  const line = data.tokens.map((t, i) => (s.filled[i] ? `‹${s.filled[i].token}›` : s.hidden.includes(i) ? data.mask : t.text)).join(" ");
  headline(svg, 12, 28, line, { "font-family": "monospace" });
  data.cards.forEach((card, i) => guessPicture(svg, card, 12 + (i % columns) * 350, 52 + Math.floor(i / columns) * 260, `${card.position}  ${card.original ? shown(card.original.token) : data.mask}`, w));
  return svg;
}

function build(s) {
  s.row = h("div", { class: "row", role: "group", "aria-label": s.say.row_label, onkeydown: (e) => move(s, e) });
  s.aid = h("p", { class: "aid", "aria-live": "polite" });
  s.bar = h("div", { class: "bar-row" });
  s.cards = h("div", { class: "cards" });
  s.note = h("div", { role: "status" });
  s.where = h("p", { class: "where" });
  s.tell ??= reporter(() => tell(s)); // once, not again with other words: what it still has to tell would be told twice
  s.rest ??= reporter(() => tell(s), REST, true, (event) => event.composedPath().some((node) => node === s.root || node.classList?.contains("gb-page_fields")));
  fill(s.root, s.note, s.row, s.aid, s.bar, s.cards, s.where);
}

function drawWhere(s) {
  fill(s.where, ...s.local.line(s.say));
  fill(s.note, s.local.note(s.say));
}

/** What Python sent. Where the engine answers, Python only says what it moved itself. */
function take(s, data) {
  if (s.name && s.rev === data.rev && s.data.model === data.model && s.data.text !== data.text) data = { ...data, text: s.data.text, tokens: s.data.tokens, cards: null }; // an answer to an older text
  else { s.cutOf = data.text; s.row.classList.remove("stale"); }
  s.view.adopt(data.rev, { mlm_text: data.text, whole_words: data.whole, mlm_look: data.look });
  const name = `${data.model}|${data.text}`, other = s.name !== name, moved = other || s.rev !== data.rev;
  if (s.data && s.data.files?.folder !== data.files?.folder) s.local.drop();
  const mine = !other && (s.ahead || (s.local.source && !moved));
  s.data = { ...data, cards: data.cards ?? s.data?.cards ?? [] };
  s.name = name; s.rev = data.rev;
  if (!mine) {
    s.hidden = [...data.hidden];
    s.filled = Object.fromEntries(data.filled.map(([p, id, token]) => [p, { id, token }]));
    s.ahead = false;
    if (other && !data.cards) s.data.cards = [];
  } else for (const [i, token] of data.tokens.entries()) if (token.blank && !s.hidden.includes(i)) s.hidden.push(i);
  if (data.tokens[s.focus]?.special ?? true) s.focus = Math.max(0, data.tokens.findIndex((t) => !t.special)); // an empty text has special tokens only
  if (!data.cards) s.local.open(data.files);
  publish(s);
  drawRow(s); drawCards(s); drawWhere(s);
  if (!data.cards || mine) s.cards.classList.add("stale");
  if (s.local.source && (!data.cards || mine || moved)) compute(s);
  if (mine && s.ahead) s.rest({});
}

/** Back and Forward while the server cannot be heard; else it tells what they brought. */
function back(s) {
  if (connected()) return; // what was not told yet is no more (lib/stepper.js)
  const state = fromAddress(s.data.params);
  s.view.state = { ...s.view.state, mlm_text: state.mlm_text, whole_words: state.whole_words, mlm_look: state.mlm_look };
  s.view.change({}, "address");
  if (!goTo(s, state)) { answer(s); return; }
  s.ahead = true;
  if (s.local.source) cut(s, s.asked += 1);
}

/** A prepared state of the page. */
function prepared(s) {
  const other = goTo(s, s.view.state);
  keepAddress(s.data.params, inAddress(s));
  if (!other) { answer(s); return; }
  s.ahead ||= !connected();
  s.cards.classList.add("stale");
  s.row.classList.add("stale");
  s.local.open(s.data.files);
  if (!s.local.source) { s.tell.now({}); return; }
  cut(s, s.asked += 1).then(() => s.rest({}));
}

/** Take over text, blanks and fillings; true if it is another text, which is to be cut. */
function goTo(s, state) {
  const other = state.mlm_text !== s.data.text;
  s.data = { ...s.data, text: state.mlm_text, whole: state.whole_words };
  const names = new Map([...Object.values(s.filled), ...s.data.cards.flatMap((c) => c.candidates.map(([id, token]) => ({ id, token })))].map((f) => [f.id, f.token]));
  s.hidden = state.hidden.filter((p) => other || (s.data.tokens[p] && !s.data.tokens[p].special));
  s.filled = {};
  for (let i = 0; i + 1 < state.filled.length; i += 2) s.filled[state.filled[i]] = { id: state.filled[i + 1], token: names.get(state.filled[i + 1]) ?? s.local.source?.name(state.filled[i + 1]) ?? "" };
  publish(s);
  if (other) s.name = `${s.data.model}|${s.data.text}`;
  return other;
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  const root = parentElement.querySelector(".gb-mask_lab");
  const fresh = s.root !== root || s.lang !== data.words.row_label;
  s.root = root; s.trigger = setTriggerValue; s.say = data.words; s.lang = data.words.row_label;
  s.local ??= local({
    make: masker,
    ready: () => { if (s.cutOf === s.data.text) compute(s); else cut(s, s.asked += 1); s.rest({}); }, // Python need not compute any more
    failed: () => s.tell.now({}),
    changed: () => drawWhere(s),
  });
  if (fresh) build(s);
  take(s, data);
  if (!s.withdraw) {
    const withdraw = offerPicture("masked-language-model", () => picture(s)), { pathname } = location;
    const heard = onConnection((now) => { if (now && s.ahead) s.rest({}); });
    const moved = () => { if (location.pathname === pathname) back(s); };
    window.addEventListener("popstate", moved);
    const fields = s.view.listen((changes, from) => changed(s, changes, from));
    s.withdraw = () => { withdraw(); heard(); fields(); window.removeEventListener("popstate", moved); };
  }
  return () => { s.withdraw?.(); s.withdraw = null; };
});
