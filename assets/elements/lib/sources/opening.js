// One block of a bundled model from inside, and what all its blocks make of a text, in the shapes in which the server sends them
// (components/lessons/transformer/block.py): the twin of components/lm/transformer/block.py.
import { model } from "../engine/engine.js";
import { ranked, softmax } from "./attending.js";
import { reader } from "./reading.js";

const TOP_NEURONS = 8, TOP_WORDS = 6, TOP_GUESSES = 5;

/** The numbers of `list`, largest in size first, ties by place. */
const strongest = (list, count) => [...list.keys()].sort((a, b) => Math.abs(list[b]) - Math.abs(list[a]) || a - b).slice(0, count);

/** What is taken out, as gpt2.js wants it: a part of the opened block, or the bypass or the LayerNorms of all (not those before and after them). */
function off(taken, neurons, layer, layers) {
  const all = Array.from({ length: layers }, (_, l) => l), part = { attention: { attention: [layer] }, feed_forward: { feedForward: [layer] }, residual: { residual: all }, norm: { norm: all } }[taken];
  return { ...part, neurons: neurons.map((neuron) => [layer, neuron]) };
}

/** How far the block's output, added up again from its parts, is from the model's own, and the largest number of that. */
function difference({ states, norms, epsilon, wiring }, n, size) {
  const at = (step, r, i) => states[(step * n + r) * size + i];
  let furthest = 0, largest = 0;
  for (let r = 0; r < n; r++) {
    const again = Float64Array.from({ length: size }, (_, i) => (wiring === "pre" ? at(0, r, i) + at(2, r, i) + at(5, r, i) : at(3, r, i) + at(4, r, i)));
    if (wiring === "post") {
      const mean = again.reduce((sum, x) => sum + x, 0) / size, spread = Math.sqrt(again.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size + epsilon[1]);
      again.forEach((x, i) => { again[i] = ((x - mean) / spread) * norms[2 * size + i] + norms[3 * size + i]; });
    }
    again.forEach((x, i) => { furthest = Math.max(furthest, Math.abs(x - at(6, r, i))); largest = Math.max(largest, Math.abs(at(6, r, i))); });
  }
  return [furthest, largest];
}

/** Eigenvectors of a small symmetric matrix by Jacobi's rotations: {values, vectors}, vectors[k] of values[k], largest first. */
function eigen(given) {
  const n = given.length, a = given.map((row) => [...row]), v = a.map((_, i) => a.map((__, j) => Number(i === j)));
  for (let sweep = 0; sweep < 30; sweep++) for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) {
    if (Math.abs(a[p][q]) < 1e-18) continue;
    const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]), t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1)), c = 1 / Math.sqrt(t * t + 1), s = t * c;
    for (const m of [a, v]) for (let k = 0; k < n; k++) [m[k][p], m[k][q]] = [c * m[k][p] - s * m[k][q], s * m[k][p] + c * m[k][q]];
    for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
  }
  const order = [...v.keys()].sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((k) => a[k][k]), vectors: order.map((k) => v.map((row) => row[k])) };
}

/** A map of where vectors [rows, size] point, [rows, 2]: principal components of their directions, as path() of components/lm/transformer/block.py. */
export function pointing(given) {
  const rows = given.map((v) => { const length = Math.max(Math.hypot(...v), 1e-30); return Float64Array.from(v, (x) => x / length); }), count = rows.length, size = rows[0].length, mean = new Float64Array(size);
  rows.forEach((row) => row.forEach((x, i) => { mean[i] += x / count; }));
  rows.forEach((row) => row.forEach((x, i) => { row[i] = x - mean[i]; }));
  const dot = (a, b) => { let sum = 0; for (let i = 0; i < a.length; i++) sum += a[i] * b[i]; return sum; };
  const gram = rows.map((_, i) => new Float64Array(count));
  for (let i = 0; i < count; i++) for (let j = i; j < count; j++) gram[i][j] = gram[j][i] = dot(rows[i], rows[j]);
  // The largest eigenvectors: a few directions, multiplied and made orthogonal again and again, then turned within their own space.
  const width = Math.min(8, count);
  let basis = Array.from({ length: width }, (_, k) => Float64Array.from(rows, (__, i) => Math.cos((k + 1) * (i + 0.5))));
  for (let turn = 0; turn < 120; turn++) {
    basis = basis.map((v) => Float64Array.from(gram, (row) => dot(row, v)));
    basis.forEach((v, k) => {
      for (let j = 0; j < k; j++) { const share = dot(v, basis[j]); v.forEach((_, i) => { v[i] -= share * basis[j][i]; }); }
      const length = Math.sqrt(dot(v, v));
      v.forEach((_, i) => { v[i] = length > 1e-9 ? v[i] / length : 0; }); // there may be no more directions than these
    });
  }
  const image = basis.map((v) => Float64Array.from(gram, (row) => dot(row, v))), { values, vectors } = eigen(basis.map((v) => image.map((w) => dot(v, w))));
  const found = new Float32Array(count * 2);
  for (let k = 0; k < Math.min(2, width); k++) {
    const axis = Float64Array.from(rows, (_, i) => vectors[k].reduce((sum, share, j) => sum + share * basis[j][i], 0) * Math.sqrt(Math.max(values[k], 0)));
    const way = axis.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0) < 0 ? -1 : 1; // the furthest point lies on the side above zero
    axis.forEach((x, i) => { found[2 * i + k] = way * x; });
  }
  return found;
}

/**
 * Promise of {inside, lens}, once the model is there. Rejects with EngineError.
 *
 * inside({text, layer, taken, off}, most): promise of what block_flow draws, of the beginning of the text that has at most `most` tokens.
 * lens(found, words): promise of what layer_lanes draws of that: {guesses, candidates, own, cut, probs, ranks, lengths, path, own_ranks}; of words of several
 * tokens the first is followed, and is in `cut`.
 */
export async function opening(files, onProgress) {
  const m = model(files), { config } = await m.open(onProgress), { read, beginning, text, causal } = await reader(m);
  await m.ask("prepare", "blocks");
  const layers = config.n_layer ?? config.num_hidden_layers, size = config.n_embd ?? config.hidden_size, vocab = config.vocab_size;
  const wholes = new Map(); // the last few, with nothing taken out

  async function run(reading, layer, given) { return m.ask("opened", reading.ids, { segments: reading.segments, layer, off: given }); }
  async function whole(text, layer, reading) {
    const key = JSON.stringify([text, layer]);
    if (wholes.has(key)) return wholes.get(key);
    const found = await run(reading, layer, {}), n = reading.ids.length, neurons = found.active.length / n;
    found.neurons = reading.ids.map((_, r) => strongest(found.active.subarray(r * neurons, (r + 1) * neurons), TOP_NEURONS));
    const all = [...new Set(found.neurons.flat())], pushed = await m.ask("pushes", layer, all, TOP_WORDS);
    found.pushes = Object.fromEntries(all.map((neuron, i) => [neuron, pushed[i].map((ids) => ids.map(textOf))]));
    wholes.set(key, found);
    if (wholes.size > 8) wholes.delete(wholes.keys().next().value);
    return found;
  }
  const textOf = (id) => text(id);

  async function inside({ text: given, layer: wanted, taken, off: switched }, most) {
    const start = await beginning(given, most), layer = Math.min(wanted, layers - 1), reading = await read(start), n = reading.ids.length, before = await whole(start, layer, reading);
    const neurons = before.active.length / n, gone = [...new Set(switched)].filter((neuron) => neuron < neurons).sort((a, b) => a - b);
    const changed = taken !== "none" || gone.length > 0, now = changed ? await run(reading, layer, off(taken, gone, layer, layers)) : before;
    const finite = now.logits.every(Number.isFinite), row = (one, r) => one.logits.subarray(r * vocab, (r + 1) * vocab);
    const guesses = finite ? reading.ids.map((_, r) => {
      const both = [before, now].map((one) => softmax(row(one, r))), ids = [...new Set(both.flatMap((probs) => ranked(probs, TOP_GUESSES)))];
      return ids.map((id) => [textOf(id), both[0][id], both[1][id]]);
    }) : [];
    return {
      text: start, cut: start !== given, tokens: reading.texts, wiring: now.wiring, layer, activation: config.activation_function ?? config.hidden_act, gated: false, centred: true,
      epsilon: now.epsilon, neurons: before.neurons, pushes: before.pushes, guesses, changed, finite, taken, off: gone, difference: difference(before, n, size), lengths: now.lengths, streams: now.streams,
      arrays: {
        states: { shape: [7, n, size], data: now.states }, attention: { shape: [now.attention.length / n / n, n, n], data: now.attention },
        before: { shape: [n, neurons], data: before.before }, active: { shape: [n, neurons], data: before.active }, norms: { shape: [2, 2, size], data: now.norms },
      },
    };
  }

  /** A word as it is read behind a space. */
  async function pieces(word) {
    const before = "the ", { ids, spans } = await m.ask("encode", before + word);
    let reached = 0;
    return ids.filter((_, i) => (reached = Math.max(reached, spans[i][1])) > before.length);
  }
  async function lens(found, words = []) {
    const own = (await Promise.all(words.map(pieces))).filter((ids) => ids.length), { streams, tokens, lengths } = found, rows = streams.length, n = tokens.length;
    const said = await m.ask("layerLens", streams, TOP_GUESSES, own.map(([id]) => id)), shape = [rows, n, TOP_GUESSES], cell = (row, token) => said.guesses.slice((row * n + token) * TOP_GUESSES, (row * n + token + 1) * TOP_GUESSES).map(textOf);
    const guesses = streams.map((_, row) => tokens.map((__, token) => cell(row, token)));
    return {
      guesses, candidates: guesses.at(-1), own: own.map(([id]) => textOf(id)), cut: own.filter((ids) => ids.length > 1).map(([id]) => textOf(id)),
      arrays: {
        probs: { shape, data: said.probs }, ranks: { shape, data: said.ranks }, lengths: { shape: [rows - 1, 2, n], data: lengths }, own_ranks: { shape: [rows, n, own.length], data: said.own },
        path: { shape: [rows, n, 2], data: pointing(streams.flatMap((stream) => tokens.map((_, r) => stream.subarray(r * size, (r + 1) * size)))) },
      },
    };
  }
  return { inside, lens, causal, layers };
}
