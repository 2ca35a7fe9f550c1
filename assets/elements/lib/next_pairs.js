// Pairs for "does B follow A?", as BERT's data were made (Devlin et al. 2019, arXiv:1810.04805, section 3.1): components/lm/bert/next_sentence.py.
import { pcg64 } from "./pcg64.js";

/** Pairs of line numbers, {first, second, isNext, other}, as draw_pairs() draws them; `second` is of another text where `other` is true. */
export function drawPairs(lines, others, rounds, seed, elsewhere) {
  const random = pcg64(seed), firsts = [];
  while (firsts.length < rounds) firsts.push(...random.permutation(lines - 1));
  return firsts.slice(0, rounds).map((first) => {
    if (random.random() < 0.5) return { first, second: first + 1, isNext: true, other: false };
    if (elsewhere === "another_text") return { first, second: random.integers(others), isNext: false, other: true };
    const wrong = Array.from({ length: lines }, (_, i) => i).filter((i) => i !== first && i !== first + 1);
    return { first, second: wrong[random.integers(wrong.length)], isNext: false, other: false };
  });
}
