// Ten pairs of lines: the class votes, then the truth and the model's answer open, and both scores count on.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { answering } from "../glassbox.lib/answering.js";
import { full, narrowed, percent } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { drawPairs } from "../glassbox.lib/next_pairs.js";
import { judging } from "../glassbox.lib/sources/judging.js";
import { view } from "../glassbox.lib/view.js";

const ROUNDS = 10;
const create = instances(() => ({ view: view("next_rounds"), asked: 0, pairs: null, of: null, judged: new Map() }));
const right = (s, i, next) => s.pairs[i].is_next === next;
const says = (pair) => pair.p > 0.5;
const name = (w, next) => (next ? "IsNext" : "NotNext");
const nameOf = (s) => JSON.stringify([s.data.model, s.data.scene.lines[0][1], s.view.state.elsewhere, s.view.state.nsp_seed]);

// -- who draws and judges ----------------------------------------------------------------------------------------------------------------

/** The ten pairs of the state on screen, and P(IsNext) as far as it is known. */
function drawn({ scene, pairs: sent, asked }, { elsewhere, nsp_seed: seed }) {
  if (sent && asked[0] === elsewhere && asked[1] === seed) return sent;
  const { lines, others, known } = scene;
  return drawPairs(lines.length, others.length, ROUNDS, seed, elsewhere).map(({ first, second, isNext, other }) => {
    const from = other ? others : lines;
    return { first: lines[first][1], second: from[second][1], who: [lines[first][0], from[second][0]], is_next: isNext, other, line: second, p: known[other ? "others" : "lines"][first][second] };
  });
}

/** Let the engine judge the pairs that nobody has judged yet; only the newest question is drawn. */
async function compute(s) {
  const asked = s.asked += 1, { source } = s.local;
  try {
    for (const pair of s.pairs) {
      const key = JSON.stringify([s.data.model, pair.first, pair.second]);
      if (pair.p === null) pair.p = s.judged.get(key) ?? await source.isNext(pair.first, pair.second);
      s.judged.set(key, pair.p);
      if (asked !== s.asked || !s.root.isConnected) return;
    }
    draw(s);
    s.keeper.rest();
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}
const open = (s) => s.pairs.every((pair) => pair.p !== null);

/** Pairs for the state on screen: at once where they are known, else from the engine, else from the server. */
function settle(s) {
  if (s.of !== nameOf(s)) Object.assign(s, { pairs: drawn(s.data, s.view.state), of: nameOf(s) });
  if (!open(s)) {
    s.local.open(s.data.files);
    if (s.local.source) compute(s);
  }
  draw(s);
}

function tell(s) {
  const at = Math.min(s.view.state.round, ROUNDS - 1), able = Boolean(s.local.source) || (open(s) && Boolean(s.data.files));
  if (s.root.isConnected && s.pairs) s.trigger("view", { rev: s.view.rev, state: s.view.state, waits: !open(s) && !s.local.source, browser: able ? s.data.model : null, p: s.pairs[at].p });
}

const votesOf = (s) => s.view.state.votes.slice(0, ROUNDS);
const roundOf = (s) => Math.min(s.view.state.round, ROUNDS - 1, votesOf(s).length);
function vote(s, next) {
  const votes = votesOf(s), round = roundOf(s);
  if (votes[round] !== undefined || !open(s)) return;
  s.view.change({ votes: [...votes, next ? 1 : 0], round });
  s.root.querySelector(".go")?.focus({ preventScroll: true });
}
function go(s, to) { s.view.change({ round: Math.min(Math.max(to, 0), ROUNDS - 1, votesOf(s).length) }); }
function again(s) { s.view.change({ nsp_seed: (s.view.state.nsp_seed + 1) % 1_000_000, votes: [], round: 0 }); }

// -- the picture -------------------------------------------------------------------------------------------------------------------------

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
  const { data, say: w, pairs } = s, votes = votesOf(s), at = roundOf(s), pair = pairs[at], mine = votes[at], ready = open(s);
  const [where, progress] = s.local.line(w), { elsewhere, nsp_seed: seed } = s.view.state;
  const seen = mine !== undefined && ready;
  const voted = votes.map((v, i) => (v === undefined ? -1 : i)).filter((i) => i >= 0);
  const score = { class: voted.filter((i) => right(s, i, Boolean(votes[i]))).length, model: voted.filter((i) => right(s, i, says(pairs[i]))).length };
  const button = (next, key) => h("button", { type: "button", class: `vote ${next ? "yes" : "no"}${seen && Boolean(mine) === next ? " taken" : ""}`, disabled: mine !== undefined || !ready, "data-vote": next ? 1 : 0, onclick: () => vote(s, next) }, h("b", {}, name(w, next)), h("small", {}, w[next ? "is_next_means" : "not_next_means"]), h("kbd", {}, key));
  const verdict = (ok) => h("span", { class: ok ? "right" : "wrong" }, ok ? `✓ ${w.right}` : `✗ ${w.wrong}`);
  const truth = pair.is_next ? w.truth_next : pair.other ? w.truth_other : say(w.truth_same, { line: pair.line + 1 });
  fill(s.notes, s.local.note(w));
  fill(s.where, say(w.caption, { ...data.said, scene: data.title, part: w[`elsewhere_${elsewhere}`], seed }), data.files && (s.local.source || progress) ? ` · ${where}` : null, progress);
  s.root.classList.toggle("waiting", !ready);
  fill(s.picture,
    h("div", { class: "top" },
      h("div", { class: "rounds", role: "group", "aria-label": w.rounds }, ...pairs.map((p, i) => {
        const done = votes[i] !== undefined, ok = done && right(s, i, Boolean(votes[i])), model = done && right(s, i, says(p));
        return h("button", { type: "button", class: `round${i === at ? " now" : ""}`, disabled: i > votes.length, title: done ? `${w.you}: ${ok ? w.right : w.wrong} · ${w.model}: ${model ? w.right : w.wrong}` : say(w.round, { n: i + 1 }), "aria-label": say(w.round, { n: i + 1 }), onclick: () => go(s, i) }, h("b", {}, i + 1), h("small", {}, done ? `${ok ? "✓" : "✗"} ${model ? "✓" : "✗"}` : "· ·"));
      })),
      h("button", { type: "button", class: "again", onclick: () => again(s) }, w.new_game),
      h("div", { class: "score", "aria-live": "polite" }, h("span", {}, `${w.you} `, h("b", {}, `${score.class} / ${voted.length}`)), h("span", {}, `${w.model} `, h("b", {}, `${score.model} / ${voted.length}`)))),
    h("div", { class: "scene" },
      h("div", { class: "pair" }, h("span", { class: "special" }, data.marks[0]), bubble(pair.who[0], pair.first, "a", w), h("span", { class: "special" }, data.marks[1]), bubble(pair.who[1], pair.second, "b", w), h("span", { class: "special" }, data.marks[2])),
      h("div", { class: "answer" },
        h("p", { class: "ask" }, w.ask),
        h("div", { class: "votes" }, button(true, "1"), button(false, "2")),
        seen ? h("div", { class: "open" },
          h("p", {}, h("b", {}, name(w, pair.is_next)), ": ", truth),
          h("p", {}, `${w.you}: `, verdict(right(s, at, Boolean(mine))), ` · ${w.model}: `, verdict(right(s, at, says(pair)))),
          bars(s, pair),
          at < pairs.length - 1 ? h("button", { type: "button", class: "go", onclick: () => go(s, at + 1) }, w.next_round, h("kbd", {}, "→")) : h("p", { class: "end" }, say(w.end, { you: score.class, model: score.model, n: voted.length })))
          : h("p", { class: "wait" }, w.wait))));
}

function onKey(s, event) {
  if (!s.root.isConnected) { window.removeEventListener("keydown", s.keys); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], [role=dialog]")) return;
  const target = event.composedPath()[0];
  if (target.closest?.("textarea, select, [contenteditable=true], input:not([type=checkbox])")) return;
  if (event.key === "1" || event.key === "2") { event.preventDefault(); vote(s, event.key === "1"); }
  else if (["ArrowRight", "PageDown"].includes(event.key) && votesOf(s)[roundOf(s)] !== undefined) { event.preventDefault(); go(s, roundOf(s) + 1); }
  else if (["ArrowLeft", "PageUp"].includes(event.key)) { event.preventDefault(); go(s, roundOf(s) - 1); }
}

function picture(s) {
  const { say: w } = s, pair = s.pairs[roundOf(s)], seen = votesOf(s)[roundOf(s)] !== undefined && open(s);
  const svg = frame(960, 210);
  const text = (x, y, content, props = {}) => svg.append(h("text", { x, y, "font-size": 16, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content));
  text(16, 36, narrowed(`A  ${pair.who[0]}: ${pair.first}`, 118), { fill: "var(--gb-segment-a)" });
  text(16, 70, narrowed(`B  ${pair.who[1]}: ${pair.second}`, 118), { fill: "var(--gb-segment-b)" });
  [["IsNext", pair.p], ["NotNext", 1 - pair.p]].forEach(([label, p], i) => {
    const y = 100 + i * 34;
    text(16, y + 17, label, { "font-weight": 700 });
    svg.append(h("rect", { x: 110, y, width: 500, height: 24, fill: "var(--gb-surface)" }), h("rect", { x: 110, y, width: seen ? 500 * p : 0, height: 24, fill: "var(--gb-token)" }));
    text(622, y + 17, seen ? percent(p) : "?", { "font-family": "monospace" });
  });
  text(16, 192, seen ? `${w.truth}: ${name(w, pair.is_next)}` : w.wait, { fill: "var(--gb-quiet)" });
  return svg;
}

function take(s, data) {
  if (s.data && s.data.model !== data.model) s.local.drop();
  s.data = data;
  s.view.adopt(data.rev, data.state);
  if (data.pairs && s.pairs && !open(s)) s.of = null; // the server's answer to what is waited for
  settle(s);
  if (s.view.ahead) s.keeper.rest();
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  s.trigger = setTriggerValue;
  s.say = data.words;
  answering(s, parentElement.querySelector(".gb-next_rounds"), {
    make: judging, ready: () => settle(s), changed: () => { if (s.pairs) draw(s); }, tell: () => tell(s), moved: () => settle(s), able: () => open(s),
  });
  take(s, data);
  if (!s.keys) { s.keys = (e) => onKey(s, e); window.addEventListener("keydown", s.keys); }
  if (!s.withdraw) s.withdraw = offerPicture("next-sentence", () => picture(s));
  return () => { window.removeEventListener("keydown", s.keys); s.keys = null; s.withdraw?.(); s.withdraw = null; s.keeper?.stop(); s.keeper = null; };
});
