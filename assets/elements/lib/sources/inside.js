// What goes on inside a bundled GPT at the last position of a text: components/lm/gpt/generation.py (last_attention, logit_lens) in the browser.
import { model } from "../engine/engine.js";
import { largest, logSoftmax } from "./masking.js";
import { spelled } from "./writing.js";

/**
 * Promise of {attention, lens}, once the model is there. Rejects with EngineError. Each takes the ids of a text.
 *
 * attention(ids): promise of {shape: [layers, heads, keys], weight(layer, head, key)}, of the last position.
 * lens(ids, chosen): promise of a row for the embedding and one after each layer, {top, p, rank, own}: the text of the token that it would say and
 * its probability, rank and probability of the token `chosen` (null: of the model's own first).
 */
export async function inside(files, onProgress) {
  const m = model(files), { vocab, special } = await m.open(onProgress), names = await m.ask("names"), marks = new Set(special);
  const text = (id) => spelled(names[id] ?? "", marks.has(id)).text;
  return {
    async attention(ids) {
      const { attention, n, total } = await m.ask("read", ids, { at: [], keep: { attention: true } }), heads = attention[0].length / (n * total);
      return { shape: [attention.length, heads, total], weight: (layer, head, key) => attention[layer][(head * n + n - 1) * total + key] };
    },
    async lens(ids, chosen) {
      const { residual, n } = await m.ask("read", ids, { at: [], keep: { residual: true } }), size = residual[0].length / n;
      const logits = await m.ask("lens", Float32Array.from(residual.flatMap((x) => [...x.subarray((n - 1) * size, n * size)])));
      const rows = residual.map((_, r) => logSoftmax(logits.subarray(r * vocab, (r + 1) * vocab))), followed = chosen ?? largest(rows.at(-1), 1)[0];
      return rows.map((log) => {
        const [top] = largest(log, 1);
        return { top: text(top), p: Math.exp(log[top]), rank: log.reduce((above, x) => above + (x > log[followed] ? 1 : 0), 1), own: Math.exp(log[followed]) };
      });
    },
  };
}
