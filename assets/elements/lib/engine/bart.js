// An encoder and a decoder (Vaswani et al. 2017, section 3.1), in the form of BART (Lewis et al. 2020, arXiv:1910.13461), as transformers
// computes it: BERT's layers read, GPT's mask writes, and between them cross-attention looks from the one into the other.
import { encoderLayer } from "./bert.js";
import { attention, causal, desk, embed, feedForward, join, keeping, names, norm, rowsOf, unembed, within } from "./blocks.js";
import { weights } from "./weights.js";

/**
 * bart(config, file, m) -> {encode, forward, forget, length, vocab}
 *
 * encode(ids, {mask, off, keep}) reads the source text; returns what bert's forward returns, without logits.
 * forward(ids, {at, positions, mask, sourceMask, off, keep}) reads target tokens after those read before, as gpt2's does; sourceMask is
 * Uint8Array [n, source]. Returns besides `cross`: the cross-attention weights by layer, [heads, n, source]. In `off`, `cross` names layers
 * whose cross-attention adds nothing.
 */
export function bart(config, file, m) {
  const { d_model: size, vocab_size: vocab, max_position_embeddings: rows } = config, hidden = Math.max(config.encoder_ffn_dim, config.decoder_ffn_dim), epsilon = 1e-5;
  const load = weights(m, file), d = desk(m, { rows, size, hidden, slots: rows, vocab }), { x, y, z } = d, scale = config.scale_embedding ? Math.sqrt(size) : 1;
  const words = load.tensor("model.shared.weight"), source = m.room(rows * size);
  const projections = (p) => ({ query: load.linear(`${p}.q_proj`), key: load.linear(`${p}.k_proj`), value: load.linear(`${p}.v_proj`), out: load.linear(`${p}.out_proj`) });
  const layer = (p, heads) => ({
    self: attention(m, d, projections(`${p}.self_attn`), heads, rows), norm1: load.norm(`${p}.self_attn_layer_norm`, epsilon),
    feed: { up: load.linear(`${p}.fc1`), activation: "geluErf", down: load.linear(`${p}.fc2`) }, norm2: load.norm(`${p}.final_layer_norm`, epsilon),
  });
  const side = (name) => ({ positions: load.tensor(`model.${name}.embed_positions.weight`), inputNorm: load.norm(`model.${name}.layernorm_embedding`, epsilon) });
  const encoder = { ...side("encoder"), stack: Array.from({ length: config.encoder_layers }, (_, l) => encoderLayer(m, d, layer(`model.encoder.layers.${l}`, config.encoder_attention_heads))) };
  const decoder = { ...side("decoder"), stack: Array.from({ length: config.decoder_layers }, (_, l) => {
    const p = `model.decoder.layers.${l}`;
    return { ...layer(p, config.decoder_attention_heads), cross: attention(m, d, projections(`${p}.encoder_attn`), config.decoder_attention_heads, rows), crossNorm: load.norm(`${p}.encoder_attn_layer_norm`, epsilon) };
  }) };
  const head = { w: words, b: load.tensor("final_logits_bias"), inner: size };
  let read = 0, length = 0;

  /** x = LayerNorm(token + position); BART's table of positions begins with two rows that it does not use. */
  function begin(ids, positions, part, off) {
    embed(m, [{ table: words, rows: ids, scale }, { table: part.positions, rows: Array.from(positions, (p) => p + 2) }], x, size);
    norm(m, part.inputNorm, x, x, ids.length, off.norm === true);
  }

  function encode(ids, { mask = new Uint8Array(ids.length ** 2).fill(1), off = {}, keep = {} } = {}) {
    const n = ids.length, kept = keeping(keep);
    if (n > rows) throw new RangeError(`${n} tokens, room for ${rows}`);
    begin(ids, ids.map((_, r) => r), encoder, off);
    kept.residual?.push(m.read(x, n * size));
    encoder.stack.forEach((apply, l) => apply(l, n, mask, off, kept));
    m.f.copyWithin(source, x, x + n * size);
    for (const { cross } of decoder.stack) cross.write(source, n, 0); // keys and values of the source, once for all target tokens
    read = n;
    length = 0;
    return { n, total: n, ...kept };
  }

  function forward(ids, { at = [ids.length - 1], positions = Array.from(ids, (_, r) => length + r), mask = causal(ids.length, length), sourceMask = new Uint8Array(ids.length * read).fill(1), off = {}, keep = {} } = {}) {
    const n = ids.length, from = length, total = from + n, all = n * size, kept = keeping(keep), crossed = keep.attention ? [] : null;
    if (total > rows) throw new RangeError(`${total} tokens, room for ${rows}`);
    begin(ids, positions, decoder, off);
    kept.residual?.push(m.read(x, all));
    decoder.stack.forEach((block, l) => {
      const residualOff = names(off.residual, l), normOff = names(off.norm, l);
      if (!names(off.layers, l)) {
        block.self.write(x, n, from);
        block.self.read(x, z, n, total, mask, { headsOff: within(off.heads, l), weights: kept.attention, parts: kept.heads });
        join(m, z, x, all, { kept: kept.parts.attention, partOff: names(off.attention, l), residualOff });
        norm(m, block.norm1, x, x, n, normOff);
        block.cross.read(x, z, n, read, sourceMask, { weights: crossed });   // queries from the target, keys and values from the source
        join(m, z, x, all, { partOff: names(off.cross, l), residualOff });
        norm(m, block.crossNorm, x, x, n, normOff);
        feedForward(m, d, block.feed, x, z, n, within(off.neurons, l));
        join(m, z, x, all, { kept: kept.parts.feedForward, partOff: names(off.feedForward, l), residualOff });
        norm(m, block.norm2, x, x, n, normOff);
      }
      kept.residual?.push(m.read(x, all));
    });
    length = total;
    m.f.set(rowsOf(m.f.subarray(x), at, size), y);
    return { logits: unembed(m, d, head, y, at.length, vocab), n, total, ...kept, cross: crossed };
  }
  return { encode, forward, forget: (to = 0) => { length = Math.min(length, to); }, get length() { return length; }, vocab, slots: rows };
}
