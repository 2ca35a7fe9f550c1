// From logits to one token, with every intermediate number kept: temperature, top-k, top-p, the draw. The same steps, in the same precision,
// as components/lm/gpt/decoding.py, whose head names the papers: what decides a cut is float32, as in transformers, the rest float64.
import { randomNumber } from "./philox.js";

const NEAR = 1e-4; // two computations of the same logits differ by less (a test holds them to 5e-5)

/** exp(x - max), their sum, the log of the sum of exp(x), and the entropy in bits. */
function softened(x) {
  let top = -Infinity, total = 0, mean = 0;
  for (const v of x) if (v > top) top = v;
  const weights = Float64Array.from(x, (v) => Math.exp(v - top));
  weights.forEach((w, i) => { total += w; if (w) mean += w * (x[i] - top); });
  return { weights, total, logZ: top + Math.log(total), entropy: Math.max(0, (Math.log(total) - mean / total) / Math.LN2) };
}

/** -log2 of the softmax probability of a token. */
export const surprisalOf = (logits, id) => (softened(logits).logZ - logits[id]) / Math.LN2;

/** The ids among (at least) the `limit` highest that `allowed` has a 1 for, highest logit first, ties by id: the beginning of the full order. */
function highest(logits, ascending, limit, allowed = null) {
  const threshold = limit < logits.length ? ascending[logits.length - limit] : -Infinity, ids = [];
  logits.forEach((v, id) => { if (v >= threshold && (!allowed || allowed[id])) ids.push(id); });
  return ids.sort((a, b) => logits[b] - logits[a] || a - b);
}

/** What top-k and then top-p keep of float32 logits: {kept, byK: what top-k alone keeps or null, near: a token lies on the border}. */
export function cut(x, topK, topP) {
  const size = x.length, kept = new Uint8Array(size).fill(1);
  let byK = null, near = false;
  if (topK > 0 && topK < size) {
    const sorted = Float32Array.from(x).sort(), threshold = sorted[size - topK];
    near = threshold - sorted[size - topK - 1] < NEAR && threshold !== sorted[size - topK - 1];
    x.forEach((v, i) => { kept[i] = v >= threshold ? 1 : 0; }); // whatever ties with the k-th stays
    byK = kept.slice();
  }
  if (topP >= 1) return { kept, byK, near };
  const ascending = x.filter((_, i) => kept[i]).sort(), top = ascending.at(-1), probs = ascending.map((v) => Math.exp(Math.fround(v - top)));
  const total = Math.fround(probs.reduce((sum, p) => sum + p, 0)), border = Math.fround(1 - topP);
  let sum = 0, removed = 0;
  for (const p of probs) { // from the least probable up, while the running sum is at most 1 - top_p; one token always stays
    sum += Math.fround(p / total);
    if (Math.abs(sum - border) < NEAR * Math.max(border, 0.01)) near = true;
    if (Math.fround(sum) > border || removed === ascending.length - 1) break;
    removed += 1;
  }
  const least = ascending[removed];
  let tied = removed - ascending.indexOf(least); // of equally probable tokens on the border the lower ids go first
  x.forEach((v, i) => { if (v < least || (v === least && tied-- > 0)) kept[i] = 0; });
  return { kept, byK, near };
}

/**
 * step(logits, settings, position, {tokenId, n}) -> the numbers of one step, named as in `compact_step` of components/lm/gpt/generation.py.
 *
 * settings: {do_sample, temperature, top_k, top_p, seed}; position: how many tokens stand before the chosen one; tokenId: take it by hand;
 * n: candidates listed. `tie` is true where rounding may decide: the choice hangs on less than 1e-4.
 */
export function step(logits, { do_sample: sample, temperature, top_k: topK, top_p: topP, seed }, position, { tokenId = null, n = 20 } = {}) {
  const size = logits.length, greedy = !sample || temperature === 0, model = softened(logits);
  if (!Number.isFinite(model.logZ)) throw new RangeError("logits are not numbers");
  const ascending = Float32Array.from(logits).sort(), order = highest(logits, ascending, Math.max(n, 2));
  let scaled = logits, shift = 0, after = model;
  if (!greedy && temperature !== 1) {
    const by = Math.fround(temperature), top = logits[order[0]];
    scaled = logits.map((v) => v / by);
    if (!Number.isFinite(scaled[order[0]]) || scaled.some(Number.isNaN)) { scaled = logits.map((v) => (v - top) / temperature); shift = top / temperature; }
    after = softened(scaled);
  }
  const { kept, byK, near } = greedy ? { kept: new Uint8Array(size), byK: null, near: false } : cut(scaled, topK, topP);
  if (greedy) kept[order[0]] = 1;
  let keptCount = 0, keptWeight = 0;
  kept.forEach((yes, id) => { if (yes) { keptCount += 1; keptWeight += after.weights[id]; } });
  if (keptCount === size) keptWeight = after.total;
  const mass = keptWeight / after.total, cutBy = (id) => (kept[id] ? null : greedy ? "greedy" : byK && !byK[id] ? "top_k" : "top_p");

  const chosen = tokenId !== null ? { id: tokenId, how: "hand", u: null, low: null, high: null } : greedy ? { id: order[0], how: "greedy", u: null, low: null, high: null } : draw();
  function draw() { // the kept tokens lie side by side on [0, 1), each as wide as its probability; where does u fall?
    const u = randomNumber(seed, position), target = u * keptWeight;
    for (let limit = 256; ; limit *= 16) { // nearly always among the most probable: sorting all of them can wait until not
      const ids = highest(logits, ascending, limit, kept);
      let low = 0, high = after.weights[ids[0]], at = 0;
      while (high <= target && at < ids.length - 1) { low = high; high += after.weights[ids[at += 1]]; }
      if (high > target || ids.length === keptCount) return { id: ids[at], how: "sample", u, low: low / keptWeight, high: Math.min(1, high / keptWeight), beside: [ids[at - 1], ids[at + 1]] };
    }
  }
  const apart = (a, b) => (a === undefined || b === undefined ? Infinity : Math.abs(logits[a] - logits[b]));
  const tie = chosen.how === "greedy" ? apart(order[0], order[1]) < NEAR : chosen.how === "sample"
    && (near || (chosen.low > 0 && chosen.u - chosen.low < NEAR) || (chosen.high < 1 && chosen.high - chosen.u < NEAR)
      || chosen.beside.some((other) => apart(chosen.id, other) < NEAR));

  const ids = order.slice(0, n), listed = (of) => ids.reduce((sum, id) => sum + of(id), 0), logit = logits[chosen.id], rank = logits.reduce((ahead, v, id) => ahead + (v > logit || (v === logit && id < chosen.id)), 1);
  const restKept = keptCount - listed((id) => kept[id]); // none of them: exactly nothing is left, whatever the sum rounds to
  const probs = (id) => [model.weights[id] / model.total, after.weights[id] / after.total, kept[id] ? after.weights[id] / keptWeight : 0];
  return {
    position, ids, logits: ids.map((id) => logits[id]), cut: ids.map(cutBy), temperature: greedy ? 1 : temperature, log_z: model.logZ, tempered_log_z: after.logZ + shift,
    kept_count: keptCount, kept_mass: mass, rest: [0, 1, 2].map((stage) => (stage === 2 && !restKept ? 0 : Math.max(0, 1 - listed((id) => probs(id)[stage])))), rest_kept_count: restKept, vocab_size: size,
    chosen: { id: chosen.id, how: chosen.how, u: chosen.u, low: chosen.low, high: chosen.high, rank, logit, cut: cutBy(chosen.id), probs: probs(chosen.id), surprisal_bits: (model.logZ - logit) / Math.LN2 },
    entropy_bits: model.entropy, tempered_entropy_bits: after.entropy, tie,
  };
}
