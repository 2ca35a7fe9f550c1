// One draw of BERT's dice on a text: chosen, corrupted, predicted; and the tree of shares beside it.
import { h, fill, instances, reducedMotion, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible, full, grouped, narrowed } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ shown: -1 }));
const CASES = ["M", "R", "K"];
const LOSS_FULL = 10; // nats at which a loss bar is full
const COLOUR = { M: "var(--gb-mask)", R: "var(--gb-random)", K: "var(--gb-kept)" };
const show = (token) => visible(token) || "∅";

function column(s, token, i, place) {
  const { say: w } = s, at = s.steps.step;
  const chosen = Boolean(token.action);
  const lit = chosen && at >= 1, thrown = chosen && at >= 2, scored = chosen && at >= 3;
  const mine = place?.cases[token.action];
  const kind = thrown ? token.action : lit ? "lit" : token.special ? "special" : "";
  const title = !chosen ? (token.special ? w.never : w.not_chosen)
    : thrown ? say(w.cell, { token: show(token.text), what: w[`case_${token.action}`], input: show(token.input), id: token.label }) : say(w.cell_chosen, { token: show(token.text) });
  return h("div", { class: `col ${kind}`, title, "data-at": i, "data-action": token.action },
    h("span", { class: "original" }, show(token.text), lit && !thrown ? h("i", { class: "die", "aria-hidden": "true" }, "?") : null),
    h("span", { class: "input" }, thrown ? h("b", { class: "letter", "aria-hidden": "true" }, token.action) : null, thrown ? show(token.input) : show(token.text)),
    h("span", { class: "label" }, thrown ? h("span", { title: `id ${token.label}` }, show(token.text)) : at >= 2 ? "-100" : "\u00a0"),
    h("span", { class: "loss", title: mine ? full(mine.loss) : "" }, scored && mine
      ? [h("span", { class: "bar", style: { width: `${Math.min(100, (mine.loss / LOSS_FULL) * 100)}%` } }), h("span", { class: "n" }, num(mine.loss))] : "\u00a0"));
}

function drawStrip(s) {
  const { data, say: w } = s;
  const places = new Map(data.places.map((p) => [p.position, p]));
  const heads = h("div", { class: "col heads" }, h("span", { class: "original" }, w.row_text), h("span", { class: "input" }, w.row_input), h("span", { class: "label" }, w.row_label), h("span", { class: "loss" }, w.row_loss));
  fill(s.strip, heads, ...data.tokens.map((token, i) => column(s, token, i, places.get(i))));
}

function roll(s) {
  if (reducedMotion()) return;
  s.strip.querySelectorAll(".letter").forEach((node, i) => node.animate(
    [{ transform: "rotate(-160deg) scale(0.4)", opacity: 0.2 }, { transform: "none", opacity: 1 }], { duration: 260, delay: Math.min(i * 25, 250), easing: "ease-out", fill: "backwards" }));
}

const pct = (x) => { const p = x * 100; return `${Number(p.toFixed(p < 1 ? 2 : p < 10 ? 2 : 1))}%`; };

/** All tokens -> chosen -> three cases, expected and measured: an SVG of plain attributes. */
function tree(s) {
  const { data, say: w } = s, { recipe, expected, throws } = data;
  const looked = throws.draws * throws.tokens;
  const share = (n) => (looked ? pct(n / looked) : "–");
  const chosen = CASES.reduce((sum, c) => sum + throws.counts[c], 0);
  const svg = frame(440, 292);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", say(w.tree_label, { draws: grouped(throws.draws), chosen: share(chosen), M: share(throws.counts.M), R: share(throws.counts.R), K: share(throws.counts.K) }));
  const text = (x, y, content, props = {}) => svg.append(h("text", { x, y, "font-size": 15, fill: "var(--gb-text)", "font-family": "sans-serif", ...props }, content));
  const box = (x, y, width, height, colour, dash) => svg.append(h("rect", { x, y, width, height, rx: 8, fill: "var(--gb-surface)", stroke: colour, "stroke-width": 2, "stroke-dasharray": dash }));
  const line = (x1, y1, x2, y2, weight, colour) => svg.append(h("path", { d: `M${x1} ${y1} C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`, fill: "none", stroke: colour, "stroke-width": Math.max(1.5, weight * 18), "stroke-opacity": 0.55 }));
  const centre = { "text-anchor": "middle" };
  box(140, 4, 160, 44, "var(--gb-token)");
  text(220, 22, w.tree_all, { ...centre, "font-weight": 700 });
  text(220, 40, say(w.tree_tokens, { n: grouped(looked) }), { ...centre, "font-size": 14, fill: "var(--gb-quiet)" });
  line(220, 48, 220, 92, recipe.rate, "var(--gb-token)");
  text(232, 75, pct(recipe.rate), { "font-weight": 700 });
  box(120, 92, 200, 44, "var(--gb-token)");
  text(220, 110, w.tree_chosen, { ...centre, "font-weight": 700 });
  text(220, 128, say(w.tree_measured, { share: share(chosen), n: grouped(chosen) }), { ...centre, "font-size": 14, fill: "var(--gb-quiet)" });
  CASES.forEach((c, i) => {
    const x = 6 + i * 147, middle = x + 67;
    line(220, 136, middle, 188, recipe.rate * recipe[c] * 4, COLOUR[c]);
    text(middle + (i === 0 ? -14 : i === 2 ? 14 : 8), 168, pct(recipe[c]), { "text-anchor": i === 0 ? "end" : "start", "font-weight": 700 });
    box(x, 188, 134, 100, COLOUR[c], c === "K" ? "5 3" : null);
    svg.append(h("rect", { x: x + 8, y: 196, width: 24, height: 24, rx: 4, fill: COLOUR[c] }));
    text(x + 20, 214, c, { ...centre, fill: "var(--gb-background)", "font-family": "monospace", "font-weight": 700 });
    text(x + 40, 214, w[`short_${c}`], { "font-weight": 700 });
    text(middle, 246, pct(expected[c]), { ...centre, "font-size": 21, "font-weight": 700 });
    text(middle, 262, w.tree_expected, { ...centre, "font-size": 14, fill: "var(--gb-quiet)" });
    text(middle, 280, say(w.tree_measured, { share: share(throws.counts[c]), n: grouped(throws.counts[c]) }), { ...centre, "font-size": 14 });
  });
  return svg;
}

// Of two messages that wait at the server only the later one is heard, so a throw goes with every message until its
// answer is there; it names the seed it wants, so hearing it twice does no harm.
function tell(s) { s.trigger("said", { stage: s.steps.step, ...s.want }); }

function ask(s, value) {
  const seed = s.want?.seed ?? s.data.seed;
  s.want = { ...s.want, ...(value === "again" ? { seed: (seed + 1) % 1_000_000, throws: "1" } : { throws: value }) };
  s.root.classList.add("waiting");
  tell(s);
}

const answered = (want, data) => (want.seed ?? data.seed) === data.seed && want.throws === String(data.throws.asked);

function drawTree(s) {
  const { data, say: w } = s;
  const svg = tree(s);
  svg.removeAttribute("width"); svg.removeAttribute("height");
  const button = (value, label, main) => h("button", { type: "button", class: main ? "throw main" : "throw", "data-throw": value, "aria-pressed": value === "again" ? null : String(data.throws.asked === Number(value)), onclick: () => ask(s, value) }, label);
  fill(s.side, h("div", { class: "buttons" }, button("again", w.again, true), button("1", w.throw_1), button("100", w.throw_100), button("10000", w.throw_10000)), svg, data.throws.note ? h("p", { class: "few", role: "status" }, data.throws.note) : null);
}

function drawTable(s) {
  const { data, say: w } = s;
  if (s.steps.step < 3) { fill(s.table, h("p", { class: "hint" }, w[`stage_${s.steps.step}`])); return; }
  if (!data.places.length) { fill(s.table, h("p", { class: "hint" }, w.none_chosen)); return; }
  const cell = (place, c) => {
    const value = place.cases[c];
    if (!value) return h("td", { class: "case" }, "–");
    return h("td", { class: `case ${c}${place.actual === c ? " actual" : ""}`, title: say(w.case_title, { top: show(value.top), p: percent(value.top_p), rank: value.rank }) },
      h("span", { class: "fill", style: { width: `${value.p * 100}%` } }),
      h("span", { class: "in" }, show(value.token)), h("span", { class: "p", title: full(value.p) }, percent(value.p)), h("span", { class: "l", title: full(value.loss) }, num(value.loss)));
  };
  const complete = data.places.filter((p) => CASES.every((c) => p.cases[c]));
  const mean = (c) => complete.reduce((sum, p) => sum + p.cases[c].loss, 0) / complete.length;
  const whole = data.places.findIndex((p) => !CASES.every((c) => p.cases[c])); // from here on only what the die gave
  const head = (c) => h("th", { scope: "col", class: `case ${c}` }, h("b", { class: `letter ${c}` }, c), ` ${w[`if_${c}`]}`);
  fill(s.table,
    h("table", { "aria-label": w.table_label },
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "pos" }, "#"), h("th", { scope: "col", class: "tok" }, w.col_original), ...CASES.map(head), h("th", { scope: "col", class: "top" }, w.col_says))),
      h("tbody", {}, ...data.places.map((place) => h("tr", {}, h("td", { class: "pos" }, place.position), h("td", { class: "tok" }, show(data.tokens[place.position].text)), ...CASES.map((c) => cell(place, c)),
        h("td", { class: "top" }, show(place.cases[place.actual].top), ` ${percent(place.cases[place.actual].top_p)}`)))),
      complete.length ? h("tfoot", {}, h("tr", {}, h("td", { class: "pos" }), h("th", { scope: "row", class: "tok" }, w.mean_loss), ...CASES.map((c) => h("td", { class: `case ${c}`, title: full(mean(c)) }, h("span", { class: "in" }), h("span", { class: "p" }), h("span", { class: "l" }, num(mean(c))))), h("td", { class: "top" }))) : null),
    h("p", { class: "why" }, w.why, whole < 0 ? null : ` ${say(w.why_some, { n: whole })}`));
}

function picture(s) {
  const { data } = s;
  const per = 14, cell = 84, rows = Math.ceil(data.tokens.length / per);
  const svg = frame(Math.max(per * cell + 20, 460), rows * 76 + 312);
  data.tokens.forEach((token, i) => {
    const x = 10 + (i % per) * cell, y = 8 + Math.floor(i / per) * 76;
    const thrown = token.action && s.steps.step >= 2;
    svg.append(h("rect", { x, y, width: cell - 6, height: 66, rx: 6, fill: "var(--gb-surface)", stroke: thrown ? COLOUR[token.action] : "var(--gb-line)", "stroke-width": thrown ? 3 : 1 }));
    const text = (dy, content, colour, weight) => svg.append(h("text", { x: x + cell / 2 - 3, y: y + dy, "font-size": 13, "font-family": "monospace", "text-anchor": "middle", fill: colour, "font-weight": weight ?? 400 }, narrowed(content, 10)));
    text(18, show(token.text), "var(--gb-quiet)");
    text(38, thrown ? `${token.action} ${show(token.input)}` : show(token.text), thrown ? COLOUR[token.action] : "var(--gb-text)", thrown ? 700 : 400);
    text(57, thrown ? show(token.text) : "-100", "var(--gb-quiet)");
  });
  const below = tree(s);
  const group = h("g", { transform: `translate(10 ${rows * 76 + 14})` });
  group.append(...below.childNodes);
  svg.append(group);
  return svg;
}

function staged(s, at) { drawStrip(s); drawTable(s); if (at === 2) roll(s); s.report(at); }

function build(s) {
  const w = s.say;
  s.strip = h("div", { class: "strip", role: "group", "aria-label": w.strip_label });
  s.side = h("div", { class: "side" });
  s.table = h("div", { class: "compare" });
  s.report = reporter(() => tell(s));
  s.steps?.destroy();
  s.steps = stepper({ words: w, onMove: (at) => staged(s, at), label: (step) => w[`name_${step}`] });
  fill(s.root, h("div", { class: "board" }, h("section", { class: "left" }, s.strip, s.steps.node), s.side), s.table);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  const root = parentElement.querySelector(".gb-dice_board");
  const fresh = s.root !== root || s.lang !== data.words.row_text;
  const moved = s.data?.rev !== data.rev, rolled = s.data && s.data.run !== data.run;
  s.root = root; s.trigger = setTriggerValue; s.say = data.words; s.lang = data.words.row_text;
  s.data = data;
  const keep = s.steps?.step;
  if (fresh) build(s);
  if (s.want && (moved || answered(s.want, data))) s.want = null;
  root.classList.toggle("waiting", Boolean(s.want));
  // An answer to something else: the message may have been lost with the run it interrupted. Said once more, once.
  clearTimeout(s.again);
  if (s.want) s.again = setTimeout(() => s.want && root.isConnected && tell(s), 800);
  s.steps.set({ step: moved || keep === undefined ? data.stage : keep, last: 3 });
  drawStrip(s); drawTree(s); drawTable(s);
  if (rolled && s.steps.step >= 2) roll(s);
  if (!s.withdraw) s.withdraw = offerPicture("dice", () => picture(s));
  return () => { s.steps?.destroy(); s.withdraw?.(); s.withdraw = null; };
});
