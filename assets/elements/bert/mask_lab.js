// A sentence whose tokens can be hidden, and what the model says about each hidden one.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { guessTable, guessPicture, ownLine, shown } from "./guesses.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ fit: false, hidden: [], filled: {}, focus: 0 }));

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

function send(s) {
  drawRow(s);
  s.cards.classList.add("stale");
  s.trigger("blanks", { hidden: s.hidden, filled: Object.entries(s.filled).flatMap(([p, f]) => [Number(p), f.id]) });
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
  svg.append(h("text", { x: 12, y: 28, "font-size": 16, "font-family": "monospace", fill: "var(--gb-text)" }, line.slice(0, 110)));
  data.cards.forEach((card, i) => guessPicture(svg, card, 12 + (i % columns) * 350, 52 + Math.floor(i / columns) * 260, `${card.position}  ${card.original ? shown(card.original.token) : data.mask}`, w));
  return svg;
}

function build(s) {
  s.row = h("div", { class: "row", role: "group", "aria-label": s.say.row_label, onkeydown: (e) => move(s, e) });
  s.aid = h("p", { class: "aid", "aria-live": "polite" });
  s.bar = h("div", { class: "bar-row" });
  s.cards = h("div", { class: "cards" });
  fill(s.root, s.row, s.aid, s.bar, s.cards);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  const root = parentElement.querySelector(".gb-mask_lab");
  const fresh = s.root !== root || s.lang !== data.words.row_label;
  s.root = root; s.trigger = setTriggerValue; s.say = data.words; s.lang = data.words.row_label;
  s.data = data;
  s.hidden = [...data.hidden];
  s.filled = Object.fromEntries(data.filled.map(([p, id, token]) => [p, { id, token }]));
  if (data.tokens[s.focus]?.special ?? true) s.focus = Math.max(0, data.tokens.findIndex((t) => !t.special)); // an empty text has special tokens only
  if (fresh) build(s);
  drawRow(s); drawCards(s);
  if (!s.withdraw) s.withdraw = offerPicture("masked-language-model", () => picture(s));
  return () => { s.withdraw?.(); s.withdraw = null; };
});
