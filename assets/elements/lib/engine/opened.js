// One block of a model opened, and what the model would say after each of its blocks: components/lm/transformer/block.py in the browser.
import { norm, unembed } from "./blocks.js";

/**
 * Read `ids` (N of them) and open block `layer`; `off` as in gpt2.js. Gives
 *   states     [7, N, size]: the vectors of the block from its input to its output, in the order in which they are computed
 *   attention  [heads, N, N];  before, active [N, neurons]: what the activation is applied to, and what it gives
 *   lengths    [layers, 2, N]: how long what attention and feed-forward add is;  streams: [N, size] before the first block and after each
 *   norms      [2, 2, size]: weight and bias of both;  epsilon;  logits [N, vocab];  wiring: "pre" or "post"
 *
 * The two parts are those of the pass itself. What stands between them is computed once more, by the same operations on the same numbers.
 */
export function opened(model, ids, { segments, layer, off = {} }) {
  const { net } = model, { m, d, blocks, wiring, size } = net.anatomy, n = ids.length, all = n * size, block = blocks[layer], { up, activation } = block.feed;
  model.seen = [];
  net.forget?.();
  const { logits, attention, residual, parts } = net.forward(ids, { segments, off, at: ids.map((_, r) => r), keep: { attention: true, residual: true, parts: true } });
  const { x, y, hidden } = d, has = (list) => list === true || Boolean(list?.includes(layer));
  const normed = (vectors, which) => { m.f.set(vectors, x); norm(m, which, x, y, n, has(off.norm)); return m.read(y, all); };
  const joined = (stream, part) => (has(off.residual) ? part : part.map((value, i) => value + stream[i]));
  const stream = residual[layer], out = residual[layer + 1], a = parts.attention[layer], f = parts.feedForward[layer], norms = [];
  const first = wiring === "pre" ? normed(stream, block.norm1) : null, add1 = joined(stream, a), second = normed(add1, wiring === "pre" ? block.norm2 : block.norm1);
  m.linear(y, up.w, up.b, hidden, n, size, up.outer);
  const before = m.read(hidden, n * up.outer);
  m[activation](hidden, n * up.outer);
  for (const [at, neuron] of off.neurons ?? []) if (at === layer) for (let r = 0; r < n; r++) m.f[hidden + r * up.outer + neuron] = 0;
  const active = m.read(hidden, n * up.outer);
  const order = wiring === "pre" ? [stream, first, a, add1, second, f, out] : [stream, a, add1, second, f, joined(second, f), out], states = new Float32Array(7 * all);
  order.forEach((vectors, i) => states.set(vectors, i * all));
  const lengths = Float32Array.from(parts.attention.flatMap((_, l) => [parts.attention, parts.feedForward].flatMap((part) => ids.map((__, r) => Math.hypot(...part[l].subarray(r * size, (r + 1) * size))))));
  for (const one of [block.norm1, block.norm2]) norms.push(...m.read(one.weight, size), ...m.read(one.bias, size));
  return { states, attention: attention[layer], before, active, lengths, streams: residual, norms: Float32Array.from(norms), epsilon: [block.norm1.epsilon, block.norm2.epsilon], logits, wiring };
}

/** The `count` places of the largest numbers of a row, largest first. */
function top(row, count, sign = 1) {
  const best = [];
  row.forEach((value, id) => {
    if (best.length === count && sign * value <= sign * row[best[count - 1]]) return;
    let at = best.length;
    while (at > 0 && sign * row[best[at - 1]] < sign * value) at--;
    best.splice(at, 0, id);
    if (best.length > count) best.pop();
  });
  return best;
}

/** The tokens each neuron of a block pushes for and against: its column of the down projection times the output table. [[ids], [ids]] each. */
export function pushes(model, layer, neurons, count) {
  const { m, d, blocks, size, table } = model.net.anatomy, { down } = blocks[layer].feed, { vocab } = model;
  return neurons.map((neuron) => {
    for (let i = 0; i < size; i++) m.f[d.y + i] = m.f[down.w + i * down.inner + neuron];
    const scores = unembed(m, d, { w: table, b: 0, inner: size }, d.y, 1, vocab);
    return [top(scores, count), top(scores, count, -1)];
  });
}

/**
 * What the model would say after so many blocks, from `streams` [N, size] each: guesses and probs [rows, N, count], the likeliest tokens;
 * ranks [rows, N, count] of those of the last row, own [rows, N, words] of the tokens `words`. Ranks count from 1.
 */
export function layerLens(model, streams, count, words = []) {
  const { net, vocab } = model, { size } = net.anatomy, n = streams[0].length / size, said = streams.map((stream) => net.lens(stream));
  const row = (logits, r) => logits.subarray(r * vocab, (r + 1) * vocab), last = Array.from({ length: n }, (_, r) => top(row(said.at(-1), r), count));
  const found = { guesses: [], probs: [], ranks: [], own: [] };
  for (const logits of said) for (let r = 0; r < n; r++) {
    const mine = row(logits, r), most = mine.reduce((a, b) => Math.max(a, b), -Infinity), sum = mine.reduce((total, value) => total + Math.exp(value - most), 0), best = top(mine, count);
    const rank = (id) => mine.reduce((above, value) => above + (value > mine[id] ? 1 : 0), 1);
    found.guesses.push(...best);
    found.probs.push(...best.map((id) => Math.exp(mine[id] - most) / sum));
    found.ranks.push(...last[r].map(rank));
    found.own.push(...words.map(rank));
  }
  return found;
}
