// What a bundled model attends to, and what it predicts with heads switched off, in the shapes in which the server sends it
// (components/lessons/bert/attention.py): the twin of components/lm/transformer/attention.py, head_scores.py and ablation.py.
import { model } from "../engine/engine.js";
import { reader } from "./reading.js";

const KINDS = ["previous", "next", "itself", "first", "separator", "same_word", "broad"]; // induction belongs to the model, not to a text
const NEAREST = 8; // tokens of each prediction that are compared

/** Probabilities of one row of logits. */
export function softmax(logits) {
  const top = logits.reduce((a, b) => Math.max(a, b), -Infinity), weights = Float64Array.from(logits, (x) => Math.exp(x - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

/** Ids by probability, highest first, ties by id. */
export function ranked(probs, count) {
  const best = [];
  probs.forEach((p, id) => {
    if (best.length === count && p <= probs[best[count - 1]]) return;
    let at = best.length;
    while (at > 0 && probs[best[at - 1]] < p) at--;
    best.splice(at, 0, id);
    if (best.length > count) best.pop();
  });
  return best;
}

/** One byte a weight, round(255·√p), of one layer behind the other. */
function packed(layers) {
  const bytes = new Uint8Array(layers.length * layers[0].length);
  layers.forEach((weights, l) => weights.forEach((w, i) => { bytes[l * weights.length + i] = Math.round(Math.sqrt(Math.min(Math.max(w, 0), 1)) * 255); }));
  return bytes;
}

/** What each head does on a text: kind -> [layer][head], without the kinds that this text cannot tell (components/lm/transformer/head_scores.py). */
function headScores(layers, heads, { ids, texts, special }, { causal, separators }) {
  const n = ids.length, ignored = new Set(ids.filter((_, i) => special[i] || texts[i] === "[UNK]")), ends = new Set(separators);
  const seen = (q, k) => !causal || k <= q, same = (q, k) => ids[q] === ids[k] && !ignored.has(ids[q]);
  const wanted = {
    previous: (q, k) => k === q - 1, next: (q, k) => k === q + 1, itself: (q, k) => k === q, first: (q, k) => k === 0 && q > 0,
    separator: (q, k) => ends.has(ids[k]) && seen(q, k), same_word: (q, k) => k !== q && same(q, k) && seen(q, k),
  };
  const each = (score) => layers.map((weights) => Array.from({ length: heads }, (_, head) => score(weights.subarray(head * n * n, (head + 1) * n * n))));
  const found = {};
  for (const [kind, yes] of Object.entries(wanted)) {
    const places = ids.map((_, q) => ids.map((__, k) => k).filter((k) => yes(q, k))), queries = places.filter((keys) => keys.length).length;
    if (queries) found[kind] = each((weights) => places.reduce((sum, keys, q) => sum + keys.reduce((row, k) => row + weights[q * n + k], 0), 0) / queries);
  }
  const rooms = ids.map((_, q) => (causal ? q + 1 : n)), several = rooms.filter((room) => room > 1).length;
  const entropy = (weights, q) => { let sum = 0; for (let k = 0; k < n; k++) { const w = weights[q * n + k]; if (w > 0) sum -= w * Math.log(w); } return sum; };
  if (several) found.broad = each((weights) => rooms.reduce((sum, room, q) => sum + (room > 1 ? entropy(weights, q) / Math.log(room) : 0), 0) / several);
  return found;
}

/** The kind of place that each head gives most weight to; `broad` is not a place. */
function strongest(scores, layers, heads) {
  const places = KINDS.filter((kind) => kind !== "broad" && scores[kind]);
  return layers.map((_, l) => Array.from({ length: heads }, (__, head) => places.reduce((best, kind) => (scores[kind][l][head] > scores[best][l][head] ? kind : best), places[0])));
}

/** Mean of the heads, and rollout (Abnar and Zuidema 2020, arXiv:2005.00928, section 3): [2, n, n] a layer. */
async function rollout(layers, heads, n) {
  const shown = [];
  let joined = null;
  for (const weights of layers) {
    const mean = new Float64Array(n * n), mixed = new Float64Array(n * n), next = new Float64Array(n * n);
    weights.forEach((w, i) => { mean[i % (n * n)] += w / heads; });
    for (let q = 0; q < n; q++) {
      let total = 0;
      for (let k = 0; k < n; k++) total += mixed[q * n + k] = 0.5 * mean[q * n + k] + (q === k ? 0.5 : 0);
      for (let k = 0; k < n; k++) mixed[q * n + k] /= total;
    }
    if (!joined) joined = mixed;
    else {
      for (let q = 0; q < n; q++) for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) next[q * n + k] += mixed[q * n + i] * joined[i * n + k];
      joined = next;
    }
    const both = new Float64Array(2 * n * n);
    both.set(mean);
    both.set(joined, n * n);
    shown.push(both);
    await new Promise((done) => setTimeout(done)); // a long text takes a while: clicks come first
  }
  return shown;
}

/** Weights times the lengths of what they carry, each row divided by its sum (Kobayashi et al. 2020, arXiv:2004.10102, section 3.2). */
function valueWeighted(weights, lengths, n) {
  const shares = Float64Array.from(weights, (w, i) => w * lengths[Math.floor(i / (n * n)) * n + (i % n)]);
  for (let row = 0; row < shares.length; row += n) {
    let total = 0;
    for (let k = 0; k < n; k++) total += shares[row + k];
    if (total > 0) for (let k = 0; k < n; k++) shares[row + k] /= total;
  }
  return shares;
}

/**
 * Promise of {view, read, predict, candidates, text, causal, heads, layers}, once the model is there. Rejects with EngineError.
 *
 * view(text, pair, measure): promise of what attention_view draws: {tokens, segments, special, punctuation, pair, layers, scores, strongest, raw, exact};
 * exact(layer, head, query) is one row of weights; raw is (layer, head, query, key), with (mean, rollout) in place of the heads for `rollout`.
 * read(text, pair): promise of the text as the model reads it. predict(reading, at, off): promise of the probabilities at a place of it;
 * a masked model predicts the token itself, with the mask in its place. candidates(before, after): the rows that are compared.
 */
export async function attending(files, onProgress) {
  const m = model(files), { config } = await m.open(onProgress), { read, text, causal, mask, separators } = await reader(m);
  const layers = Array.from({ length: config.n_layer ?? config.num_hidden_layers }, (_, l) => l), heads = config.n_head ?? config.num_attention_heads;
  const forward = ({ ids, segments }, options) => (causal ? m.ask("read", ids, { at: [], whole: true, ...options }) : m.ask("forward", ids, { segments, ...options }));

  async function view(given, pair, measure) {
    const reading = await read(given, pair), { ids, segments } = reading, n = ids.length;
    const { attention, values } = await forward(reading, { keep: { attention: true, values: measure === "value_weighted" } });
    const scores = measure === "rollout" ? {} : headScores(attention, heads, reading, { causal, separators });
    const shown = measure === "rollout" ? await rollout(attention, heads, n) : measure === "value_weighted" ? attention.map((weights, l) => valueWeighted(weights, values[l], n)) : attention;
    return {
      tokens: reading.texts, segments, special: reading.special, punctuation: reading.punctuation, pair: segments.includes(1), layers,
      scores: Object.fromEntries(Object.entries(scores).map(([kind, all]) => [kind, all.map((row) => row.map((value) => Number(value.toFixed(4))))])),
      strongest: measure === "rollout" ? null : strongest(scores, attention, heads), raw: packed(shown),
      exact: (layer, head, query) => shown[layer].subarray((head * n + query) * n, (head * n + query + 1) * n),
    };
  }
  async function predict(reading, at, off = []) {
    const ids = causal ? reading.ids : reading.ids.map((id, i) => (i === at ? mask : id));
    return softmax((await forward({ ...reading, ids }, { at: [at], off: { heads: off } })).logits);
  }
  /** The most probable tokens of both predictions, the larger of their two probabilities first. */
  const candidates = (before, after) => [...new Set([...ranked(before, NEAREST), ...ranked(after, NEAREST)])]
    .map((id) => ({ text: text(id), before: before[id], after: after[id] })).sort((a, b) => Math.max(b.before, b.after) - Math.max(a.before, a.after)).slice(0, NEAREST + 2);
  return { view, read, predict, candidates, text, causal, layers: layers.length, heads };
}

/** Kullback-Leibler divergence D(p ‖ q) in bits. */
export const divergence = (p, q) => p.reduce((sum, x, i) => sum + (x > 0 ? x * Math.log2(x / Math.max(q[i], 1e-300)) : 0), 0);
