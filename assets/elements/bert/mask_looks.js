// The blanks of the lab asked in other ways: from one side, in an order, piece by piece. What is hidden and filled is the view that mask_lab.js keeps.
// A bundled model answers in this browser once it is there (lib/local.js), until then and for every other one the server does.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { table, picture as tablePicture } from "./comparison_table.js";
import { guessTable, guessPicture, ownLine } from "./guesses.js";
import { living } from "../glassbox.lib/living.js";
import { local } from "../glassbox.lib/local.js";
import { asking } from "../glassbox.lib/sources/asking.js";
import { view } from "../glassbox.lib/view.js";

const KEPT = 60; // answers that are remembered, so that Back need not ask anew
const TITLE = { three_ways: "three" }; // beginning of the words of a look, if not its own name

const create = instances(() => ({ view: view("masking"), made: new Map(), fit: false, asked: 0, shown: null }));

/** Text, look, and what is hidden and filled: what the lab says, or what Python did as long as the lab has said nothing. */
const now = (s) => ({ ...s.data.asked, ...s.view.state });
const inPairs = (filled) => Array.from({ length: filled.length / 2 }, (_, i) => [filled[2 * i], filled[2 * i + 1]]).sort((a, b) => a[0] - b[0]);
const nameOf = (s, { mlm_text: text, mlm_look: look, hidden, filled }) => JSON.stringify([s.data.model, look, text, hidden, inPairs(filled)]);

function keep(s, name, found) {
  s.made.delete(name);
  s.made.set(name, found);
  if (s.made.size > KEPT) s.made.delete(s.made.keys().next().value);
}

/** Let the engine answer what is asked; only the newest question is drawn. */
async function compute(s) {
  const state = now(s), of = nameOf(s, state), asked = s.asked += 1;
  if (state.mlm_look === "nothing" || s.made.has(of)) return;
  s.local.open(s.data.files);
  const { source } = s.local;
  if (!source) return; // it comes back when the model is there; until then the server may answer
  try {
    const filled = Object.fromEntries(inPairs(state.filled).map(([position, id]) => [position, { id }]));
    const found = await source[state.mlm_look](state.mlm_text, state.hidden, filled, s.data.left);
    keep(s, of, found && { ...found, here: true });
    if (asked === s.asked && s.root.isConnected) draw(s);
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}

// -- the picture -------------------------------------------------------------------------------------------------------------------------

const minus = (x) => x.toFixed(2).replace("-", "−");

/** The four orders as a table: the text itself, then what each order writes, when, and how likely it was. */
function asTable({ tokens, orders }, w) {
  const read = tokens.flatMap(([, special], i) => (special ? [] : [i])), blanks = new Set(orders[0].steps.map(([position]) => position));
  const rows = [[{ text: w.order_text_itself }, { tokens: read.map((i) => [tokens[i][0], blanks.has(i) ? "M" : "read", ""]) }, { text: "" }]];
  for (const { order, steps } of orders) {
    const choices = new Map(steps.map(([position, , token, p], turn) => [position, [token, "filled", order === "at_once" ? percent(p) : `${turn + 1}: ${percent(p)}`]]));
    rows.push([{ text: w[`order_${order}`] }, { tokens: read.map((i) => choices.get(i) ?? [tokens[i][0], "read", ""]) }, { text: minus(steps.reduce((sum, step) => sum + Math.log(step[3]), 0)) }]);
  }
  return { label: w.order_title, head: [w.order, w.order_result, w.order_sum], rows };
}

/** One or two sentences about what was found. */
function aid({ orders, cards }, look, w) {
  if (orders) {
    const written = new Set(orders.map(({ steps }) => JSON.stringify([...steps].sort((a, b) => a[0] - b[0]).map((step) => step[1]))));
    return written.size === 1 ? w.order_agree : say(w.order_differ, { n: written.size });
  }
  if (look !== "pieces") return null;
  const loss = (piece) => cards.filter((card) => card.piece === piece).reduce((sum, card) => sum + (card.original?.loss ?? 0), 0);
  return say(w.pieces_sum, { alone: num(loss("alone")), together: num(loss("together")) });
}

const titleOf = (card, w) => (card.side ? w[`side_${card.side}`] : say(w[`piece_${card.piece}`], { token: card.token }));
const noteOf = (card, w) => (card.side === "gpt" ? say(w.gpt_line, { token: card.original.token.replaceAll(" ", "·"), rank: card.original.rank }) : ownLine(card, w));

function cardsOf(s, cards) {
  const w = s.say, most = Math.max(1e-9, ...cards.flatMap((c) => [c.rest, ...c.candidates.map((x) => x[2])])), scale = s.fit ? most : 1;
  return [
    h("div", { class: "bar-row" }, h("span", { class: "quiet" }, s.fit ? say(w.fit_factor, { factor: num(1 / scale) }) : w.full_scale),
      h("label", {}, h("input", { type: "checkbox", checked: s.fit, onchange: (e) => { s.fit = e.target.checked; draw(s); } }), w.fit)),
    h("div", { class: "cards" }, ...cards.map((card) => h("section", { class: "card" },
      h("h5", {}, titleOf(card, w)), card.about ? h("p", { class: "about" }, card.about) : null,
      h("p", { class: "line" }, ...card.line.map(([token, kind]) => [h("span", { class: kind }, kind === "cut" ? h("s", {}, token) : token), " "]).flat()),
      h("p", { class: "ownline" }, noteOf(card, w)), guessTable(card, { words: w, scale, caption: titleOf(card, w) })))),
  ];
}

function draw(s) {
  const w = s.say, state = now(s), look = state.mlm_look, of = nameOf(s, state), known = s.made.has(of);
  const at = s.root.getRootNode().activeElement?.dataset?.look;
  fill(s.chooser, h("span", { class: "name" }, w.look), h("span", { class: "looks", role: "radiogroup", "aria-label": w.look }, ...s.data.looks.map((one) => h("button", { type: "button", role: "radio", "data-look": one, "aria-checked": String(one === look), onclick: () => { if (one !== now(s).mlm_look) s.view.change({ mlm_look: one }); } }, w[`look_${one}`]))));
  if (at) s.chooser.querySelector(`[data-look="${at}"]`)?.focus();
  s.stop?.();
  s.stop = null;
  s.root.classList.toggle("waiting", !known && look !== "nothing");
  if (look === "nothing") { fill(s.body); return; }
  if (known) Object.assign(s, { shown: s.made.get(of), look });
  else if (s.look !== look) Object.assign(s, { shown: undefined, look }); // what another way said stands under its own title only
  const found = s.shown, words = TITLE[look] ?? look, said = found && aid(found, look, w);
  fill(s.body,
    h("h4", {}, w[`${words}_title`]), h("p", {}, w[`${words}_text`]),
    found === null ? h("p", { class: "none" }, w[`${words}_none`]) : null,
    said ? h("p", { class: "aid", "aria-live": "polite" }, said) : null,
    ...(found?.cards ? cardsOf(s, found.cards) : []), found?.orders ? h("div", { class: "wide" }, table(asTable(found, w))) : null,
    found?.without ? h("p", { class: "none" }, w.gpt_without) : null,
    found === undefined ? h("p", { class: "none", role: "status" }, w.looking) : null, s.where);
  drawWhere(s);
  if (found?.cards) s.stop = offerPicture("guesses-compared", () => picture(found.cards, w));
  if (found?.orders) s.stop = offerPicture("order-of-filling", () => tablePicture(asTable(found, w)));
}

function drawWhere(s) {
  const [by, progress] = s.local.line({ ...s.say, where_browser: s.shown?.here ? s.say.where_browser : s.say.where_server });
  fill(s.where, s.shown ? by : null, progress);
}

function picture(cards, w) {
  const svg = frame(Math.max(700, cards.length * 350), 290);
  cards.forEach((card, i) => guessPicture(svg, card, 12 + i * 350, 16, titleOf(card, w), w));
  return svg;
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-mask_looks");
  if (s.data && data.files && s.data.files?.folder !== data.files.folder) s.local.drop();
  s.data = data;
  s.say = data.words;
  if (s.root !== root) {
    s.root = root;
    s.chooser = h("div", { class: "chooser" });
    s.body = h("div", { class: "body" });
    s.where = h("p", { class: "where gb-caption" });
    fill(root, s.chooser, s.body);
  }
  s.local ??= local({ make: asking, ready: () => compute(s), failed: () => {}, changed: () => drawWhere(s) }); // the lab says so, and asks the server
  if (data.found !== undefined) keep(s, nameOf(s, data.asked), data.found);
  draw(s);
  if (!s.made.has(nameOf(s, now(s)))) compute(s);
  s.unlisten?.();
  s.unlisten = s.view.listen((_, from) => { if (from === "python" || !s.root.isConnected) return; draw(s); compute(s); });
  return () => { s.stop?.(); s.unlisten?.(); s.stop = s.unlisten = null; };
});
