// BPE, merge by merge: the whole run arrives once, as differences; every step is made here.
import { h, fill, instances, slide, words as say } from "../glassbox.lib/dom.js";
import { clipped, num, grouped, visible } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { placesOf, rich, snap } from "../glassbox.lib/tiles.js";
import { frame, headline, offerPicture } from "../glassbox.lib/pictures.js";
import { curvePoints, openBlock, openLesson, wordAt } from "../glassbox.lib/bpe_lesson.js";
import { living } from "../glassbox.lib/living.js";

const VOCAB_SHOWN = 40;
const GUESSES = 12;
const TILES = 150; // symbols drawn of one word
const LETTERS = 40; // letters drawn of one symbol, and of a word that is named

const create = instances((parent) => {
  const root = parent.querySelector(".gb-bpe_board");
  const state = { root, at: -1, bars: new Map(), guesses: new Map(), cuts: new Map(), rev: undefined, predict: false, lesson: null, block: null, points: 0, asked: 0 };
  state.story = h("p", { class: "story", "aria-live": "polite" });
  state.note = h("p", { class: "note", role: "note" });
  state.words = h("div", { class: "words", role: "list" });
  state.wordsHead = h("h2");
  state.legend = h("div", { class: "legend" });
  state.barsHead = h("h2");
  state.barsBox = h("div", { class: "bars", role: "list" });
  state.sum = h("p", { class: "sum" });
  state.vocabHead = h("h2");
  state.vocab = h("div", { class: "vocab", tabindex: "0" });
  state.curves = h("div", { class: "curves" });
  state.runsBox = h("div", { class: "runs" });
  state.runsPanel = h("section", { class: "panel", hidden: true }, state.runsBox);
  state.toggle = h("button", { type: "button", class: "toggle", onclick: () => setPredict(state, !state.predict) });
  state.top = h("div", { class: "top" });
  // Only a pointer that moves looks: a row that comes to lie under a resting one was not asked for.
  state.barsBox.addEventListener("pointermove", (event) => {
    const pair = pairUnder(event);
    if ((event.movementX || event.movementY) && pair !== (state.looked ?? null)) look(state, pair);
  });
  state.barsBox.addEventListener("pointerleave", () => look(state, null));
  state.barsBox.addEventListener("focusin", (event) => look(state, pairUnder(event)));
  state.barsBox.addEventListener("focusout", () => look(state, null));
  state.barsBox.addEventListener("keydown", (event) => {
    const row = event.target.closest(".bar");
    const to = row && { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (to?.matches(".bar")) { event.preventDefault(); to.focus(); }
  });
  return state;
});

function pairUnder(event) {
  const row = event.target.closest(".bar");
  return row && row.dataset.hover !== undefined ? Number(row.dataset.id) : null;
}

// ---------------------------------------------------------------------------------------------- small pieces

/** A symbol as it is drawn; remembered, because a symbol can have a hundred thousand letters. */
function shown(state, id) {
  const labels = (state.lesson.labels ??= new Map());
  if (!labels.has(id)) labels.set(id, visible(clipped(state.lesson.shown(id), LETTERS)));
  return labels.get(id);
}

const named = (lesson, word) => clipped(lesson.wordText(word), LETTERS);
const tok = (state, id, extra = "") => h("span", { class: `tok ${extra}`, translate: "no" }, shown(state, id));
const pairNode = (state, left, right) => h("span", { class: "pairs", dir: "auto" }, tok(state, left), "\u200a", tok(state, right));
const pairText = (state, left, right) => `${shown(state, left)} ${shown(state, right)}`;
const mergedNode = (state, id) => tok(state, id, "new");

/** Which of the words shown hold a pair how often: 9 = 6 (newest) + 3 (widest). */
function derivation(state, left, right) {
  const { lesson } = state;
  if (lesson.num_words !== lesson.lasting) return null;
  const parts = [];
  for (let word = 0; word < lesson.lasting; word += 1) {
    const cut = wordAt(lesson, word, state.at);
    let times = 0;
    for (let i = 0; i + 1 < cut.length; i += 1) if (cut[i].id === left && cut[i + 1].id === right) times += 1;
    if (times) parts.push([times, lesson.word_counts[word], named(lesson, word)]);
  }
  return parts;
}

// ---------------------------------------------------------------------------------------------- words

/** Draw the words at the moment; only those that changed are touched. */
function paintWords(state, forward) {
  const { lesson, at, say: text } = state;
  const hide = hidden(state);
  const lasting = lesson.lasting;
  const step = at; // examples belong to the merge to come, at the end to the last one
  const which = at < lesson.n ? at : at - 1;
  const extra = [];
  if (which >= 0 && lesson.num_words > lasting && !hide) {
    for (let i = lesson.example_starts[which]; i < lesson.example_starts[which + 1]; i += 1) extra.push(lesson.example_words[i]);
  }
  const fits = lasting + extra.length;
  const size = lesson.num_words > lasting || fits > 14 ? "words many" : fits > 6 ? "words some" : lesson.speaks || fits > 4 ? "words tight" : "words";
  if (state.words.className !== size) state.words.className = size;
  state.words.style.setProperty("--letters", String(longest(state, extra)));
  const keys = [...(extra.length ? ["h:changed", ...extra.map((w) => `x:${w}`), "h:lasting"] : []), ...Array.from({ length: lasting }, (_, w) => `w:${w}`)];
  const order = keys.join();
  if (state.order !== order || state.orderWords !== text) {
    state.order = order; state.orderWords = text;
    const known = state.rows ?? new Map();
    state.rows = new Map(keys.map((key) => [key, (key.startsWith("w:") && known.get(key)?.lesson === lesson ? known.get(key) : makeRow(state, key))]));
    fill(state.words, ...[...state.rows.values()].map((row) => row.node));
  }
  const heading = state.rows.get("h:changed");
  if (heading) {
    heading.node.textContent = say(at < lesson.n ? text.changed_next : text.changed_last, { shown: extra.length, all: grouped(lesson.num_changed[which]) });
    state.rows.get("h:lasting").node.textContent = say(text.most_frequent, { shown: lasting, all: grouped(lesson.num_words) });
  }
  const moves = [];
  for (const row of state.rows.values()) if (row.word !== undefined) paintRow(state, row, step, hide, forward, moves);
  for (const move of moves) snap(move.row.cut, [...move.row.cut.children].slice(0, move.tiles.length), move.tiles, move.old);
}

/** The letters of the longest word shown, twice for wide ones: the columns are made so wide that it need not wrap. */
function longest(state, extra) {
  const { lesson } = state;
  const widths = [...Array(lesson.lasting).keys(), ...extra].map((word) => [...named(lesson, word)].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x10ff ? 1.4 : 1), 0));
  return Math.min(40, Math.max(4, ...widths));
}

function makeRow(state, key) {
  if (key.startsWith("h:")) return { node: h("h3", {}) };
  const word = Number(key.slice(2));
  const cut = h("span", { class: "cut", dir: "auto" }); // letters of a word from the right run from the right, as its merged symbols do
  const count = state.lesson.word_counts[word];
  const node = h("div", { class: "word", role: "listitem" }, h("span", { class: "times", title: say(state.say.times_title, { count: grouped(count), word: named(state.lesson, word) }) }, `${grouped(count)} ×`), cut);
  if (key.startsWith("x:")) node.classList.add("example");
  return { node, cut, word, sign: null, lesson: state.lesson };
}

function paintRow(state, row, at, hide, forward, moves) {
  const { lesson } = state;
  const all = wordAt(lesson, row.word, at), tiles = all.slice(0, TILES);
  const sign = tiles.map((tile) => `${tile.start}${tile.fresh ? "f" : ""}${!hide && tile.from ? "p" : ""}${!hide && tile.to ? "q" : ""}`).join();
  if (sign === row.sign) return;
  row.sign = sign;
  const old = forward ? placesOf([...row.cut.children]) : null;
  const mark = lesson.mark;
  fill(row.cut, ...tiles.map((tile) => h("span", {
    class: ["tile", tile.fresh && "fresh", !hide && (tile.from || tile.to) && "pending", !hide && tile.from && "from", mark && lesson.symbols[tile.id] === mark && "endmark"].filter(Boolean).join(" "),
    "data-id": `${row.word}:${tile.start}`, "data-sym": String(tile.id), translate: "no",
    title: mark && lesson.symbols[tile.id].endsWith(mark) ? state.say.mark_title : undefined,
  }, shown(state, tile.id))));
  if (all.length > tiles.length) row.cut.append(h("span", { class: "more" }, say(state.say.more_symbols, { n: grouped(all.length - tiles.length) })));
  row.node.setAttribute("aria-label", `${named(lesson, row.word)}: ${tiles.map((tile) => shown(state, tile.id)).join(" ")}`);
  if (old) moves.push({ row, old, tiles });
}

/** Mark where the pair under the pointer stands, and say how its count comes about. */
function look(state, pair) {
  state.looked = pair;
  const left = pair === null ? -1 : state.lesson.pair_left[pair], right = pair === null ? -1 : state.lesson.pair_right[pair];
  for (const row of state.rows?.values() ?? []) {
    if (!row.cut) continue;
    const nodes = [...row.cut.children];
    const on = new Set();
    nodes.forEach((node, i) => {
      if (i + 1 < nodes.length && Number(node.dataset.sym) === left && Number(nodes[i + 1].dataset.sym) === right) { on.add(i); on.add(i + 1); }
    });
    nodes.forEach((node, i) => node.classList.toggle("looked", on.has(i)));
  }
  paintSum(state);
}

function paintSum(state) {
  const { lesson, at, say: text } = state;
  let left, right, count;
  if (hidden(state)) { fill(state.sum, text.predict_hint); return; }
  if (state.looked !== null && state.looked !== undefined && state.bars.has(state.looked)) {
    left = lesson.pair_left[state.looked]; right = lesson.pair_right[state.looked]; count = state.bars.get(state.looked);
  } else if (at < lesson.n) { left = lesson.left[at]; right = lesson.right[at]; count = lesson.count[at]; }
  else { fill(state.sum, ""); return; }
  const parts = derivation(state, left, right);
  const sum = parts?.slice(0, 6).map(([times, weight, word]) => `${times > 1 ? `${grouped(times)} × ` : ""}${grouped(weight)} (${word})`).join(" + ");
  fill(state.sum, pairNode(state, left, right), ` ${parts ? `= ${sum}${parts.length > 6 ? " + …" : ""}${parts.length > 1 || parts[0]?.[0] > 1 ? ` = ${grouped(count)}` : ""}` : `= ${grouped(count)}`}`);
}

// ---------------------------------------------------------------------------------------------- pair counts

/** Bring the list of pairs from the moment it shows to another one: only differences are touched. */
function moveBars(state, to) {
  const { lesson, bars } = state;
  const apply = (moment, forward) => {
    for (let i = lesson.changed_starts[moment]; i < lesson.changed_starts[moment + 1]; i += 1) {
      const count = forward ? lesson.changed_now[i] : lesson.changed_before[i];
      if (count) bars.set(lesson.changed_pair[i], count); else bars.delete(lesson.changed_pair[i]);
    }
  };
  for (let moment = state.at + 1; moment <= to; moment += 1) apply(moment, true);
  for (let moment = state.at; moment > to; moment -= 1) apply(moment, false);
}

/** Pairs of the moment, highest first, ties in the order of the rule; the winner leads. */
function rankedBars(state, at = state.at) {
  const { lesson } = state;
  const ties = tiesAt(lesson, at);
  const place = new Map(ties.map((pair, i) => [pair, i]));
  return [...state.bars].sort((a, b) => b[1] - a[1] || (place.get(a[0]) ?? 1e6) - (place.get(b[0]) ?? 1e6) || a[0] - b[0]);
}

const tiesAt = (lesson, at) => Array.from(lesson.ties.subarray(lesson.tie_starts[at], lesson.tie_starts[at + 1]));

const waits = (lesson, at) => at === lesson.n && lesson.stop_reason === "choice_needed";

/** In a prediction round the winner stays hidden until the reader has guessed. */
const hidden = (state) => state.predict && state.at < state.lesson.n && !state.guesses.has(state.at);

function paintBars(state) {
  const { lesson, at, say: text } = state;
  const total = lesson.num_pairs[at];
  if (hidden(state)) { paintGuesses(state); return; }
  const ranked = rankedBars(state);
  const highest = ranked[0]?.[1] ?? 1;
  const tiedCount = lesson.num_tied[at];
  const winner = at < lesson.n ? lesson.left[at] * 2 ** 21 + lesson.right[at] : -1;
  const guess = state.guesses.get(at);
  const before = new Map([...state.barsBox.children].map((node) => [node.dataset.id, node.getBoundingClientRect()]));
  const rows = ranked.map(([pair, count]) => {
    const left = lesson.pair_left[pair], right = lesson.pair_right[pair];
    const wins = left * 2 ** 21 + right === winner;
    const tied = count === highest && tiedCount > 1;
    let badge = wins ? h("span", { class: "badge" }, tied ? text.badge_wins_tie : text.badge_wins) : tied ? h("span", { class: "badge" }, text.badge_tie) : h("span", { class: "badge" });
    if (tied && !wins && !state.predict && (at < lesson.n || waits(lesson, at))) {
      const must = waits(lesson, at);
      badge = h("button", { type: "button", class: must ? "take must" : "take", title: say(must ? text.take_must_title : text.take_title, { pair: pairText(state, left, right) }), onclick: () => state.pick({ step: at + 1, left: lesson.symbols[left], right: lesson.symbols[right]}) }, must ? text.take_must : text.take);
    }
    return h("div", { class: ["bar", wins && "wins", tied && "tied", guess === pair && "guessed"].filter(Boolean).join(" "), "data-id": String(pair), "data-hover": "", role: "listitem", tabindex: pair === ranked[0][0] ? "0" : "-1",
      "aria-label": `${pairText(state, left, right)}: ${grouped(count)}${tied ? `, ${text.badge_tie}` : ""}${wins ? `, ${text.badge_wins}` : ""}` },
    h("span", { class: "pair", dir: "auto", title: pairText(state, left, right) }, tok(state, left), tok(state, right)),
    h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${(100 * count) / highest}%` } })),
    h("span", { class: "count" }, grouped(count)), badge);
  });
  const more = tiedCount - ranked.filter(([, count]) => count === highest).length;
  fill(state.barsBox, ...rows, more > 0 && h("p", { class: "sum" }, say(text.more_ties, { n: grouped(more) })));
  const longest = Math.max(0, ...ranked.map(([pair]) => pairText(state, lesson.pair_left[pair], lesson.pair_right[pair]).length));
  state.barsBox.className = longest > 9 ? "bars long" : "bars";
  slide([...state.barsBox.children], before, 220);
  fill(state.barsHead, text.pairs_title, h("span", { class: "side" }, ranked.length ? say(text.pairs_side, { shown: ranked.length, all: grouped(total) }) : ""));
}

/** Prediction: pairs without their counts, in the order of the alphabet, so that their order gives nothing away. */
function paintGuesses(state) {
  const { lesson, say: text } = state;
  const chosen = rankedBars(state).slice(0, GUESSES).map(([pair]) => pair);
  const key = (pair) => pairText(state, lesson.pair_left[pair], lesson.pair_right[pair]);
  chosen.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  state.barsBox.className = "guesses";
  fill(state.barsBox, ...chosen.map((pair) => h("button", { type: "button", class: "guess", onclick: () => guess(state, pair) }, tok(state, lesson.pair_left[pair]), " ", tok(state, lesson.pair_right[pair]))));
  fill(state.barsHead, text.predict_title, h("span", { class: "side" }, score(state)));
}

function guess(state, pair) {
  state.guesses.set(state.at, pair);
  state.order = null; // the examples come back
  for (const row of state.rows.values()) row.sign = null;
  paint(state);
}

/** One point for the pair merged, half a point for one that was equally frequent. */
function points(state, at) {
  const { lesson } = state;
  const pair = state.guesses.get(at);
  if (pair === undefined) return 0;
  if (lesson.pair_left[pair] === lesson.left[at] && lesson.pair_right[pair] === lesson.right[at]) return 1;
  return tiesAt(lesson, at).includes(pair) ? 0.5 : 0;
}

function score(state) {
  const asked = state.guesses.size;
  if (!asked) return "";
  const got = [...state.guesses.keys()].reduce((sum, at) => sum + points(state, at), 0);
  return say(state.say.score, { got: String(got).replace(".5", "½").replace(/^0½/, "½"), asked });
}

function setPredict(state, on) {
  state.predict = on;
  state.guesses.clear();
  for (const row of state.rows?.values() ?? []) row.sign = null;
  state.order = null;
  paintTop(state);
  paint(state);
  state.count = (state.count ?? 0) + 1;
  state.send("predict", [on, state.count]);
}

// ---------------------------------------------------------------------------------------------- what is said

/** Letters of the alphabet; a mark that stands by itself is none. */
const numLetters = (lesson) => lesson.alphabet.length - (aloneMark(lesson) ? 1 : 0);
const aloneMark = (lesson) => Boolean(lesson.mark) && lesson.alphabet.some((id) => lesson.symbols[id] === lesson.mark);

function paintStory(state) {
  const { lesson, at, say: text } = state;
  const done = [];
  if (at === 0) done.push(say(text.now_start, { words: grouped(lesson.num_words), letters: grouped(numLetters(lesson)) }));
  else {
    const i = at - 1;
    done.push(...rich(say(text.now_done, { step: at, joined: grouped(lesson.joined[i]) }), { pair: pairNode(state, lesson.left[i], lesson.right[i]), merged: mergedNode(state, lesson.merged[i]) }));
  }
  const next = [];
  const guessed = state.predict && at < lesson.n ? state.guesses.get(at) : undefined;
  if (hidden(state)) next.push(text.predict_ask);
  else {
    next.push(...nextSentence(state, guessed !== undefined));
  }
  // The answer takes the line of what happened, so that nothing jumps when it comes.
  const first = guessed === undefined ? h("span", { class: "quiet" }, ...done) : h("span", {}, ...verdict(state, guessed));
  fill(state.story, first, " ", h("br"), ...next);
  fill(state.note, ...notes(state));
}

function nextSentence(state) {
  const { lesson, at, say: text } = state;
  if (at === lesson.n) {
    if (waits(lesson, at)) return rich(say(text.next_choose, { n: grouped(lesson.num_tied[at]), count: grouped(rankedBars(state)[0][1]) }), {});
    const said = say(text[`end_${lesson.stop_reason}`], { n: grouped(lesson.n) });
    const left = lesson.num_pairs[at];
    return [left && lesson.stop_reason === "all_merges" ? `${said} ${say(left === 1 ? text.end_one_left : text.end_left, { n: grouped(left) })}` : said];
  }
  const pair = pairNode(state, lesson.left[at], lesson.right[at]);
  const slots = { count: grouped(lesson.count[at]), n: grouped(lesson.num_tied[at]) };
  if (lesson.num_tied[at] < 2) return rich(say(text.next_alone, slots), { pair });
  return [...rich(say(text.next_tie, slots), { pair }), " ", ...ruleSentence(state)];
}

/** Which rule decided a tie, and on what ground. */
function ruleSentence(state) {
  const { lesson, at, say: text } = state;
  const by = lesson.decided_by[at];
  const ties = tiesAt(lesson, at);
  const winner = { pair: pairNode(state, lesson.left[at], lesson.right[at]) };
  const other = ties.find((pair) => lesson.pair_left[pair] !== lesson.left[at] || lesson.pair_right[pair] !== lesson.right[at]);
  if (other !== undefined) winner.other = pairNode(state, lesson.pair_left[other], lesson.pair_right[other]);
  const slots = {};
  if (by === "first") slots.word = named(lesson, lesson.tie_words[lesson.tie_starts[at]]);
  if (by === "lowest_ids") {
    slots.ids = `${lesson.left[at]}, ${lesson.right[at]}`;
    if (other !== undefined) slots.other_ids = `${lesson.pair_left[other]}, ${lesson.pair_right[other]}`;
  }
  if (slots.word !== undefined) slots.word = visible(slots.word);
  return rich(say(text[`rule_${by}`], slots), winner);
}

function verdict(state, pair) {
  const { lesson, at, say: text } = state;
  const got = points(state, at);
  const slots = { pair: pairNode(state, lesson.pair_left[pair], lesson.pair_right[pair]), count: grouped(state.bars.get(pair) ?? 0) };
  const key = got === 1 ? "verdict_right" : got ? "verdict_tied" : "verdict_wrong";
  return [h("span", { class: `verdict ${got === 1 ? "right" : got ? "" : "wrong"}` }, ...rich(text[key], slots)), " ", h("span", { class: "quiet" }, score(state))];
}

/** What is special about the step just made, or about the one to come. */
function notes(state) {
  const { lesson, at, say: text } = state;
  const lines = [];
  if (at > 0 && lesson.joined[at - 1] < lesson.count[at - 1]) {
    const i = at - 1;
    lines.push(rich(say(text.overlap, { count: grouped(lesson.count[i]), joined: grouped(lesson.joined[i]) }), { pair: pairNode(state, lesson.left[i], lesson.right[i]), merged: mergedNode(state, lesson.merged[i]) }));
  }
  if (at > 0 && lesson.vocab[at] === lesson.vocab[at - 1]) lines.push(rich(text.not_new, { merged: mergedNode(state, lesson.merged[at - 1]) }));
  if (lesson.mark) {
    const last = at > 0 ? lesson.symbols[lesson.merged[at - 1]] : "";
    const known = (id) => id !== undefined && id < lesson.vocab[at];
    let found = null;
    for (let i = at - 1; i >= 0 && i >= at - 400 && !found; i -= 1) {
      const symbol = lesson.symbols[lesson.merged[i]];
      const bare = symbol.endsWith(lesson.mark) ? lesson.idOf.get(symbol.slice(0, -lesson.mark.length)) : undefined;
      if (known(bare) && symbol.length - lesson.mark.length > 1) found = [lesson.merged[i], bare];
    }
    if (found) lines.push(rich(say(text.mark_both, { id: found[0], bare_id: found[1] }), { marked: tok(state, found[0]), bare: tok(state, found[1]) }));
    else if (last.endsWith(lesson.mark) && last !== lesson.mark) lines.push(rich(text.mark_end, { marked: tok(state, lesson.merged[at - 1]) }));
    else lines.push([text.mark_start]);
  }
  return lines.flatMap((line, i) => (i ? [h("br"), ...line] : line));
}

// ---------------------------------------------------------------------------------------------- vocabulary, curves

function paintVocab(state) {
  const { lesson, at, say: text } = state;
  const letters = lesson.alphabet.length, size = lesson.vocab[at];
  const grown = size - letters;
  const fresh = at > 0 && lesson.vocab[at] > lesson.vocab[at - 1];
  fill(state.vocabHead, text.vocab_title, h("span", { class: "side" }, say(aloneMark(lesson) ? text.vocab_side_mark : text.vocab_side, { size: grouped(size), letters: grouped(numLetters(lesson)), merges: grouped(grown) })));
  const room = Math.max(VOCAB_SHOWN - Math.min(grown, VOCAB_SHOWN - 8), 8);
  const alphabet = letters <= room + 4 ? lesson.alphabet : lesson.alphabet.slice(0, room);
  const first = Math.max(letters, size - VOCAB_SHOWN + Math.min(8, alphabet.length));
  const nodes = [...alphabet.map((id) => tok(state, id))];
  if (alphabet.length < letters) nodes.push(h("span", { class: "more" }, say(text.more_letters, { n: grouped(letters - alphabet.length) })));
  if (grown) nodes.push(h("span", { class: "sep" }));
  if (first > letters) nodes.push(h("span", { class: "more" }, say(text.more_merges, { n: grouped(first - letters) })));
  for (let id = first; id < size; id += 1) nodes.push(tok(state, id, fresh && id === size - 1 ? "new" : ""));
  fill(state.vocab, ...nodes);
  state.vocab.scrollTop = state.vocab.scrollHeight;
}

const W = 300, H = 60;

/** The curves: what is counted, its colour, how a value is written, and a line to compare with. */
function curvesOf({ lesson }) {
  const rates = Array.from(lesson.tokens, (tokens) => tokens / (lesson.running_words || 1));
  return [
    { name: "tokens", values: lesson.tokens, color: "var(--gb-token)", format: grouped },
    { name: "rate", values: rates, color: "var(--gb-token)", format: (rate) => (rate < 1000 ? num(rate) : grouped(Math.round(rate))), level: 1 }, // one token is a whole word
    { name: "vocab", values: lesson.vocab, color: "var(--gb-position)", format: grouped },
  ];
}

/** Where the line to compare with lies; a run never has more tokens than at its start. */
const levelAt = ({ values, level }, height) => height - (level / values[0]) * height;

function buildCurves(state) {
  const { lesson, say: text } = state;
  const scrub = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = event.currentTarget.getBoundingClientRect();
    go(state, Math.round(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * lesson.n));
  };
  state.curve = curvesOf(state).map((one) => {
    const line = (attributes) => h("line", { x1: 0, x2: W, "vector-effect": "non-scaling-stroke", ...attributes });
    const cursor = line({ y1: 0, y2: H, stroke: "var(--gb-text)", "stroke-width": 1.5, "stroke-dasharray": "3 2" });
    const svg = h("svg", { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      line({ y1: H, y2: H, stroke: "var(--gb-line)", "stroke-width": 1 }),
      one.level && line({ y1: levelAt(one, H), y2: levelAt(one, H), stroke: "var(--gb-quiet)", "stroke-width": 1, "stroke-dasharray": "1 3" }),
      h("polyline", { points: curvePoints(one.values, W, H), fill: "none", stroke: one.color, "stroke-width": 2, "vector-effect": "non-scaling-stroke" }),
      cursor);
    const label = h("p", { "aria-live": "off", "data-name": one.name });
    const ends = h("p", { class: "ends" }, h("span", {}, one.format(one.values[0])), h("span", {}, one.format(one.values[lesson.n])));
    const node = h("div", { class: "curve", title: say(text[`curve_${one.name}_title`], { words: grouped(lesson.running_words) }), onpointerdown: scrub, onpointermove: scrub }, label, svg, ends);
    return { ...one, cursor, label, node };
  });
  fill(state.curves, ...state.curve.map(({ node }) => node));
}

function paintCurves(state) {
  const { lesson, at, say: text } = state;
  const x = lesson.n ? (W * at) / lesson.n : 0;
  for (const { name, values, format, cursor, label } of state.curve) {
    cursor.setAttribute("x1", x); cursor.setAttribute("x2", x);
    fill(label, ...rich(text[`curve_${name}`], { value: h("b", { title: String(values[at]) }, format(values[at])) }));
  }
}

// ---------------------------------------------------------------------------------------------- runs

/** The runs that were kept, under each other; from the step where they part they differ. */
function paintRuns(state) {
  const { runs, active, say: text, lesson, at } = state;
  const several = runs.length > 1;
  state.runsPanel.hidden = !several;
  state.runsPanel.style.display = several ? "" : "none";
  if (!several) return;
  const room = 12;
  const rows = runs.map((run, i) => {
    const from = Math.max(0, Math.min(at - Math.floor(room / 2), run.merged.length - room));
    const made = run.merged.slice(from, from + room).map((symbol, j) => {
      const step = from + j + 1;
      const other = runs.some((one) => one.merged[step - 1] !== symbol);
      return h("span", { class: ["tok", other && "other", step === at && "now"].filter(Boolean).join(" "), translate: "no", title: say(text.run_step, { step }) }, visible(clipped(symbol, LETTERS)));
    });
    return h("div", { class: i === active ? "run active" : "run" },
      h("span", { class: "letter", "aria-hidden": "true" }, String.fromCharCode(65 + i)),
      h("button", { type: "button", class: "pick", "aria-pressed": String(i === active), onclick: () => state.trigger("run", [i]) }, run.name),
      h("span", { class: "made" }, from ? h("span", { class: "more" }, "… ") : null, ...made),
      h("span", { class: "total" }, say(text.run_total, { tokens: grouped(run.tokens), n: grouped(run.merged.length) })),
      i ? h("button", { type: "button", class: "drop", title: text.run_drop, "aria-label": text.run_drop, onclick: () => state.trigger("drop", [i]) }, "×") : h("span"));
  });
  fill(state.runsBox, h("h2", {}, text.runs_title, h("span", { class: "side" }, text.runs_side)), ...rows);
}

// ---------------------------------------------------------------------------------------------- putting it together

function go(state, step) {
  const before = state.at;
  moveBars(state, step);
  state.at = step;
  if (step !== before) { state.stepper.set({ step }); state.report([step, state.rev]); }
  paint(state, step === before + 1);
}

function paint(state, forward = false) {
  const start = performance.now();
  paintWords(state, forward);
  paintBars(state);
  paintStory(state);
  paintSum(state);
  paintVocab(state);
  paintCurves(state);
  paintRuns(state);
  paintHead(state);
  state.root.dataset.step = String(state.at);
  state.root.dataset.last = String(state.lesson.n);
  state.root.dataset.paint = (performance.now() - start).toFixed(2);
}

function paintHead(state) {
  const { lesson, say: text } = state;
  fill(state.wordsHead, text.words_title, h("span", { class: "side" }, lesson.num_words > lesson.lasting
    ? say(text.words_side_some, { shown: lesson.lasting, all: grouped(lesson.num_words), running: grouped(lesson.running_words) })
    : say(text.words_side, { all: grouped(lesson.num_words), running: grouped(lesson.running_words) })));
  fill(state.legend,
    hidden(state) ? null : h("span", {}, h("span", { class: "tile pending" }, text.legend_ab), " ", text.legend_next),
    h("span", {}, h("span", { class: "tile fresh" }, text.legend_ab), " ", text.legend_done));
}

function paintTop(state) {
  const { say: text } = state;
  fill(state.toggle, text.predict);
  state.toggle.title = text.predict_help;
  state.toggle.setAttribute("aria-pressed", String(state.predict));
  const again = state.predict ? h("button", { type: "button", class: "toggle", onclick: () => { setPredict(state, true); go(state, 0); } }, text.predict_again) : null;
  fill(state.top, state.stepper.node, state.toggle, again);
}

// ---------------------------------------------------------------------------------------------- picture to take home

function picture(state) {
  const { lesson, at } = state;
  const left = 20, lineH = 40, charW = 14.5;
  const words = Array.from({ length: Math.min(lesson.lasting, 14) }, (_, w) => w);
  const ranked = rankedBars(state).slice(0, 14);
  const height = 70 + Math.max(words.length * lineH, ranked.length * 24) + 10;
  const svg = frame(1000, height);
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 18, "font-family": "monospace", fill: "var(--gb-text)", ...extra }, content);
  headline(svg, left, 30, state.story.innerText);
  words.forEach((word, row) => {
    const y = 60 + row * lineH;
    let x = left + 70;
    svg.append(text(left + 56, y + 22, `${grouped(lesson.word_counts[word])} ×`, { "text-anchor": "end", fill: "var(--gb-quiet)", "font-size": 15 }));
    for (const tile of wordAt(lesson, word, at).slice(0, 40)) {
      const label = shown(state, tile.id), width = [...label].reduce((sum, c) => sum + (c.codePointAt(0) > 0x1100 ? 20 : 12), 0) + 14;
      const pending = (tile.from || tile.to) && !hidden(state);
      svg.append(h("rect", { x, y, width, height: 30, rx: 6, fill: tile.fresh ? "var(--gb-seq-1)" : "var(--gb-surface)", stroke: pending || tile.fresh ? "var(--gb-token)" : "var(--gb-line)", "stroke-width": pending ? 3 : 1.5 }),
        text(x + width / 2, y + 21, label, { "text-anchor": "middle", fill: pending ? "var(--gb-token)" : "var(--gb-text)" }));
      if (tile.from && pending) svg.append(h("rect", { x: x + width, y: y + 13, width: 8, height: 4, fill: "var(--gb-token)" }));
      x += width + 8;
    }
  });
  if (!hidden(state)) {
    const highest = ranked[0]?.[1] ?? 1;
    ranked.forEach(([pair, count], row) => {
      const y = 60 + row * 24, x = 640;
      const l = lesson.pair_left[pair], r = lesson.pair_right[pair];
      const wins = at < lesson.n && l === lesson.left[at] && r === lesson.right[at];
      const tied = count === highest && lesson.num_tied[at] > 1;
      svg.append(text(x, y + 15, pairText(state, l, r), { "font-size": 15, "text-anchor": "end" }),
        h("rect", { x: x + 12, y: y + 2, width: (240 * count) / highest, height: 16, fill: wins ? "var(--gb-token)" : "var(--gb-seq-2)", stroke: tied ? "var(--gb-token)" : "none", "stroke-width": 2 }),
        text(x + 20 + (240 * count) / highest, y + 15, `${grouped(count)}${wins ? ` ${state.say.badge_wins}` : tied ? ` ${state.say.badge_tie}` : ""}`, { "font-size": 14 }));
    });
  }
  return svg;
}

function curvePicture(state) {
  const { lesson } = state;
  const width = 260, height = 180, top = 60;
  const svg = frame(900, 300);
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...extra }, content);
  state.curve.forEach((one, i) => {
    const x = 20 + i * (width + 40), at = x + (lesson.n ? (width * state.at) / lesson.n : 0), foot = top + height;
    svg.append(text(x, 36, one.label.innerText, { "font-size": 17, fill: "var(--gb-text)" }),
      h("line", { x1: x, x2: x + width, y1: foot, y2: foot, stroke: "var(--gb-line)" }),
      h("polyline", { points: curvePoints(one.values, width, height), fill: "none", stroke: one.color, "stroke-width": 2.5, transform: `translate(${x} ${top})` }),
      text(x, foot + 18, `0: ${one.format(one.values[0])}`), text(x + width, foot + 18, `${lesson.n}: ${one.format(one.values[lesson.n])}`, { "text-anchor": "end" }),
      h("line", { x1: at, x2: at, y1: top, y2: foot, stroke: "var(--gb-text)", "stroke-dasharray": "4 3" }));
    if (one.level) {
      const y = top + levelAt(one, height);
      svg.append(h("line", { x1: x, x2: x + width, y1: y, y2: y, stroke: "var(--gb-quiet)", "stroke-dasharray": "1 3" }), text(x + width, y - 4, String(one.level), { "text-anchor": "end" }));
    }
  });
  return svg;
}

// ---------------------------------------------------------------------------------------------- the mount

export default living(function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const state = create(parentElement);
  const { meta, block } = openBlock(data);
  const first = !state.stepper;
  const kept = Math.max(state.at, 0);
  state.say = meta.words;
  state.runs = meta.runs;
  state.active = meta.active;
  state.send = setStateValue;
  state.trigger = setTriggerValue;
  state.pick = (value) => setTriggerValue("pick", value);
  // Each report is a new value, also when the step is one that was reported before.
  state.report ??= reporter(([step, rev]) => { state.count = (state.count ?? 0) + 1; state.send("step", [step, state.count, rev]); });
  if (state.lessonId !== meta.lesson || state.lesson === null) {
    state.lesson = openLesson(block);
    // Room for a note below the words, for the whole run, so that nothing jumps when one appears.
    state.lesson.speaks = Boolean(state.lesson.mark) || state.lesson.count.some((count, i) => state.lesson.joined[i] < count);
    state.lessonId = meta.lesson;
    state.bars = new Map();
    state.at = -1;
    state.order = null;
    state.rows = new Map();
    state.guesses.clear();
    state.fresh = true;
  }
  const lesson = state.lesson;
  if (state.stepWords !== meta.stepper.next) {
    state.stepper?.destroy();
    state.stepper = stepper({ words: meta.stepper, onMove: (step) => go(state, step), label: (step, last) => say(state.say.moment, { step: grouped(step), last: grouped(last) }) });
    state.stepWords = meta.stepper.next;
  }
  let step = kept;
  const moved = state.rev !== meta.rev;
  if (moved) { step = meta.step; state.predict = meta.predict; state.guesses.clear(); state.rev = meta.rev; }
  step = Math.min(Math.max(step, 0), lesson.n);
  state.stepper.set({ step, last: lesson.n });
  if (first) {
    fill(state.root, state.top, state.story,
      h("div", { class: "main" },
        h("section", { class: "panel" }, state.wordsHead, h("div", { class: "scroll" }, state.words), state.note, state.legend),
        h("section", { class: "panel" }, state.barsHead, h("div", { class: "scroll" }, state.barsBox), state.sum)),
      state.runsPanel,
      h("div", { class: "low" },
        h("section", { class: "panel" }, state.vocabHead, state.vocab),
        h("section", { class: "panel" }, state.curves)));
  }
  paintTop(state);
  buildCurves(state);
  moveBars(state, step);
  state.at = step;
  for (const row of state.rows.values()) row.sign = null;
  state.order = null;
  paint(state);
  if (moved) clearTimeout(state.advance); // an answer to something else does not take back the step that is to follow a pick
  if (moved && meta.advance && step < lesson.n) state.advance = setTimeout(() => { if (state.at === step) go(state, step + 1); }, 450);
  const giveBack = [offerPicture(meta.pictures[0], () => picture(state)), offerPicture(meta.pictures[1], () => curvePicture(state))];
  return () => { state.stepper.destroy(); giveBack.forEach((f) => f()); };
});
