// A text is encoded: learned merges fire in their order, one at a time, in all its words.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, visible } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { placesOf, rich, snap } from "../glassbox.lib/tiles.js";
import { frame, headline, offerPicture } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances((parent) => {
  const state = { root: parent.querySelector(".gb-encode_board"), at: 0, rows: [], built: null };
  state.story = h("p", { class: "story", "aria-live": "polite" });
  state.wholeHead = h("h2");
  state.whole = h("div", { class: "whole" });
  state.stageHead = h("h2");
  state.stage = h("div", { class: "stage", role: "list" });
  state.result = h("p", { class: "result" });
  state.mergesHead = h("h2");
  state.merges = h("ol", { class: "merges" });
  return state;
});

const hex = (state, text) => [...text].map((symbol) => state.data.bytes[symbol].toString(16).toUpperCase().padStart(2, "0")).join(" ");
const shown = (state, symbol) => (state.data.hex ? hex(state, symbol) : state.data.shown[symbol] ?? visible(symbol));
const tok = (state, symbol, extra = "") => h("span", { class: `tok ${symbol === state.data.unknown ? "unk" : ""} ${extra}`, translate: "no" }, shown(state, symbol));
const pairNode = (state, [left, right]) => h("span", {}, tok(state, left), "\u200a", tok(state, right));

/** A word after `moment` steps, as tiles. */
function tilesOf(word, moment) {
  const tiles = [];
  word.start.forEach((symbol, i) => {
    const gone = word.removed[i];
    const last = tiles[tiles.length - 1];
    if (gone > 0 && gone <= moment) {
      last.text += symbol;
      last.end = i + 1;
      if (gone === moment) last.fresh = true;
    } else {
      const tile = { text: symbol, start: i, end: i + 1, fresh: false, from: false, to: false };
      if (gone === moment + 1 && last) { last.from = true; tile.to = true; }
      tiles.push(tile);
    }
  });
  return tiles;
}

/** Tiles of bytes gathered until they end where a character ends: [{text, tiles}]. */
function charactersOf(word, tiles) {
  const groups = [];
  let open = null, next = 0;
  for (const tile of tiles) {
    open ??= { text: "", tiles: [] };
    open.tiles.push(tile);
    while (next < word.characters.length && word.characters[next][2] <= tile.end) { open.text += word.characters[next][0]; next += 1; }
    if (next > 0 && word.characters[next - 1][2] === tile.end) { groups.push(open); open = null; }
  }
  if (open) groups.push(open);
  return groups;
}

function tileNode(state, index, word, tile, done) {
  const unknown = tile.text === state.data.unknown;
  const letter = unknown ? word.unknown.find((one) => one.index === tile.start)?.letter : undefined;
  const node = h("span", { class: ["tile", tile.fresh && "fresh", (tile.from || tile.to) && "pending", tile.from && "from", unknown && "unk"].filter(Boolean).join(" "), "data-id": `${index}:${tile.start}`, translate: "no", title: unknown ? say(state.say.unknown_title, { letter }) : undefined },
    shown(state, tile.text), letter === undefined ? null : h("s", {}, visible(letter)));
  return node;
}

function paintWords(state, forward) {
  const { data, at } = state;
  const done = at === data.steps.length;
  if (state.built !== data) {
    state.built = data;
    state.rows = data.words.map(() => ({ cut: h("div", { class: "cut", role: "listitem", dir: "auto" }), sign: null }));
    fill(state.stage, ...state.rows.map((row) => row.cut));
  }
  state.stage.className = `stage ${data.kind} ${state.size ?? ""}`;
  const moves = [];
  state.rows.forEach((row, index) => {
    const word = data.words[index];
    const tiles = tilesOf(word, at);
    const sign = tiles.map((tile) => `${tile.start}${tile.fresh ? "f" : ""}${tile.from ? "p" : ""}${tile.to ? "q" : ""}`).join() + done + data.hex;
    if (sign === row.sign) return;
    row.sign = sign;
    const old = forward ? placesOf([...row.cut.querySelectorAll(".tile")]) : null;
    let number = 0;
    const withId = (tile) => {
      const node = tileNode(state, index, word, tile, done);
      if (!done) return node;
      const id = word.ids[number]; number += 1;
      return h("span", {}, node, h("span", { class: "id" }, id === null ? "–" : String(id)));
    };
    if (data.kind === "bytes") {
      fill(row.cut, ...charactersOf(word, tiles).map((group) => h("span", { class: "group" },
        h("span", { class: "char", translate: "no" }, /^\s+$/.test(group.text) ? h("span", { class: "name" }, state.say.space) : visible(group.text, "␣")), h("span", { class: "tiles" }, ...group.tiles.map(withId)))));
    } else fill(row.cut, ...tiles.map(withId));
    row.cut.setAttribute("aria-label", `${word.text}: ${tiles.map((tile) => shown(state, tile.text)).join(" ")}`);
    if (old) moves.push([row.cut, [...row.cut.querySelectorAll(".tile:not(.ghost)")], tiles, old]);
  });
  for (const move of moves) snap(...move);
}

const SIZES = ["large", "medium", "", "small"];
const FITTED = 400; // a text of more symbols scrolls in any case

const boxOf = ({ data, stage: { parentElement: box } }) => `${data.id}|${data.hex}|${box.clientWidth}|${box.clientHeight}`;

/** Take the largest letters in which the whole text fits its box, in its letters and as tokens; they stay while it is stepped through. */
function fitSize(state) {
  const { data, at } = state, box = state.stage.parentElement, key = boxOf(state);
  if (state.fitted === key) return;
  state.fitted = key;
  const symbols = data.words.reduce((sum, word) => sum + word.start.length, 0);
  const fits = () => [0, data.steps.length].every((moment) => {
    state.at = moment;
    paintWords(state, false);
    return state.stage.scrollHeight <= box.clientHeight + 1;
  });
  state.size = SIZES.at(-1);
  for (const size of symbols > FITTED ? [] : SIZES) {
    state.size = size;
    if (fits()) break;
  }
  state.at = at;
}

function paintWhole(state) {
  const { data, say: text } = state;
  const unknown = data.whole.filter(([, known]) => !known).length;
  const short = data.whole.length > 2; // a sentence: the reason is said once, above
  fill(state.wholeHead, text.whole_title, h("span", { class: "side" }, say(text[`${short ? "whole_side_many" : "whole_side"}${data.unlike ? "_unlike" : ""}`], { model: data.unlike, source: data.source, n: grouped(data.whole_size), unknown: grouped(unknown), words: grouped(data.whole.length) })));
  fill(state.whole, ...data.whole.map(([word, known]) => h("span", { class: "entry" },
    h("span", { class: known ? "tok" : "tok unk", translate: "no" }, known ? visible(word) : data.unknown),
    known ? (short ? null : h("span", { class: "why" }, text.whole_known)) : h("span", { class: "why" }, short ? visible(word) : say(text.whole_unknown, { word: visible(word) })))));
}

/** The learned merges from the first to the last: what fired, what was passed over, what comes next. */
function paintMerges(state) {
  const { data, at, say: text } = state;
  const rows = [];
  const row = (rank, pair, merged, name) => {
    rows.push(h("li", { class: `merge ${name}` }, h("span", { class: "rank" }, grouped(rank)), h("span", { class: "what" }, pairNode(state, pair), " → ", tok(state, merged)), h("span", { class: "state" }, text[`merge_${name}`])));
  };
  if (data.merges.length) {
    const fires = new Map(data.steps.map((step, i) => [step.rank, i]));
    const reached = at < data.steps.length ? data.steps[at].rank : data.num_merges + 1;
    data.merges.forEach(([left, right, merged], i) => {
      const rank = i + 1, step = fires.get(rank);
      row(rank, [left, right], merged, step !== undefined ? (step < at ? "done" : step === at ? "next" : "later") : rank < reached ? "skip" : "later");
    });
  } else {
    let before = 0;
    const gap = (n, key) => { if (n > 0) rows.push(h("li", { class: "merge gap" }, h("span", {}), h("span", {}, say(text[key], { n: grouped(n) })), h("span", {}))); };
    data.steps.forEach((step, i) => {
      if (i <= at) {
        gap(step.rank - before - 1, "gap");
        row(step.rank, step.pair, step.merged, i < at ? "done" : "next");
        before = step.rank;
      }
    });
    gap(data.num_merges - before, at < data.steps.length ? "gap_later" : "gap");
  }
  fill(state.merges, ...rows);
  fill(state.mergesHead, text.merges_title, h("span", { class: "side" }, say(text.merges_side, { n: grouped(data.num_merges), model: data.model })));
  const focus = state.merges.querySelector(".next") ?? [...state.merges.querySelectorAll(".done")].pop();
  if (focus) { const box = state.merges.parentElement; box.scrollTop = focus.offsetTop - box.clientHeight / 2; }
}

function paintStory(state) {
  const { data, at, say: text } = state;
  const n = data.steps.length;
  const first = [];
  if (at === 0) first.push(data.kind === "bytes" ? say(text.start_bytes, { bytes: grouped(data.words.reduce((sum, word) => sum + word.start.length, 0)), characters: grouped(data.characters) }) : say(text.start_letters, { letters: grouped(data.words.reduce((sum, word) => sum + word.start.length, 0)) }));
  else {
    const step = data.steps[at - 1];
    first.push(...rich(say(text.fired, { rank: grouped(step.rank), joins: grouped(step.joins) }), { pair: pairNode(state, step.pair), merged: tok(state, step.merged, "new") }));
  }
  const second = [];
  const unknown = data.words.flatMap((word) => word.unknown);
  if (!data.words.length) second.push(text.nothing_typed);
  else if (at < n) {
    const step = data.steps[at];
    const passed = step.rank - (at ? data.steps[at - 1].rank : 0) - 1;
    second.push(...rich(say(passed > 0 ? text.next_passed : text.next, { rank: grouped(step.rank), passed: grouped(passed) }), { pair: pairNode(state, step.pair) }));
  } else second.push(text.end);
  if (unknown.length && (at === n || at === 0)) {
    const seen = [...new Set(unknown.map((one) => one.letter))];
    second.push(" ", ...rich(unknown.some((one) => one.reason === "never_ends_a_word") && unknown.every((one) => one.reason === "never_ends_a_word") ? text.unknown_end : text.unknown, { letters: h("span", {}, ...seen.slice(0, 24).flatMap((letter, i) => [i ? " " : "", h("span", { class: "tok unk", translate: "no" }, visible(letter))]), seen.length > 24 ? " …" : "") }));
  }
  if (at === 0 && data.kind === "bytes" && !data.hex && data.words.some((word) => word.start.some((symbol) => symbol > "\u007e"))) second.push(" ", text.stand_in_hint);
  if (data.left_out) second.push(" ", say(text.left_out, { n: grouped(data.left_out) }));
  fill(state.story, h("span", { class: "quiet" }, ...first), h("br"), ...second);
}

function paintResult(state) {
  const { data, at, say: text } = state;
  const tokens = data.words.reduce((sum, word) => sum + tilesOf(word, at).length, 0);
  const letters = data.words.reduce((sum, word) => sum + word.start.length, 0);
  const done = at === data.steps.length;
  const slots = { tokens: h("b", {}, grouped(tokens)), letters: h("b", {}, grouped(letters)), words: h("b", {}, grouped(data.whole.length)), unknown: h("b", {}, grouped(data.whole.filter(([, known]) => !known).length)) };
  fill(state.result, ...rich(done ? text.result_done : text.result_now, slots));
  fill(state.stageHead, data.kind === "bytes" ? text.stage_bytes : text.stage_letters, h("span", { class: "side" }, data.model));
}

function go(state, step) {
  const forward = step === state.at + 1;
  state.at = step;
  state.stepper.set({ step });
  state.report([step, state.rev]);
  paint(state, forward);
}

function paint(state, forward = false) {
  paintStory(state);
  paintResult(state); // what stands around the words has its height before they are fitted
  fitSize(state);
  paintWords(state, forward);
  paintMerges(state);
  state.root.dataset.step = String(state.at);
  state.root.dataset.last = String(state.data.steps.length);
}

function picture(state) {
  const { data, at } = state;
  const width = 1000;
  const place = [];
  let x = 20, y = 70;
  for (const word of data.words) {
    for (const tile of tilesOf(word, at)) {
      const label = shown(state, tile.text);
      const w = [...label].reduce((sum, c) => sum + (c.codePointAt(0) > 0x1100 ? 22 : 13), 0) + 16;
      if (x + w > width - 20) { x = 20; y += 50; }
      place.push({ x, y, w, label, tile });
      x += w + 6;
    }
    x += 16;
  }
  const svg = frame(width, y + 60);
  headline(svg, 20, 34, state.story.innerText);
  for (const { x: left, y: top, w, label, tile } of place) {
    const strong = tile.fresh || tile.from || tile.to;
    svg.append(h("rect", { x: left, y: top, width: w, height: 36, rx: 7, fill: tile.fresh ? "var(--gb-seq-1)" : "var(--gb-surface)", stroke: strong ? "var(--gb-token)" : tile.text === data.unknown ? "var(--gb-wrong)" : "var(--gb-line)", "stroke-width": tile.from || tile.to ? 3 : 1.5 }),
      h("text", { x: left + w / 2, y: top + 25, "font-size": 20, "font-family": "monospace", "text-anchor": "middle", fill: tile.text === data.unknown ? "var(--gb-wrong)" : "var(--gb-text)" }, label));
  }
  return svg;
}

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const first = !state.stepper;
  state.say = data.words_;
  state.send = setStateValue;
  state.report ??= reporter(([step, rev]) => { state.count = (state.count ?? 0) + 1; state.send("step", [step, state.count, rev]); });
  if (state.stepWords !== data.stepper.next) {
    state.stepper?.destroy();
    state.stepper = stepper({ words: data.stepper, onMove: (step) => go(state, step), label: (step, last) => say(state.say.moment, { step: grouped(step), last: grouped(last) }) });
    state.stepWords = data.stepper.next;
  }
  const same = state.id === data.id;
  state.data = data;
  state.id = data.id;
  let step = same ? state.at : 0;
  if (state.rev !== data.rev) { step = data.step; state.rev = data.rev; }
  state.at = Math.min(Math.max(step, 0), data.steps.length);
  state.stepper.set({ step: state.at, last: data.steps.length });
  fill(state.root, state.stepper.node, state.story,
    h("div", { class: "main" },
      h("section", { class: "panel" }, state.wholeHead, state.whole, state.stageHead, h("div", { class: "scroll" }, state.stage), state.result),
      h("section", { class: "panel" }, state.mergesHead, h("div", { class: "scroll", tabindex: "0", "aria-label": state.say.merges_title }, state.merges))));
  paintWhole(state);
  paint(state);
  if (!same && !first && state.at !== (data.reported ?? 0)) state.report([state.at, state.rev]);
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => { if (state.fitted !== boxOf(state)) paint(state); }); // another window, another text size
  state.watch.observe(state.stage.parentElement);
  const giveBack = offerPicture(data.picture, () => picture(state));
  return () => { state.stepper.destroy(); state.watch.disconnect(); giveBack(); };
});
