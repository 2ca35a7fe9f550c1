// A race of lanes in the reader's browser: the same beginning, written on by several strategies of strategies.js.
import { model } from "../engine/engine.js";
import { spelled } from "./writing.js";

/**
 * Promise of {prompt, lane, story}, once the model is there. Rejects with EngineError.
 *
 * prompt(text, most): promise of {ids, texts, dropped}, the last `most` tokens of a beginning. lane(ids, lane, most, seed, picks): promise of
 * {ids, texts, logprobs, ranks, candidates: [[id, p, text]], tree, ended}. story(beginning, text, most): the same of a text that is given.
 */
export async function racing(files, onProgress) {
  const m = model(files), { config } = await m.open(onProgress), names = await m.ask("names"), special = new Set((await m.open()).special), ends = [config.eos_token_id].flat();
  await m.ask("prepare", "strategies");
  const text = (id) => spelled(names[id] ?? "", special.has(id)).text;
  async function told(prompt, ids, tree = null) {
    const { logprobs, ranks, candidates } = await m.ask("tell", prompt, ids);
    return { ids, ended: ends.includes(ids.at(-1)), texts: ids.map(text), logprobs, ranks, candidates: candidates.map((row) => row.map(([id, p]) => [id, p, text(id)])), tree: tree && { ...tree, nodes: tree.nodes.map((node) => [...node, text(node[2])]) } };
  }
  return {
    async prompt(beginning, most) {
      const all = beginning ? (await m.ask("encode", beginning)).ids : [];
      if (!all.length) all.push(config.bos_token_id ?? ends[0]);
      const ids = all.slice(-most);
      return { ids, ended: ends.includes(ids.at(-1)), texts: ids.map(text), dropped: all.length - ids.length };
    },
    async lane(prompt, lane, most, seed, picks = []) {
      const { ids, tree } = await m.ask("write", prompt, lane, most, seed, ends, picks);
      return told(prompt, ids, tree);
    },
    async story(beginning, continuation, prompt, most) {
      const { ids } = await m.ask("encode", beginning + continuation);
      return told(prompt, ids.slice(prompt.length, prompt.length + most));
    },
  };
}
