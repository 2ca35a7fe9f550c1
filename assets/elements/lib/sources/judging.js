// What a bundled BERT says of two sentences: does the second follow the first? (components/lm/bert/next_sentence.py)
import { model } from "../engine/engine.js";
import { randomNumber } from "../engine/philox.js";
import { reader } from "./reading.js";

/** Promise of {isNext(first, second)}, a promise of P(IsNext), once the model is there. Rejects with EngineError. */
export async function judging(files, onProgress) {
  const m = model(files);
  await m.open(onProgress);
  const { read } = await reader(m);
  return {
    async isNext(first, second) {
      const { ids, segments } = await read(first, second, { shorten: true }), { nextSentence: [yes, no] } = await m.ask("forward", ids, { segments, nextSentence: true });
      return 1 / (1 + Math.exp(no - yes)); // softmax of two
    },
  };
}

/** The words of a sentence in another order: each draws a number, and they stand in the order of these. */
export function shuffledWords(sentence, seed = 0) {
  const words = sentence.split(/[\p{White_Space}\x1c-\x1f]+/u).filter(Boolean), drawn = words.map((_, i) => randomNumber(seed, i));
  const order = [...words.keys()].sort((a, b) => drawn[a] - drawn[b]);
  if (order.length > 1 && order.every((at, i) => at === i)) order.unshift(order.pop());
  return order.map((i) => words[i]).join(" ");
}
