// BERT (Devlin et al. 2019, arXiv:1810.04805), as transformers computes it: an encoder that looks both ways, and its two heads.
import { attention, desk, embed, feedForward, join, keeping, names, norm, rowsOf, unembed, within } from "./blocks.js";
import { weights } from "./weights.js";

/**
 * One layer of an encoder: attention, then feed-forward, each followed by residual and LayerNorm (Vaswani et al. 2017, section 3.1).
 * apply(l, n, mask, off, kept) turns the stream x [n, size] into the next one, in place.
 */
export function encoderLayer(m, d, { self, norm1, feed, norm2 }) {
  const { x, z } = d, { size } = norm1;
  return function apply(l, n, mask, off, kept) {
    const all = n * size, residualOff = names(off.residual, l), normOff = names(off.norm, l);
    if (!names(off.layers, l)) {
      self.write(x, n, 0);
      self.read(x, z, n, n, mask, { headsOff: within(off.heads, l), weights: kept.attention, parts: kept.heads, lengths: kept.values });
      join(m, z, x, all, { kept: kept.parts.attention, partOff: names(off.attention, l), residualOff });
      norm(m, norm1, x, x, n, normOff);
      feedForward(m, d, feed, x, z, n, within(off.neurons, l));
      join(m, z, x, all, { kept: kept.parts.feedForward, partOff: names(off.feedForward, l), residualOff });
      norm(m, norm2, x, x, n, normOff);
    }
    kept.residual?.push(m.read(x, all));
  };
}

/**
 * bert(config, file, m) -> {forward, lens, vocab}
 *
 * forward(ids, options); all options can be left out:
 *   segments      0 or 1 per token (segment A or B), 0 by default
 *   at            rows whose masked-token logits are wanted; none by default
 *   nextSentence  true: whether B follows A, [2] logits, "follows" first
 *   mask          Uint8Array [n, n]: 1 where the token of that row may look at that column; everything by default
 *   positions, off, keep: see gpt2.js (a layer that is off passes its input on and gives no attention)
 * Returns {logits [at, vocab], nextSentence [2] or null, n, total, attention, residual, parts, heads}.
 */
export function bert(config, file, m) {
  const { hidden_size: size, num_hidden_layers: layers, num_attention_heads: heads, max_position_embeddings: rows, vocab_size: vocab, intermediate_size: hidden, layer_norm_eps: epsilon } = config;
  const load = weights(m, file), d = desk(m, { rows, size, hidden, slots: rows, vocab }), { x, y, z } = d;
  const word = load.tensor("bert.embeddings.word_embeddings.weight"), position = load.tensor("bert.embeddings.position_embeddings.weight");
  const segment = load.tensor("bert.embeddings.token_type_embeddings.weight"), inputNorm = load.norm("bert.embeddings.LayerNorm", epsilon);
  const blocks = Array.from({ length: layers }, (_, l) => {
    const p = `bert.encoder.layer.${l}`, [query, key, value] = ["query", "key", "value"].map((name) => load.linear(`${p}.attention.self.${name}`));
    return {
      self: attention(m, d, { query, key, value, out: load.linear(`${p}.attention.output.dense`) }, heads, rows),
      norm1: load.norm(`${p}.attention.output.LayerNorm`, epsilon),
      feed: { up: load.linear(`${p}.intermediate.dense`), activation: "geluErf", down: load.linear(`${p}.output.dense`) },
      norm2: load.norm(`${p}.output.LayerNorm`, epsilon),
    };
  });
  const stack = blocks.map((block) => encoderLayer(m, d, block));
  const P = "cls.predictions", guessing = load.has(`${P}.transform.dense.weight`) && {
    transform: load.linear(`${P}.transform.dense`), norm: load.norm(`${P}.transform.LayerNorm`, epsilon),
    decoder: { w: word, b: load.tensor(`${P}.bias`), inner: size }, // tied to the word embeddings
  };
  const pairing = load.has("cls.seq_relationship.weight") && { pooler: load.linear("bert.pooler.dense"), relation: load.linear("cls.seq_relationship") };

  function forward(ids, { segments = Array.from(ids, () => 0), positions = Array.from(ids, (_, r) => r), at = [], nextSentence = false, mask = new Uint8Array(ids.length ** 2).fill(1), off = {}, keep = {} } = {}) {
    const n = ids.length, kept = keeping(keep);
    if (n > rows) throw new RangeError(`${n} tokens, room for ${rows}`);
    embed(m, [{ table: word, rows: ids }, { table: position, rows: positions }, { table: segment, rows: segments }], x, size); // section 3, figure 2
    norm(m, inputNorm, x, x, n, off.norm === true);
    kept.residual?.push(m.read(x, n * size));
    stack.forEach((apply, l) => apply(l, n, mask, off, kept));
    return { logits: guess(at), nextSentence: nextSentence ? follows() : null, n, total: n, ...kept };
  }
  /** Task 1, the masked language model: what stands at the rows `at`? [at, vocab] */
  function guess(at) {
    m.f.set(rowsOf(m.f.subarray(x), at, size), z);
    return said(at.length);
  }
  /** Logits [rows, vocab] of the vectors at z: the whole head for masked tokens. */
  function said(count) {
    if (!count) return new Float32Array(0);
    m.linear(z, guessing.transform.w, guessing.transform.b, y, count, size, size);
    m.geluErf(y, count * size);
    norm(m, guessing.norm, y, y, count);
    return unembed(m, d, guessing.decoder, y, count, vocab);
  }
  /** The same of residuals [rows, size] of any layer. */
  function lens(residual) {
    m.f.set(residual, z);
    return said(residual.length / size);
  }
  /** Task 2, next sentence prediction, from the vector of [CLS] through the pooler. [2] */
  function follows() {
    const { pooler, relation } = pairing;
    m.linear(x, pooler.w, pooler.b, z, 1, size, size);
    for (let i = 0; i < size; i++) m.f[z + i] = Math.tanh(m.f[z + i]);
    m.linear(z, relation.w, relation.b, y, 1, size, relation.outer);
    return m.read(y, 2);
  }
  const anatomy = { m, d, blocks, wiring: "post", size, table: word }; // what opened.js looks at
  return { forward, lens, vocab, slots: rows, anatomy };
}
