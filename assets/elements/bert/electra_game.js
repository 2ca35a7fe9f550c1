// Be the discriminator (find the fakes before the models show theirs), or be the generator (choose words that it does not find).
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { percent, visible, full, num } from "../glassbox.lib/format.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ marked: [], shown: false, totals: new Map() }));
const show = (token) => visible(token) || "∅";

/** The k most suspicious of a judge; of equals the earlier ones. */
function first(data, scores) {
  return data.tokens.map((t, i) => i).filter((i) => !data.tokens[i].special).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, data.fakes.length);
}

const hits = (data, chosen) => chosen.filter((i) => data.fakes.includes(i)).length;

function toggle(s, i) {
  if (s.shown) return;
  s.marked = s.marked.includes(i) ? s.marked.filter((j) => j !== i) : s.marked.length < s.data.fakes.length ? [...s.marked, i] : s.marked;
  paint(s);
  s.root.querySelector(`[data-at="${i}"]`)?.focus();
}

function reveal(s) {
  s.shown = true;
  const { data } = s;
  if (!s.counted) {
    s.counted = true;
    for (const [name, n] of [["you", hits(data, s.marked)], ...data.judges.map((j) => [j.name, hits(data, first(data, j.scores))])]) s.totals.set(name, (s.totals.get(name) ?? 0) + n);
    s.totals.set("all", (s.totals.get("all") ?? 0) + data.fakes.length);
  }
  paint(s);
  s.root.querySelector(".next")?.focus();
}

function judge(s) {
  const { data, say: w } = s, k = data.fakes.length, left = k - s.marked.length;
  const words = data.tokens.map((token, i) => {
    if (token.special) return null;
    const fake = s.shown && data.fakes.includes(i), marked = s.marked.includes(i);
    return h("button", { type: "button", class: `word${marked ? " marked" : ""}${fake ? " fake" : ""}`, "data-at": i, "aria-pressed": String(marked), disabled: s.shown ? true : undefined, onclick: () => toggle(s, i) },
      h("span", {}, show(token.text)), fake ? h("i", {}, say(w.was, { token: show(data.originals[i]) })) : s.shown && marked ? h("i", {}, w.was_real) : null);
  });
  const line = (name, chosen, scores, total) => h("div", { class: "line" }, h("span", { class: "name" }, name),
    h("span", { class: "picked" }, ...chosen.map((i) => h("b", { class: data.fakes.includes(i) ? "hit" : "miss", title: scores ? num(scores[i]) : "" }, show(data.tokens[i].text), data.fakes.includes(i) ? " ✓" : " ✗"))),
    h("span", { class: "n" }, `${hits(data, chosen)}/${k}`), h("span", { class: "total" }, say(w.so_far, { n: total, of: s.totals.get("all") ?? 0 })));
  fill(s.root, h("p", { class: "task" }, s.shown ? w.judged : say(w.find, { k, left })),
    h("div", { class: "sentence", role: "group", "aria-label": w.sentence }, ...words.filter(Boolean)),
    h("div", { class: "row" },
      h("button", { type: "button", class: "main show", disabled: s.shown || left > 0 ? true : undefined, onclick: () => reveal(s) }, w.show),
      h("button", { type: "button", class: "next", onclick: () => s.trigger("round", data.round + 1) }, say(w.next, { n: ((data.round + 1) % data.rounds) + 1, of: data.rounds }))),
    s.shown ? h("div", { class: "lines" }, line(w.you, s.marked, null, s.totals.get("you")), ...data.judges.map((j) => line(w[`judge_${j.name}`], first(data, j.scores), j.scores, s.totals.get(j.name)))) : h("p", { class: "wait" }, w.first_you));
}

function fool(s) {
  const { data, say: w } = s, words = data.tokens.map((token, i) => {
    if (token.special) return null;
    const place = data.places.find((p) => p.position === i);
    return h("span", { class: `word still${place ? (place.put === null ? " open" : place.caught ? " fake" : " through") : ""}`, "data-at": i }, h("span", {}, place && place.put === null ? "____" : show(token.text)), place && place.put !== null ? h("i", {}, say(w.rank, { rank: place.rank, n: data.judged })) : null);
  });
  const own = (place) => h("form", { class: "own", onsubmit: (e) => { e.preventDefault(); const field = e.target.querySelector("input"); if (field.value.trim()) s.trigger("word", { position: place.position, text: field.value.trim() }); } },
    h("input", { type: "text", maxlength: "40", "aria-label": w.own_word, placeholder: w.own_word, autocomplete: "off" }), h("button", { type: "submit" }, w.put));
  fill(s.root, h("p", { class: "task" }, say(w.fool, { k: data.places.length })),
    h("div", { class: "sentence", role: "group", "aria-label": w.sentence }, ...words.filter(Boolean)),
    ...data.places.map((place, n) => h("div", { class: "options", role: "group", "aria-label": say(w.options, { n: n + 1 }) }, h("span", { class: "name" }, say(w.options, { n: n + 1 })),
      ...place.options.map((o) => h("button", { type: "button", class: "option", "aria-pressed": String(place.put === o.id), title: full(o.p), onclick: () => s.trigger("put", { position: place.position, id: o.id }) }, h("b", {}, show(o.token)), ` ${percent(o.p)}`)), own(place))),
    h("div", { class: "lines" }, ...data.places.filter((p) => p.put !== null).map((p) => h("p", { class: "verdict" }, say(p.same ? w.verdict_same : p.caught ? w.caught : w.through, { token: show(data.tokens[p.position].text), p: percent(p.suspicion), rank: p.rank, n: data.judged, k: data.places.length, original: show(p.original) })))),
    h("div", { class: "row" }, h("button", { type: "button", class: "next", onclick: () => s.trigger("round", data.round + 1) }, say(w.next, { n: ((data.round + 1) % data.rounds) + 1, of: data.rounds }))));
}

function paint(s) {
  (s.data.mode === "judge" ? judge : fool)(s);
  s.root.dataset.shown = String(s.shown);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-electra_game");
  const focus = parentElement.getRootNode().activeElement, label = focus?.closest?.(".gb-electra_game") ? focus.textContent : null;
  if (s.data?.run !== data.run) Object.assign(s, { marked: [], shown: false, counted: false });
  if (s.data && s.data.kind !== data.kind) s.totals = new Map();
  s.root = root; s.trigger = setTriggerValue; s.say = data.words; s.data = data;
  paint(s);
  if (label) [...root.querySelectorAll("button:not([disabled])")].find((b) => b.textContent === label)?.focus();
});
