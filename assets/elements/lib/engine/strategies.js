// Eight ways to choose a text from the same probabilities: the twin of components/lm/gpt/strategies.py, whose head names the papers.
import { cut } from "./decoding.js";
import { randomNumber } from "./philox.js";

const LISTED = 8; // candidates listed for each token of a text

function logSoftmax(scores) {
  let top = -Infinity, total = 0;
  for (const v of scores) if (v > top) top = v;
  for (const v of scores) total += Math.exp(v - top);
  const logZ = top + Math.log(total);
  return Float64Array.from(scores, (v) => v - logZ);
}

/** Every token that the text already has, made less probable; a penalty of 1 changes nothing. */
function penalised(scores, seen, penalty) {
  if (penalty === 1) return scores;
  const changed = Float32Array.from(scores), by = Math.fround(penalty);
  for (const id of new Set(seen)) changed[id] = scores[id] < 0 ? scores[id] * by : scores[id] / by;
  return changed;
}

/** The ids by what `of` says of them, highest first, ties by id; only the first `count`. */
function best(values, count = values.length) {
  const sorted = count < values.length ? values.slice().sort() : null, least = sorted ? sorted[values.length - count] : -Infinity, ids = [];
  for (let i = 0; i < values.length; i++) if (values[i] >= least) ids.push(i);
  return ids.sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}

const KEEP = {
  top_k: (x, k) => cut(x, k, 1).kept,
  top_p: (x, mass) => cut(x, 0, mass).kept,
  typical(x, mass) { // surprisal nearest to the entropy first, until they hold the mass
    if (mass >= 1) return new Uint8Array(x.length).fill(1);
    const logprobs = logSoftmax(x);
    let entropy = 0, sum = 0, at = 0;
    for (const l of logprobs) if (l > -Infinity) entropy -= l * Math.exp(l);
    const distance = logprobs.map((l) => Math.abs(-l - entropy)), order = [...distance.keys()].sort((a, b) => distance[a] - distance[b] || a - b);
    while (at < order.length && (sum += Math.exp(logprobs[order[at]])) < mass) at += 1;
    const last = distance[order[Math.min(at, order.length - 1)]];
    return Uint8Array.from(distance, (d) => (d <= last ? 1 : 0));
  },
  min_p(x, share) {
    const logprobs = logSoftmax(x), least = Math.log(share) + logprobs.reduce((a, b) => Math.max(a, b), -Infinity);
    return Uint8Array.from(logprobs, (l) => (l >= least ? 1 : 0));
  },
};

/** The token that a lane draws. */
function draw(scores, lane, u) {
  const temperature = Math.fround(lane.strategy === "temperature" ? lane.value : lane.temperature ?? 1);
  const tempered = temperature > 0 ? Float32Array.from(scores, (v) => v / temperature) : scores;
  const kept = KEEP[lane.strategy]?.(lane.order === "last" ? scores : tempered, lane.value), ids = [];
  for (let i = 0; i < scores.length; i++) if (!kept || kept[i]) ids.push(i);
  let top = -Infinity;
  for (const id of ids) if (tempered[id] > top) top = tempered[id];
  ids.sort((a, b) => scores[b] - scores[a] || a - b);
  const weights = ids.map((id) => Math.exp(tempered[id] - top)), total = weights.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (let i = 0; i < ids.length; i++) if ((sum += weights[i] / total) > u) return ids[i];
  return ids.at(-1);
}

/** Beginnings of equal length in one cache: each looks at the prompt and at its own tokens only. */
function frontier(model, read, prompt) {
  let paths = [[]], depth = 0;
  const { vocab, net } = model;
  return {
    begin(states = false) {
      const { logits, states: all } = read(model, prompt, { whole: states, keep: { states } });
      return { rows: [logits], states: all };
    },
    /** Put `ids[i]` behind beginning `parents[i]`. */
    step(parents, ids, states = false) {
      const from = net.length, total = from + ids.length, mask = new Uint8Array(ids.length * total);
      paths = parents.map((parent, i) => [...paths[parent], from + i]);
      paths.forEach((path, i) => {
        mask.fill(1, i * total, i * total + prompt.length);
        for (const slot of path) mask[i * total + slot] = 1;
      });
      const { logits, states: all } = net.forward(ids, { at: [...ids.keys()], positions: ids.map(() => prompt.length + depth), mask, keep: { states } });
      depth += 1;
      return { rows: ids.map((_, i) => logits.subarray(i * vocab, (i + 1) * vocab)), states: all };
    },
  };
}

/**
 * {ids, tree}: up to `most` tokens of a lane {strategy, value, penalty, temperature, order, k, length_penalty} after `prompt`; a token of
 * `ends` is the last one. tree: of beam search, {nodes: [[parent, step, id, logprob, total, fate]], winner}.
 */
export function write(model, read, prompt, lane, most, seed, ends = []) {
  if (most <= 0) return { ids: [], tree: null };
  const grow = frontier(model, read, prompt), penalty = lane.penalty ?? 1;
  if (lane.strategy === "beam") return beamSearch(grow, prompt, lane.value, most, ends, lane.length_penalty ?? 1, penalty);
  if (lane.strategy === "contrastive") return { ids: contrastiveSearch(grow, prompt, lane.k ?? 4, lane.value, most, ends, penalty), tree: null };
  const ids = [];
  let { rows: [scores] } = grow.begin();
  for (;;) {
    scores = penalised(scores, [...prompt, ...ids], penalty);
    const greedy = lane.strategy === "greedy" || (lane.strategy === "temperature" && lane.value === 0);
    ids.push(greedy ? scores.reduce((top, v, id) => (v > scores[top] ? id : top), 0) : draw(scores, lane, randomNumber(seed, prompt.length + ids.length)));
    if (ids.length === most || ends.includes(ids.at(-1))) return { ids, tree: null };
    ({ rows: [scores] } = grow.step([0], [ids.at(-1)]));
  }
}

/** The same text where a reader took some tokens by hand, [[step, id]]: what stands before a pick stays, behind it the strategy goes on. */
export function writeWithPicks(model, read, prompt, lane, most, seed, ends, picks) {
  let { ids, tree } = write(model, read, prompt, lane, most, seed, ends);
  for (const [step, id] of picks) {
    if (step < 1 || step > ids.length) continue;
    const fixed = [...ids.slice(0, step - 1), id];
    ids = [...fixed, ...(ends.includes(id) ? [] : write(model, read, [...prompt, ...fixed], lane, most - step, seed, ends).ids)];
  }
  return { ids, tree };
}

/** Su et al. 2022, equation 5: the v of the k most probable with the highest (1 - alpha) p(v) - alpha max_j cos(h_v, h_j). */
function contrastiveSearch(grow, prompt, k, alpha, most, ends, penalty) {
  const ids = [], begun = grow.begin(true), size = begun.states.length / prompt.length, past = units(begun.states, size);
  let scores = begun.rows[0], row = 0;
  for (;;) {
    scores = penalised(scores, [...prompt, ...ids], penalty);
    const logprobs = logSoftmax(scores), candidates = best(Float32Array.from(scores), k);
    const tried = grow.step(candidates.map(() => row), candidates, true), states = units(tried.states, size);
    const worth = candidates.map((id, c) => (1 - alpha) * Math.exp(logprobs[id]) - alpha * past.reduce((most_, h) => Math.max(most_, dot(states[c], h)), -Infinity));
    row = worth.indexOf(Math.max(...worth));
    ids.push(candidates[row]);
    if (ids.length === most || ends.includes(ids.at(-1))) return ids;
    past.push(states[row]);
    scores = tried.rows[row];
  }
}
const dot = (a, b) => { let sum = 0; for (let i = 0; i < a.length; i++) sum += a[i] * b[i]; return sum; };
function units(states, size) {
  return Array.from({ length: states.length / size }, (_, r) => {
    const x = Float64Array.from(states.subarray(r * size, (r + 1) * size)), length = Math.max(Math.sqrt(dot(x, x)), 1e-12);
    return x.map((v) => v / length);
  });
}

/** The `width` beginnings with the highest sums of log-probabilities; the rules of ending are those of transformers. */
function beamSearch(grow, prompt, width, most, ends, lengthPenalty, penalty) {
  const nodes = [], score = (node) => nodes[node][4] / nodes[node][1] ** lengthPenalty;
  let running = [-1], texts = [[]], finished = [], { rows } = grow.begin();
  for (let step = 1; ; step++) {
    const scored = rows.map((row, r) => penalised(Float32Array.from(logSoftmax(row)), [...prompt, ...texts[r]], penalty)), vocab = scored[0].length;
    const sums = new Float32Array(scored.length * vocab);
    scored.forEach((row, r) => { const before = running[r] < 0 ? 0 : nodes[running[r]][4]; row.forEach((v, id) => { sums[r * vocab + id] = Math.fround(v) + Math.fround(before); }); });
    const keep = [];
    best(sums, Math.min(2 * width, sums.length)).forEach((index, place) => {
      const row = Math.floor(index / vocab), id = index % vocab, ended = ends.includes(id), counts = place < width, last = step === most;
      let fate = "dropped";
      if (ended && counts) fate = "ended";
      else if (!ended && keep.length < width && (counts || !last)) { fate = "kept"; keep.push([nodes.length, row, id]); }
      if (counts && (ended || last)) finished.push(nodes.length);
      nodes.push([running[row], step, id, scored[row][id], sums[index], fate]);
    });
    finished = finished.sort((a, b) => score(b) - score(a)).slice(0, width);
    if (step === most || !keep.length) break;
    if (finished.length === width && nodes[keep[0][0]][4] / step ** lengthPenalty <= score(finished.at(-1))) break;
    texts = keep.map(([, row, id]) => [...texts[row], id]);
    running = keep.map(([node]) => node);
    ({ rows } = grow.step(keep.map(([, row]) => row), keep.map(([, , id]) => id)));
  }
  const ids = [];
  for (let node = finished[0]; node >= 0; node = nodes[node][0]) ids.unshift(nodes[node][2]);
  return { ids, tree: { nodes, winner: finished[0] } };
}

/** What the model says of a text after a prompt: {logprobs, ranks, candidates: [[[id, p]]]}, over the whole vocabulary at temperature 1. */
export function told(model, read, prompt, text) {
  if (!text.length) return { logprobs: [], ranks: [], candidates: [] };
  const { vocab } = model, all = [...prompt, ...text.slice(0, -1)];
  const { logits } = read(model, all, { whole: true, at: text.map((_, i) => prompt.length - 1 + i) }), answer = { logprobs: [], ranks: [], candidates: [] };
  text.forEach((id, i) => {
    const scores = logits.slice(i * vocab, (i + 1) * vocab), logprobs = logSoftmax(scores);
    answer.logprobs.push(logprobs[id]);
    answer.ranks.push(scores.reduce((n, v, other) => n + (v > scores[id] || (v === scores[id] && other < id)), 1));
    answer.candidates.push(best(scores, LISTED).map((other) => [other, Math.exp(logprobs[other])]));
  });
  return answer;
}
