// Ten pairs of lines: the class votes, then the truth and the model's answer open, and both scores count on.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { full, narrowed, percent } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ round: 0, votes: [] }));
const right = (s, i, next) => s.data.pairs[i].is_next === next;
const says = (pair) => pair.p > 0.5;
const name = (w, next) => (next ? "IsNext" : "NotNext");

function tell(s) { s.trigger("votes", { round: s.round, votes: s.votes }); }

function vote(s, next) {
  if (s.votes[s.round] !== undefined) return;
  s.votes[s.round] = next ? 1 : 0;
  draw(s); tell(s);
  s.root.querySelector(".go")?.focus({ preventScroll: true });
}
function go(s, to) { s.round = Math.min(Math.max(to, 0), s.data.pairs.length - 1, s.votes.length); draw(s); tell(s); }

function bubble(who, text, segment, w) {
  return h("div", { class: `bubble ${segment}` }, h("span", { class: "who" }, h("b", { class: "seg" }, segment.toUpperCase()), who), h("p", {}, text));
}

function bars(s, pair) {
  const w = s.say;
  const row = (next, p) => h("div", { class: `outcome${says(pair) === next ? " chosen" : ""}` }, h("span", { class: "label" }, h("b", {}, name(w, next)), h("small", {}, w[next ? "is_next_means" : "not_next_means"])),
    h("span", { class: "track", title: full(p) }, h("span", { class: "fill", style: { width: `${p * 100}%` } })), h("span", { class: "p" }, percent(p)));
  return h("div", { class: "outcomes", role: "group", "aria-label": w.model_says }, row(true, pair.p), row(false, 1 - pair.p));
}

function draw(s) {
  const { data, say: w } = s, pair = data.pairs[s.round], mine = s.votes[s.round];
  const open = mine !== undefined;
  const voted = s.votes.map((v, i) => (v === undefined ? -1 : i)).filter((i) => i >= 0);
  const score = { class: voted.filter((i) => right(s, i, Boolean(s.votes[i]))).length, model: voted.filter((i) => right(s, i, says(data.pairs[i]))).length };
  const button = (next, key) => h("button", { type: "button", class: `vote ${next ? "yes" : "no"}${open && Boolean(mine) === next ? " taken" : ""}`, disabled: open, "data-vote": next ? 1 : 0, onclick: () => vote(s, next) }, h("b", {}, name(w, next)), h("small", {}, w[next ? "is_next_means" : "not_next_means"]), h("kbd", {}, key));
  const verdict = (ok) => h("span", { class: ok ? "right" : "wrong" }, ok ? `✓ ${w.right}` : `✗ ${w.wrong}`);
  const truth = pair.is_next ? w.truth_next : pair.other ? w.truth_other : say(w.truth_same, { line: pair.line + 1 });
  fill(s.root,
    h("div", { class: "top" },
      h("div", { class: "rounds", role: "group", "aria-label": w.rounds }, ...data.pairs.map((p, i) => {
        const done = s.votes[i] !== undefined, ok = done && right(s, i, Boolean(s.votes[i])), model = done && right(s, i, says(p));
        return h("button", { type: "button", class: `round${i === s.round ? " now" : ""}`, disabled: i > s.votes.length, title: done ? `${w.you}: ${ok ? w.right : w.wrong} · ${w.model}: ${model ? w.right : w.wrong}` : say(w.round, { n: i + 1 }), "aria-label": say(w.round, { n: i + 1 }), onclick: () => go(s, i) }, h("b", {}, i + 1), h("small", {}, done ? `${ok ? "✓" : "✗"} ${model ? "✓" : "✗"}` : "· ·"));
      })),
      h("div", { class: "score", "aria-live": "polite" }, h("span", {}, `${w.you} `, h("b", {}, `${score.class} / ${voted.length}`)), h("span", {}, `${w.model} `, h("b", {}, `${score.model} / ${voted.length}`)))),
    h("div", { class: "scene" },
      h("div", { class: "pair" }, h("span", { class: "special" }, data.marks[0]), bubble(pair.who[0], pair.first, "a", w), h("span", { class: "special" }, data.marks[1]), bubble(pair.who[1], pair.second, "b", w), h("span", { class: "special" }, data.marks[2])),
      h("div", { class: "answer" },
        h("p", { class: "ask" }, w.ask),
        h("div", { class: "votes" }, button(true, "1"), button(false, "2")),
        open ? h("div", { class: "open" },
          h("p", {}, h("b", {}, name(w, pair.is_next)), ": ", truth),
          h("p", {}, `${w.you}: `, verdict(right(s, s.round, Boolean(mine))), ` · ${w.model}: `, verdict(right(s, s.round, says(pair)))),
          bars(s, pair),
          s.round < data.pairs.length - 1 ? h("button", { type: "button", class: "go", onclick: () => go(s, s.round + 1) }, w.next_round, h("kbd", {}, "→")) : h("p", { class: "end" }, say(w.end, { you: score.class, model: score.model, n: voted.length })))
          : h("p", { class: "wait" }, w.wait))));
}

function onKey(s, event) {
  if (!s.root.isConnected) { window.removeEventListener("keydown", s.keys); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], [role=dialog]")) return;
  const target = event.composedPath()[0];
  if (target.closest?.("textarea, select, [contenteditable=true], input:not([type=checkbox])")) return;
  if (event.key === "1" || event.key === "2") { event.preventDefault(); vote(s, event.key === "1"); }
  else if (["ArrowRight", "PageDown"].includes(event.key) && s.votes[s.round] !== undefined) { event.preventDefault(); go(s, s.round + 1); }
  else if (["ArrowLeft", "PageUp"].includes(event.key)) { event.preventDefault(); go(s, s.round - 1); }
}

function picture(s) {
  const { data, say: w } = s;
  const pair = data.pairs[s.round], open = s.votes[s.round] !== undefined;
  const svg = frame(960, 210);
  const text = (x, y, content, props = {}) => svg.append(h("text", { x, y, "font-size": 16, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content));
  text(16, 36, narrowed(`A  ${pair.who[0]}: ${pair.first}`, 118), { fill: "var(--gb-segment-a)" });
  text(16, 70, narrowed(`B  ${pair.who[1]}: ${pair.second}`, 118), { fill: "var(--gb-segment-b)" });
  [["IsNext", pair.p], ["NotNext", 1 - pair.p]].forEach(([label, p], i) => {
    const y = 100 + i * 34;
    text(16, y + 17, label, { "font-weight": 700 });
    svg.append(h("rect", { x: 110, y, width: 500, height: 24, fill: "var(--gb-surface)" }), h("rect", { x: 110, y, width: open ? 500 * p : 0, height: 24, fill: "var(--gb-token)" }));
    text(622, y + 17, open ? percent(p) : "?", { "font-family": "monospace" });
  });
  text(16, 192, open ? `${w.truth}: ${name(w, pair.is_next)}` : w.wait, { fill: "var(--gb-quiet)" });
  return svg;
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  const root = parentElement.querySelector(".gb-next_rounds");
  const moved = s.data?.rev !== data.rev || s.data?.run !== data.run;
  s.root = root; s.trigger = setTriggerValue; s.say = data.words; s.data = data;
  if (moved) { s.votes = data.votes.slice(0, data.pairs.length); s.round = Math.min(data.round, data.pairs.length - 1, s.votes.length); }
  draw(s);
  if (!s.keys) { s.keys = (e) => onKey(s, e); window.addEventListener("keydown", s.keys); }
  if (!s.withdraw) s.withdraw = offerPicture("next-sentence", () => picture(s));
  return () => { window.removeEventListener("keydown", s.keys); s.keys = null; s.withdraw?.(); s.withdraw = null; };
});
