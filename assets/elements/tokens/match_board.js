// WordPiece encoding: try the longest piece, drop its last letter, try again; when nothing fits, the word is [UNK].
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, visible } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { rich } from "../glassbox.lib/tiles.js";
import { frame, headline, offerPicture } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances((parent) => {
  const s = { root: parent.querySelector(".gb-match_board"), at: 0 };
  s.story = h("p", { class: "story", "aria-live": "polite" });
  s.stairsHead = h("h2");
  s.stairs = h("div", { class: "stairs", role: "table" });
  s.stairsBox = h("div", { class: "scroll" }, s.stairs);
  s.vocabHead = h("h2");
  s.vocab = h("div", { class: "vocab scroll" });
  s.resultHead = h("h2");
  s.result = h("div", { class: "result" });
  return s;
});

const tok = (s, piece, extra = "") => h("span", { class: `tok ${piece === s.data.unknown ? "unk" : ""} ${extra}`, translate: "no" }, visible(piece));
const letters = (word) => [...word];
const failed = (word) => Boolean(word.failure);

/** Where look-up number `at` (1 is the first) stands; null before the first. */
const lookup = (s, at) => (at > 0 ? s.data.lookups[at - 1] : null);
/** The word on screen: that of the last look-up, or of the next one when its word is done. */
function wordAt(s) {
  const now = lookup(s, s.at);
  if (!now) return s.data.lookups[0]?.[0] ?? 0;
  return now[0];
}
/** Look-ups made in a word so far. */
const made = (s, number) => s.data.lookups.slice(0, s.at).filter(([word]) => word === number).length;
const total = (word) => word.steps.reduce((sum, step) => sum + step.tried.length, 0);
const isDone = (s, number) => made(s, number) === total(s.data.text_words[number]);

function paintStory(s) {
  const w = s.data.words, all = s.data.text_words;
  if (!all.length) { fill(s.story, w.match_empty); return; }
  const number = wordAt(s), word = all[number];
  if (word.failure === "too_long") { fill(s.story, rich(say(w.too_long, { letters: letters(word.word).length, limit: s.data.max_letters }), { unk: tok(s, s.data.unknown) })); return; }
  const now = lookup(s, s.at);
  if (!now) { fill(s.story, rich(w.match_start, { word: h("b", { translate: "no" }, word.word) })); return; }
  const step = word.steps[now[1]], piece = step.tried[now[2]], found = step.piece === piece;
  const nodes = [];
  if (found) {
    nodes.push(...rich(say(w.found, { id: s.data.ids[piece] }), { piece: tok(s, piece, "new") }));
    nodes.push(" ", step.end < letters(word.word).length ? rich(w.goes_on, { rest: h("b", { translate: "no" }, letters(word.word).slice(step.end).join("")) }) : w.word_done);
  } else if (now[2] < step.tried.length - 1) nodes.push(...rich(w.not_found, { piece: tok(s, piece, "struck") }));
  else {
    const lost = word.steps.filter((one) => one.piece !== null).map((one) => one.piece);
    nodes.push(...rich(w.fails, { piece: tok(s, piece, "struck"), word: h("b", { translate: "no" }, word.word), unk: tok(s, s.data.unknown) }));
    if (lost.length) nodes.push(" ", ...rich(w.thrown_away, { pieces: h("span", {}, lost.flatMap((one) => [tok(s, one, "struck"), " "])) }));
  }
  fill(s.story, nodes.flat());
}

function paintStairs(s) {
  const w = s.data.words, all = s.data.text_words;
  const number = wordAt(s), word = all[number];
  if (!word) { fill(s.stairs, h("p", { class: "quiet" }, w.match_empty)); fill(s.stairsHead, "\u00a0"); return; }
  const parts = letters(word.word), count = made(s, number);
  const done = isDone(s, number), lost = done && failed(word);
  fill(s.stairsHead, h("span", {}, rich(w.stairs_title, { word: h("b", { translate: "no" }, word.word) })), h("span", { class: "side" }, say(w.lookups, { n: count })));
  s.stairs.style.setProperty("--letters", parts.length);
  s.stairs.classList.toggle("small", parts.length > 14);
  s.stairs.classList.toggle("tiny", parts.length > 30);
  const rows = [];
  const owner = parts.map(() => "");
  let seen = 0, newest = null;
  for (const step of word.steps) {
    for (const [i, piece] of step.tried.entries()) {
      if (seen >= count) break;
      seen += 1;
      const end = parts.length - i, hit = piece === step.piece;
      const mark = s.data.prefix && step.start > 0 ? s.data.prefix : "";
      const state = hit ? (lost ? "found lost" : "found") : i === step.tried.length - 1 && step.piece === null ? "dead" : "missed";
      newest = h("div", { class: `try ${state}`, role: "row", "aria-label": `${piece}: ${hit ? w.in_vocabulary : w.not_in_vocabulary}` },
        h("span", { class: "candidate", style: { "grid-column": `${step.start + 1} / ${end + 1}` }, translate: "no" }, mark ? h("small", {}, mark) : null, parts.slice(step.start, end).map((letter) => h("span", { class: "letter" }, visible(letter)))),
        h("span", { class: "verdict", style: { "grid-column": `${parts.length + 1} / -1` } }, hit ? `✓ id ${s.data.ids[piece]}` : state === "dead" ? w.nothing_fits : "–"));
      rows.push(newest);
      if (hit) for (let k = step.start; k < step.end; k += 1) owner[k] = k === step.start ? "begin" : "inside";
    }
  }
  newest?.classList.add("newest");
  const head = h("div", { class: "try head" }, parts.map((letter, k) => h("span", { class: `letter ${owner[k]} ${lost ? "lost" : ""}`, translate: "no" }, visible(letter))),
    h("span", { class: "verdict", style: { "grid-column": `${parts.length + 1} / -1` } }, lost ? tok(s, s.data.unknown) : ""));
  fill(s.stairs, head, rows);
  if (newest) s.stairsBox.scrollTop = s.stairsBox.scrollHeight;
  else s.stairsBox.scrollTop = 0;
}

function paintVocab(s) {
  const w = s.data.words, word = s.data.text_words[wordAt(s)];
  const now = lookup(s, s.at) ?? s.data.lookups[0];
  const step = word?.steps[now?.[1] ?? 0];
  const piece = s.at > 0 && step ? step.tried[now[2]] : null;
  const whole = s.data.vocabulary.length > 0;
  const pieces = whole ? s.data.vocabulary : word?.nearby[now?.[1] ?? 0] ?? [];
  const all = whole ? pieces.length : word?.num_nearby[now?.[1] ?? 0] ?? 0;
  const first = step ? (s.data.prefix && step.start > 0 ? s.data.prefix : "") + letters(word.word)[step.start] : "";
  fill(s.vocabHead, h("span", {}, whole ? w.vocab_title : rich(w.vocab_like, { first: h("b", { translate: "no" }, first) })), h("span", { class: "side" }, whole ? say(w.pieces_all, { n: grouped(s.data.vocab_size) }) : say(w.pieces_some, { shown: pieces.length, begin: grouped(all), n: grouped(s.data.vocab_size) })));
  fill(s.vocab, pieces.map((one) => tok(s, one, one === piece ? "new hit" : "")), pieces.length ? null : h("p", { class: "quiet" }, w.no_such_piece));
  s.vocab.querySelector(".hit")?.scrollIntoView({ block: "nearest" });
}

function paintResult(s) {
  const w = s.data.words;
  fill(s.resultHead, h("span", {}, w.result_title), h("span", { class: "side" }, s.data.left_out ? say(w.left_out, { n: s.data.left_out }) : ""));
  fill(s.result, s.data.text_words.map((word, number) => {
    const count = made(s, number), now = number === wordAt(s), done = isDone(s, number);
    let seen = 0;
    const found = [];
    for (const step of word.steps) { seen += step.tried.length; if (seen <= count && step.piece !== null) found.push(step.piece); }
    const shown = done ? word.tokens : found;
    return h("button", { type: "button", class: `word${now ? " now" : ""}`, title: word.word, onclick: () => jump(s, number) },
      h("span", { class: "name", translate: "no" }, word.word),
      h("span", { class: "pieces" }, shown.length ? shown.map((piece) => h("span", { class: "one" }, tok(s, piece), h("small", {}, done ? s.data.ids[piece] ?? "" : ""))) : "…"),
      done && s.data.others[number]?.length ? h("span", { class: "other", title: w.bpe_same_title }, w.bpe_same, " ", s.data.others[number].flatMap((piece) => [tok(s, piece), "\u200a"])) : null);
  }));
}

function jump(s, number) {
  let at = 0;
  s.data.lookups.forEach(([word], i) => { if (word <= number) at = i + 1; });
  const begin = s.data.lookups.findIndex(([word]) => word === number);
  const to = wordAt(s) === number && s.at === at ? begin + 1 : at;
  if (begin < 0) return;
  s.stepper.set({ step: to });
  go(s, to);
}

function go(s, step) { s.at = step; paint(s); s.report({ step, rev: s.rev }); }
function paint(s) { paintStory(s); paintStairs(s); paintVocab(s); paintResult(s); }

function picture(s) {
  const word = s.data.text_words[wordAt(s)];
  if (!word) return frame(400, 40);
  const parts = letters(word.word), cell = Math.min(44, Math.max(16, 900 / parts.length));
  const rows = [];
  let seen = 0;
  const count = made(s, wordAt(s));
  for (const step of word.steps) for (const [i, piece] of step.tried.entries()) { if (seen < count) rows.push({ start: step.start, end: parts.length - i, piece, hit: piece === step.piece }); seen += 1; }
  const width = 40 + parts.length * cell + 240, height = 100 + rows.length * 34;
  const svg = frame(width, height);
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 17, "font-family": "monospace", fill: "var(--gb-text)", "text-anchor": "middle", ...extra }, content);
  headline(svg, 20, 26, s.story.innerText, { "font-size": 15 });
  parts.forEach((letter, k) => svg.append(h("rect", { x: 20 + k * cell, y: 44, width: cell - 3, height: 32, rx: 5, fill: "var(--gb-surface)", stroke: "var(--gb-line)" }), text(20 + (k + 0.5) * cell, 66, letter, { "font-weight": 700 })));
  rows.forEach((row, i) => {
    const y = 86 + i * 34;
    svg.append(h("rect", { x: 20 + row.start * cell, y, width: (row.end - row.start) * cell - 3, height: 28, rx: 5, fill: row.hit ? "var(--gb-seq-1)" : "none", stroke: row.hit ? "var(--gb-token)" : "var(--gb-cut)", "stroke-width": row.hit ? 2.5 : 1, "stroke-dasharray": row.hit ? "none" : "4 3" }));
    for (let k = row.start; k < row.end; k += 1) svg.append(text(20 + (k + 0.5) * cell, y + 20, parts[k], { fill: row.hit ? "var(--gb-text)" : "var(--gb-cut)" }));
    svg.append(text(34 + parts.length * cell, y + 20, row.hit ? `${row.piece} ✓ ${s.data.ids[row.piece]}` : row.piece, { "text-anchor": "start", "font-size": 14, fill: row.hit ? "var(--gb-token)" : "var(--gb-cut)" }));
  });
  return svg;
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  s.data = data;
  s.report = reporter((at) => setTriggerValue("step", at));
  const last = data.lookups.length;
  if (s.rev !== data.rev) { s.rev = data.rev; s.at = data.step; }
  s.at = Math.min(s.at, last);
  s.stepper?.destroy();
  s.stepper = stepper({ words: data.stepper, onMove: (step) => go(s, step), label: (step, end) => say(data.words.match_moment, { step, last: end }) });
  s.stepper.set({ step: s.at, last });
  fill(s.root, s.stepper.node, s.story,
    h("div", { class: "main" }, h("section", { class: "panel" }, s.stairsHead, s.stairsBox), h("section", { class: "panel" }, s.vocabHead, s.vocab)),
    h("section", { class: "panel" }, s.resultHead, s.result));
  paint(s);
  const giveBack = offerPicture(data.words.picture_match, () => picture(s));
  return () => { s.stepper.destroy(); giveBack(); };
});
