// What a bundled BERT says about hidden tokens, in the shape in which the server sends it (components/lessons/bert/masking.py, card_of).
import { model } from "../engine/engine.js";
import { reader } from "./reading.js";

const TOP = 8; // candidates a guess lists

/** Natural logarithms of the probabilities of one row of logits. */
export function logSoftmax(logits) {
  let most = -Infinity, sum = 0;
  for (const x of logits) if (x > most) most = x;
  for (const x of logits) sum += Math.exp(x - most);
  const all = most + Math.log(sum);
  return Float64Array.from(logits, (x) => x - all);
}

/** Ids of the `count` largest values, largest first. */
export function largest(values, count) {
  const best = [];
  values.forEach((value, id) => {
    if (best.length === count && value <= values[best.at(-1)]) return;
    let at = best.length;
    while (at > 0 && values[best[at - 1]] < value) at -= 1;
    best.splice(at, 0, id);
    if (best.length > count) best.pop();
  });
  return best;
}

/**
 * What a row of log-probabilities says of a blank. id: the token that stands there in the text, or null; name(id): how a token is spelled;
 * old: the row before other blanks were filled, or null; top: candidates listed.
 */
export function guessed(log, position, id, name, { old = null, top = TOP } = {}) {
  const p = (id) => Math.exp(log[id]), was = (id) => (old ? Math.exp(old[id]) : null);
  const candidates = largest(log, top).map((id) => [id, name(id), p(id), was(id)]);
  return {
    position, candidates,
    rest: Math.max(0, 1 - candidates.reduce((sum, c) => sum + c[2], 0)),
    entropy: -log.reduce((sum, x) => sum + Math.exp(x) * x, 0) / Math.LN2,
    original: id === null ? null : { id, token: name(id), p: p(id), before: was(id), rank: log.reduce((above, x) => above + (x > log[id] ? 1 : 0), 1), loss: -log[id] },
  };
}

/**
 * Promise of {cards, tokens, name}, once the model is there. Rejects with EngineError.
 *
 * cards(tokens, hidden, filled, mask): promise of a card for each hidden position that is still open.
 * tokens(text): promise of {tokens, dropped}: a text cut into tokens, without those at its end that the model has no room for.
 * name(id): how a token is spelled.
 * tokens: [{id, blank}] with the frame; hidden: positions; filled: {position: {id}}; mask: the mask token's id.
 */
export async function masker(files, onProgress) {
  const m = model(files), { vocab } = await m.open(onProgress), names = await m.ask("names"), { read, mask: masked } = await reader(m);

  async function tokens(text) {
    const { ids, special, spans, words, dropped } = await read(text, "", { shorten: true });
    return { tokens: ids.map((id, i) => ({ id, text: names[id], special: special[i], blank: id === masked && spans[i] !== null, word: words[i] })), dropped };
  }

  async function rows(ids, open) {
    const { logits } = await m.ask("forward", ids, { at: open });
    return open.map((_, r) => logSoftmax(logits.subarray(r * vocab, (r + 1) * vocab)));
  }

  async function cards(tokens, hidden, filled, mask = names.indexOf("[MASK]")) {
    const open = hidden.filter((p) => !filled[p]), some = Object.keys(filled).length > 0;
    if (!open.length) return [];
    const masked = tokens.map((token, p) => (hidden.includes(p) ? mask : token.id));
    const now = await rows(masked.map((id, p) => filled[p]?.id ?? id), open), before = some ? await rows(masked, open) : null;
    return open.map((position, r) => guessed(now[r], position, tokens[position].blank ? null : tokens[position].id, (id) => names[id], { old: before?.[r] }));
  }
  return { cards, tokens, name: (id) => names[id] };
}
