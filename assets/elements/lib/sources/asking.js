// The same blanks asked in other ways: from one side only, in an order, piece by piece. components/lm/bert/mlm.py (guess_from, next_word, fill_in,
// pieces_of) in the browser, in the shape in which components/lessons/bert/masking.py sends it.
import { model } from "../engine/engine.js";
import { guessed, largest, logSoftmax } from "./masking.js";
import { reader } from "./reading.js";

const TOP = 6; // candidates listed where three or four guesses stand side by side
const MOST_PIECES = 3; // of one word
const ORDERS = ["at_once", "left_to_right", "right_to_left", "surest_first"];

/**
 * Promise of {three_ways, order, pieces}, once the model is there. Rejects with EngineError.
 *
 * Each takes (text, hidden, filled: {position: {id}}) and gives a promise of what was found, or of null where there is nothing to ask.
 * three_ways(..., left): {cards: [{side, about, line, ...guess}]}; `left`, {name, files}, is a GPT that reads the left side, or null; a GPT that
 * cannot be had leaves `without: true`. order: {tokens: [[token, special]], orders: [{order, steps: [[position, id, token, probability]]}]}.
 * pieces: {cards: [{piece: "alone" or "together", token, line, ...guess}]}.
 */
export async function asking(files, onProgress) {
  const m = model(files), { vocab } = await m.open(onProgress), names = await m.ask("names"), { read, mask } = await reader(m), name = (id) => names[id];

  /** Rows of log-probabilities at some positions; `seen` says of each token whether any position may read it. */
  async function rows(ids, at, seen = null) {
    const n = ids.length, { logits } = await m.ask("forward", ids, { at, ...(seen && { mask: Uint8Array.from({ length: n * n }, (_, i) => seen[i % n]) }) });
    return at.map((_, r) => logSoftmax(logits.subarray(r * vocab, (r + 1) * vocab)));
  }
  async function opened(given) {
    const text = await read(given, "", { shorten: true }), blank = text.ids.map((id, i) => id === mask && text.spans[i] !== null);
    const wordOf = (position) => (text.words[position] === null ? [position] : text.words.flatMap((word, i) => (word === text.words[position] ? [i] : [])));
    const hide = (hidden, filled = {}) => text.ids.map((id, i) => filled[i] ?? (hidden.includes(i) ? mask : id));
    const lineWith = (hidden, cut = () => false) => text.ids.flatMap((id, i) => (text.special[i] ? [] : [hidden.includes(i) ? [names[mask], "blank"] : [name(id), cut(i) ? "cut" : "read"]]));
    const own = (position) => (blank[position] ? null : text.ids[position]);
    return { ...text, blank, wordOf, hide, lineWith, own };
  }

  async function threeWays(given, hidden, filled, left) {
    const at = hidden.filter((p) => !filled[p]).at(-1);
    if (at === undefined) return null;
    const text = await opened(given), ids = text.hide([...hidden, at]), cards = [];
    for (const [side, cut] of [["left", (i) => i > at], ["right", (i) => i < at], ["both", () => false]]) {
      const [log] = await rows(ids, [at], ids.map((_, i) => (text.special[i] || i === at || !cut(i) ? 1 : 0)));
      cards.push({ side, about: files.name, line: text.lineWith(hidden.filter((p) => !cut(p)), cut), ...guessed(log, at, text.own(at), name, { top: TOP }) });
    }
    if (!left || text.blank.slice(0, at + 1).some(Boolean) || !text.spans[at]?.[1]) return { cards };
    try {
      cards.splice(1, 0, { side: "gpt", about: left.name, line: text.lineWith([at], (i) => i > at), ...(await nextWord(left.files, text, at)) });
      return { cards };
    } catch {
      return { cards, without: true };
    }
  }

  async function fillIn(text, hidden, order) {
    const steps = [], waiting = [...hidden].sort((a, b) => (order === "right_to_left" ? b - a : a - b)), first = (log) => { const [id] = largest(log, 1); return [id, name(id), Math.exp(log[id])]; };
    if (order === "at_once") (await rows(text.hide(hidden), waiting)).forEach((log, r) => steps.push([waiting[r], ...first(log)]));
    else while (waiting.length) {
      const open = hidden.filter((p) => waiting.includes(p)), filled = Object.fromEntries(steps.map(([position, id]) => [position, id]));
      const guesses = (await rows(text.hide(hidden, filled), open)).map((log, r) => [open[r], ...first(log)]);
      const next = order === "surest_first" ? guesses.reduce((best, one) => (one[3] > best[3] ? one : best)) : guesses.find(([position]) => position === waiting[0]);
      steps.push(next);
      waiting.splice(waiting.indexOf(next[0]), 1);
    }
    return { order, steps };
  }
  async function inOrders(given, hidden) {
    if (hidden.length < 2) return null;
    const text = await opened(given), orders = [];
    for (const order of ORDERS) orders.push(await fillIn(text, hidden, order));
    return { tokens: text.ids.map((id, i) => [name(id), text.special[i]]), orders };
  }

  async function pieces(given, hidden) {
    const text = await opened(given), maskable = text.ids.flatMap((_, i) => (text.special[i] || text.blank[i] ? [] : [i]));
    const found = [...[...hidden].reverse(), ...maskable].find((p) => text.wordOf(p).length > 1 && !text.blank[p]);
    if (found === undefined) return null;
    const word = text.wordOf(found), together = await rows(text.hide(word), word), cards = [];
    for (const [i, position] of word.slice(0, MOST_PIECES).entries()) {
      const [alone] = await rows(text.hide([position]), [position]), token = name(text.ids[position]);
      for (const [piece, log, blank] of [["alone", alone, [position]], ["together", together[i], word]]) cards.push({ piece, token, about: "", line: text.lineWith(blank), ...guessed(log, position, text.own(position), name) });
    }
    return { cards };
  }
  return { three_ways: threeWays, order: inOrders, pieces };
}

/** What a GPT says from the left alone for the word at a position, in its own tokens. */
async function nextWord(files, { text, spans, wordOf }, at) {
  const m = model(files), { config, slots } = await m.open(), letters = await reader(m), characters = [...text], word = wordOf(at);
  const left = characters.slice(0, spans[word[0]][0]).join("").replace(/[\p{White_Space}\x1c-\x1f]+$/u, ""), before = [...left].length;
  const encoded = left ? (await m.ask("encode", left)).ids : [], ids = (encoded.length ? encoded : [config.bos_token_id ?? config.eos_token_id]).slice(-(slots - 1));
  const whole = await m.ask("encode", `${left}${left ? " " : ""}${characters.slice(spans[word[0]][0], spans[word.at(-1)][1]).join("")}`);
  let reached = 0;
  const first = whole.ids[whole.spans.findIndex(([, end]) => (reached = Math.max(reached, end)) > before)];
  const log = logSoftmax((await m.ask("read", ids, { at: [ids.length - 1], whole: true })).logits), guess = guessed(log, at, first, letters.text, { top: TOP });
  return { ...guess, original: { ...guess.original, loss: null } };
}
