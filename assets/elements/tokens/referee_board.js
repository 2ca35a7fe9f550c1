// WordPiece with three referees: count, score and likelihood gain look at the same board and choose.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, num, full } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { placesOf, rich, snap } from "../glassbox.lib/tiles.js";
import { frame, headline, offerPicture } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const REFEREES = ["count", "score", "gain"];
const VALUE = { count: 3, score: 6, gain: 7 }; // places in a row of a moment's pairs
const EN_SPACE = "\u200a";

const create = instances((parent) => {
  const s = { root: parent.querySelector(".gb-referee_board"), at: 0, referee: "score", looked: null, cuts: new Map() };
  s.story = h("p", { class: "story", "aria-live": "polite" });
  s.wordsHead = h("h2");
  s.cutBox = h("div", { class: "words" });
  s.tableHead = h("h2");
  s.table = h("table", { class: "judged" });
  s.sum = h("p", { class: "sum", "aria-live": "off" });
  s.lanes = h("div", { class: "lanes", role: "group" });
  return s;
});

const laneOf = (s, referee = s.referee) => s.data.lanes[REFEREES.indexOf(referee)];
const lengthOf = (lane) => lane.merged.length;
const momentOf = (s, referee = s.referee) => { const lane = laneOf(s, referee); return lane.moments[Math.min(s.at, lengthOf(lane))]; };
const tok = (symbol, extra = "") => h("span", { class: `tok ${extra}`, translate: "no" }, symbol);
const pairNode = (pair, extra = "") => h("span", { class: "pair" }, tok(pair[0], extra), EN_SPACE, tok(pair[1], extra));
const same = (a, b) => Boolean(a && b && a[0] === b[0] && a[1] === b[1]);
const bare = (symbol) => (symbol.startsWith("##") && symbol.length > 2 ? symbol.slice(2) : symbol);
const name = (s, referee) => s.data.words[`referee_${referee}`];
const shownValue = (referee, value) => (referee === "count" ? grouped(value) : num(value));

// ------------------------------------------------------------------------------------------ what is said

function paintStory(s) {
  const w = s.data.words, moment = momentOf(s), lane = laneOf(s);
  const done = Math.min(s.at, lengthOf(lane));
  const nodes = [];
  if (moment.winners[0] === null) nodes.push(say(w.no_pairs, { n: done }));
  else if (done >= lengthOf(lane) && s.at >= lengthOf(lane)) nodes.push(say(w[`end_${lane.stop}`] ?? w.end_all_merges, { n: done, referee: name(s, s.referee) }));
  if (moment.winners[0] !== null) {
    const groups = [];
    REFEREES.forEach((referee, i) => {
      const found = groups.find((group) => same(group.pair, moment.winners[i]));
      if (found) found.who.push(referee); else groups.push({ pair: moment.winners[i], who: [referee] });
    });
    const verdict = groups.length === 1 ? w.agree : groups.length === 2 ? w.two_pairs : w.three_pairs;
    if (nodes.length) nodes.push(" ");
    nodes.push(h("b", {}, verdict), " ");
    groups.forEach((group, i) => {
      if (i) nodes.push(" · ");
      nodes.push(h("span", { class: "who" }, group.who.map((one) => name(s, one)).join(", ")), " → ", pairNode(group.pair, group.who.includes(s.referee) ? "new" : ""));
    });
  }
  fill(s.story, nodes);
}

/** The words of a moment; of many, those that the next merge changes and that the last one changed come first. */
function wordsOf(moment) {
  if (moment.words.length <= 6) return moment.words;
  const place = ([, , , , merging, merged]) => (merging.length ? 0 : merged.length ? 1 : 2);
  return [...moment.words].sort((a, b) => place(a) - place(b));
}

function paintWords(s, move) {
  const w = s.data.words, moment = momentOf(s);
  fill(s.wordsHead, h("span", {}, rich(w.board_of, { referee: h("b", { class: "who" }, name(s, s.referee)) })),
    h("span", { class: "side" }, moment.words.length < s.data.num_words ? say(w.words_some, { shown: moment.words.length, all: grouped(s.data.num_words) }) : say(w.tokens, { tokens: grouped(moment.tokens) })));
  const before = s.cuts;
  s.cuts = new Map();
  s.cutBox.className = moment.words.length > 6 ? "words many" : "words";
  const animations = [];
  fill(s.cutBox, wordsOf(moment).map(([index, word, count, symbols, merging, merged, more]) => {
    const old = move ? placesOf(before.get(index) ?? []) : new Map();
    let start = 0;
    const tiles = symbols.map((symbol, i) => {
      const length = [...bare(symbol)].length;
      const tile = { start, end: start + length, fresh: merged.includes(i), symbol, from: merging.includes(i), to: merging.includes(i - 1) };
      start += length;
      return tile;
    });
    const nodes = tiles.map((tile) => h("span", { class: `tile${tile.fresh ? " fresh" : ""}${tile.from || tile.to ? " pending" : ""}${tile.from ? " from" : ""}`, translate: "no", "data-id": `${index}:${tile.start}` },
      tile.symbol.startsWith("##") ? [h("small", {}, "##"), tile.symbol.slice(2)] : tile.symbol));
    s.cuts.set(index, nodes);
    const cut = h("div", { class: "cut", role: "img", "aria-label": symbols.join(" ") }, nodes, more ? h("span", { class: "more" }, say(w.more_symbols, { n: grouped(more) })) : null);
    if (old.size) animations.push(() => snap(cut, nodes, tiles, old));
    return h("div", { class: "word" }, h("span", { class: "times", title: word }, `${grouped(count)} ×`), cut);
  }));
  animations.forEach((play) => play());
}

function paintTable(s) {
  const w = s.data.words, moment = momentOf(s);
  fill(s.tableHead, h("span", {}, w.table_title), h("span", { class: "side" }, moment.pairs.length < moment.num_pairs ? say(w.pairs_some, { shown: moment.pairs.length, all: grouped(moment.num_pairs) }) : say(w.pairs_all, { all: grouped(moment.num_pairs) })));
  const highest = Object.fromEntries(REFEREES.map((referee) => [referee, Math.max(1e-12, ...moment.pairs.map((row) => row[VALUE[referee]]))]));
  const head = h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.pair),
    REFEREES.map((referee) => h("th", { scope: "col", "aria-sort": referee === s.referee ? "descending" : "none" },
      h("button", { type: "button", class: "judge", "aria-pressed": String(referee === s.referee), title: w[`judge_${referee}`], onclick: () => choose(s, referee) }, name(s, referee), h("small", {}, w[`formula_${referee}`]))))));
  const rows = moment.pairs.map((row, i) => {
    const pair = [row[0], row[1]];
    const line = h("tr", { tabindex: "0", class: same(s.looked, pair) ? "looked" : "", onmouseenter: () => look(s, pair), onfocus: () => look(s, pair) },
      h("th", { scope: "row" }, pairNode(pair)),
      REFEREES.map((referee, j) => {
        const wins = same(moment.winners[j], pair), best = moment.ranks[i][j] === 1;
        const value = row[VALUE[referee]];
        return h("td", { class: `${wins ? "wins" : best ? "ties" : ""}${referee === s.referee ? " own" : ""}`, title: full(value) },
          h("span", { class: "fill", style: { width: `${Math.max(0, (100 * value) / highest[referee]).toFixed(1)}%` } }),
          h("span", { class: "value" }, shownValue(referee, value), wins ? h("b", { class: "mark" }, " ✓") : best ? h("span", { class: "mark", title: w.tie }, " =") : null));
      }));
    return line;
  });
  fill(s.table, head, h("tbody", {}, rows));
  paintSum(s);
}

function paintSum(s) {
  const w = s.data.words, moment = momentOf(s);
  const pair = moment.pairs.some((row) => same(s.looked, row)) ? s.looked : moment.winners[REFEREES.indexOf(s.referee)];
  const row = moment.pairs.find((one) => same(pair, one));
  if (!row) { fill(s.sum, "\u00a0"); return; }
  const [left, right, merged, count, leftCount, rightCount, score, gain] = row;
  fill(s.sum, rich(w.sum, { pair: pairNode([left, right]), merged: tok(merged, "new"), count: grouped(count), left: grouped(leftCount), right: grouped(rightCount), score: num(score), gain: num(gain) }));
}

function paintLanes(s) {
  const w = s.data.words;
  fill(s.lanes, REFEREES.map((referee) => {
    const lane = laneOf(s, referee), at = Math.min(s.at, lengthOf(lane)), moment = lane.moments[at];
    const shown = Math.max(0, at - 15);
    return h("div", { class: `lane${referee === s.referee ? " active" : ""}` },
      h("button", { type: "button", class: "pick", "aria-pressed": String(referee === s.referee), onclick: () => choose(s, referee) }, name(s, referee)),
      h("span", { class: "made" }, shown ? h("span", { class: "more" }, `… ${shown}`) : null,
        lane.merged.slice(shown, at).map((symbol, i) => tok(symbol, shown + i === at - 1 ? "new" : "")),
        at === 0 ? h("span", { class: "more" }, w.nothing_yet) : null),
      h("span", { class: "probe", title: w.probe_title }, s.data.probe ? [h("span", { class: "quiet" }, `${s.data.probe} → `), ...moment.probe.flatMap((piece) => [tok(piece, piece === "[UNK]" ? "unk" : ""), "\u200a"])] : null),
      h("span", { class: "total" }, say(w.tokens, { tokens: grouped(moment.tokens) })));
  }));
}

// ------------------------------------------------------------------------------------------ what is done

function look(s, pair) {
  s.looked = pair;
  for (const row of s.table.querySelectorAll("tbody tr")) row.classList.remove("looked");
  paintSum(s);
}

function choose(s, referee) {
  if (s.referee === referee) return;
  s.referee = referee;
  s.looked = null;
  paint(s, false);
  const again = s.table.querySelector(`th:nth-child(${REFEREES.indexOf(referee) + 2}) button`);
  again?.focus({ preventScroll: true });
  s.trigger("referee", referee);
}

function go(s, step) {
  const forward = step === s.at + 1;
  s.at = step;
  s.looked = null;
  paint(s, forward);
  s.report({ step, rev: s.rev });
}

function paint(s, move) {
  paintStory(s);
  paintWords(s, move);
  paintTable(s);
  paintLanes(s);
}

// ------------------------------------------------------------------------------------------ the picture

function picture(s) {
  const moment = momentOf(s), rows = moment.pairs.slice(0, 14);
  const words = wordsOf(moment).slice(0, 12);
  const height = 90 + Math.max(words.length * 40, rows.length * 26 + 20) + 100;
  const svg = frame(1150, height);
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 17, "font-family": "monospace", fill: "var(--gb-text)", ...extra }, content);
  headline(svg, 16, 28, s.story.innerText);
  words.forEach(([, , count, symbols, merging, merged], row) => {
    const y = 60 + row * 40;
    let x = 76;
    svg.append(text(64, y + 22, `${grouped(count)} ×`, { "text-anchor": "end", "font-size": 14, fill: "var(--gb-quiet)" }));
    symbols.forEach((symbol, i) => {
      const width = [...symbol].reduce((sum, c) => sum + (c.codePointAt(0) > 0x1100 ? 19 : 11), 0) + 12;
      const pending = merging.includes(i) || merging.includes(i - 1);
      svg.append(h("rect", { x, y, width, height: 30, rx: 6, fill: merged.includes(i) ? "var(--gb-seq-1)" : "var(--gb-surface)", stroke: pending || merged.includes(i) ? "var(--gb-token)" : "var(--gb-line)", "stroke-width": pending ? 3 : 1.5 }),
        text(x + width / 2, y + 21, symbol, { "text-anchor": "middle", fill: pending ? "var(--gb-token)" : "var(--gb-text)" }));
      x += width + 6;
    });
  });
  const left = 560, columns = { count: 660, score: 820, gain: 980 };
  REFEREES.forEach((referee) => svg.append(text(columns[referee], 56, name(s, referee), { "font-family": "sans-serif", "font-size": 15, "font-weight": referee === s.referee ? 700 : 400 })));
  rows.forEach((row, i) => {
    const y = 66 + i * 26;
    svg.append(text(left + 80, y + 17, `${row[0]} ${row[1]}`, { "text-anchor": "end", "font-size": 15 }));
    REFEREES.forEach((referee, j) => {
      const highest = Math.max(1e-12, ...moment.pairs.map((one) => one[VALUE[referee]])), wins = same(moment.winners[j], row);
      svg.append(h("rect", { x: columns[referee], y: y + 2, width: Math.max(0, (90 * row[VALUE[referee]]) / highest), height: 18, fill: wins ? "var(--gb-token)" : "var(--gb-seq-2)" }),
        text(columns[referee] + 96, y + 17, `${shownValue(referee, row[VALUE[referee]])}${wins ? " ✓" : ""}`, { "font-size": 13 }));
    });
  });
  REFEREES.forEach((referee, i) => {
    const lane = laneOf(s, referee), at = Math.min(s.at, lengthOf(lane));
    svg.append(text(16, height - 78 + i * 26, `${name(s, referee)}: ${lane.merged.slice(0, at).join(" ")}${s.data.probe ? `   ${s.data.probe} → ${lane.moments[at].probe.join(" ")}` : ""}`, { "font-size": 15 }));
  });
  return svg;
}

// ------------------------------------------------------------------------------------------ the mount

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  s.data = data;
  s.trigger = setTriggerValue;
  s.report = reporter((at) => s.trigger("step", at));
  const last = Math.max(...data.lanes.map(lengthOf));
  if (s.rev !== data.rev) { s.rev = data.rev; s.at = data.step; s.referee = data.referee; }
  s.at = Math.min(s.at, last);
  s.stepper?.destroy();
  s.stepper = stepper({ words: data.stepper, onMove: (step) => go(s, step), label: (step, end) => say(data.words.moment, { step, last: end }) });
  s.stepper.set({ step: s.at, last });
  s.lanes.setAttribute("aria-label", data.words.lanes);
  fill(s.root, s.stepper.node, s.story,
    h("div", { class: "main" },
      h("section", { class: "panel" }, s.wordsHead, h("div", { class: "scroll" }, s.cutBox)),
      h("section", { class: "panel" }, s.tableHead, h("div", { class: "scroll" }, s.table), s.sum)),
    h("section", { class: "panel" }, s.lanes));
  paint(s, false);
  const giveBack = offerPicture(data.words.picture_race, () => picture(s));
  return () => { s.stepper.destroy(); giveBack(); };
});
