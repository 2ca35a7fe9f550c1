// The whole of GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3), as transformers computes it.
import { attention, causal, desk, embed, feedForward, join, keeping, names, norm, onlyRows, rowsOf, unembed, within } from "./blocks.js";
import { weights } from "./weights.js";

/**
 * gpt2(config, file, m, slots) -> {forward, lens, forget, length, vocab, slots, anatomy}: a model over the tensors of `file`, in the memory `m`.
 *
 * forward(ids, options) reads the tokens `ids`, n of them, after those that were read before; their keys and values are kept in
 * `slots` places, by default one for each position the model knows. All options can be left out:
 *   at         rows whose logits are wanted, [n - 1] by default
 *   positions  position of each token, by default its slot
 *   mask       Uint8Array [n, total]: 1 where the token of that row may look at that slot; causal by default. With positions and
 *              mask several continuations share one cache: each looks at the beginning and at its own tokens.
 *   off        {layers, attention, feedForward, residual, norm}: true or a list of layers; {heads, neurons}: pairs [layer, number]
 *   keep       names of what is wanted back beside the logits: {attention, values, residual, parts, heads, states}, true or false
 * Returns
 *   logits     [at, vocab];  n;  total: how many slots are filled now
 *   attention  [heads, n, total] of each layer
 *   values     [heads, n] of each layer: how long a head's value is behind the output projection (blocks.js)
 *   residual   [n, size] before the first layer and after each
 *   parts      {attention, feedForward}, each [n, size] of each layer: their sum and residual[0] make the last residual
 *   heads      [heads, n, size] of each layer: what each head adds
 *   states     [n, size]: the last residual after the final LayerNorm
 * What was read with other `off` or `mask` stays in the cache as it was: forget() first. Throws RangeError where the slots are full.
 */
export function gpt2(config, file, m, slots = config.n_positions) {
  const { n_embd: size, n_layer: layers, n_head: heads, n_positions: rows, vocab_size: vocab, layer_norm_epsilon: epsilon } = config;
  const load = weights(m, file), d = desk(m, { rows, size, hidden: config.n_inner ?? 4 * size, slots, vocab }), { x, y, z } = d;
  const wte = load.tensor("transformer.wte.weight"), wpe = load.tensor("transformer.wpe.weight");            // [vocab, size], [positions, size]
  const blocks = Array.from({ length: layers }, (_, l) => {
    const p = `transformer.h.${l}`, all = load.linear(`${p}.attn.c_attn`, { transposed: true });             // [3 size, size]: query, key, value
    const [query, key, value] = [0, 1, 2].map((k) => ({ w: all.w + k * size * size, b: all.b + k * size, inner: size, outer: size }));
    return {
      norm1: load.norm(`${p}.ln_1`, epsilon),
      attention: attention(m, d, { query, key, value, out: load.linear(`${p}.attn.c_proj`, { transposed: true }) }, heads, slots),
      norm2: load.norm(`${p}.ln_2`, epsilon),
      feed: { up: load.linear(`${p}.mlp.c_fc`, { transposed: true }), activation: "geluTanh", down: load.linear(`${p}.mlp.c_proj`, { transposed: true }) },
    };
  });
  const finalNorm = load.norm("transformer.ln_f", epsilon), head = { w: wte, b: 0, inner: size };            // tied to wte [vocab, size]
  let length = 0;

  function forward(ids, { at = [ids.length - 1], positions = Array.from(ids, (_, r) => length + r), mask = causal(ids.length, length), off = {}, keep = {} } = {}) {
    const from = length, total = from + ids.length, kept = keeping(keep), everyRow = Object.values(keep).some(Boolean);
    if (total > slots) throw new RangeError(`${total} tokens, room for ${slots}`);
    let n = ids.length;
    embed(m, [{ table: wte, rows: ids }, { table: wpe, rows: positions }], x, size);                         // x = token + position           [n, size]
    kept.residual?.push(m.read(x, n * size));
    blocks.forEach((block, l) => {
      const layerOff = names(off.layers, l), residualOff = names(off.residual, l), normOff = names(off.norm, l);
      norm(m, block.norm1, x, y, n, normOff);                                                                // y = LayerNorm(x): before each part,
      block.attention.write(y, n, from);                                                                     //   unlike BERT                [n, size]
      if (l === layers - 1 && !everyRow) {                                                                   // of all other rows nobody reads more
        onlyRows(m, [x, y], at, size);                                                                       //   of the last block than keys and values
        mask = rowsOf(mask, at, total);                                                                      //                              [at, total]
        n = at.length;
      }
      block.attention.read(y, z, n, total, mask, { headsOff: within(off.heads, l), weights: kept.attention, parts: kept.heads, lengths: kept.values });
      join(m, z, x, n * size, { kept: kept.parts.attention, partOff: layerOff || names(off.attention, l), residualOff: residualOff && !layerOff });
      norm(m, block.norm2, x, y, n, normOff);
      feedForward(m, d, block.feed, y, z, n, within(off.neurons, l));                                        // up to 4 size, GELU, down again [n, size]
      join(m, z, x, n * size, { kept: kept.parts.feedForward, partOff: layerOff || names(off.feedForward, l), residualOff: residualOff && !layerOff });
      kept.residual?.push(m.read(x, n * size));
    });
    length = total;
    if (keep.states) {
      norm(m, finalNorm, x, y, n, names(off.norm, layers));
      kept.states = m.read(y, n * size);
    }
    if (everyRow) onlyRows(m, [x], at, size);
    norm(m, finalNorm, x, y, at.length, names(off.norm, layers));
    return { logits: unembed(m, d, head, y, at.length, vocab), n: ids.length, total, ...kept };              // LayerNorm(x) · wteᵀ           [at, vocab]
  }

  /** Logits [rows, vocab] of residuals [rows, size] of any layer: the logit lens (nostalgebraist 2020). */
  function lens(residual) {
    const rows = residual.length / size;
    m.f.set(residual, x);
    norm(m, finalNorm, x, y, rows);
    return unembed(m, d, head, y, rows, vocab);
  }
  const anatomy = { m, d, blocks, wiring: "pre", size, table: wte };                                         // what opened.js looks at
  return { forward, lens, forget: (to = 0) => { length = Math.min(length, to); }, get length() { return length; }, vocab, slots, anatomy };
}
