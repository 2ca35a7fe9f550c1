// What pictures of a training share: tokens read on a logarithmic axis that begins at zero, and the two models' signs.
import { h } from "./dom.js";

export const INK = ["var(--gb-token)", "var(--gb-key)", "var(--gb-position)", "var(--gb-segment-b)"];
export const DASH = [null, "7 4", "2 3", "9 3 2 3"];

/** The sign of line i: disc, square, triangle, diamond. */
export function spot(i, x, y, r) {
  const shape = { fill: INK[i], stroke: "var(--gb-background)", "stroke-width": 1.5 };
  if (i === 0) return h("circle", { cx: x, cy: y, r, ...shape });
  if (i === 1) return h("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r, ...shape });
  if (i === 2) return h("polygon", { points: `${x},${y - r * 1.2} ${x + r * 1.1},${y + r} ${x - r * 1.1},${y + r}`, ...shape });
  return h("polygon", { points: `${x},${y - r * 1.3} ${x + r * 1.3},${y} ${x},${y + r * 1.3} ${x - r * 1.3},${y}`, ...shape });
}

/** Tokens read, logarithmic, with the moment before training at the left edge: place(left, right)(tokens), and ticks. */
export function axis(tokens) {
  const positive = tokens.filter((n) => n > 0), low = Math.log10(Math.min(...positive)), high = Math.log10(Math.max(...positive)), room = 0.09;
  const share = (n) => (n > 0 ? room + (1 - room) * (high > low ? (Math.log10(n) - low) / (high - low) : 1) : 0);
  const ticks = [0];
  for (let power = Math.ceil(low); power <= high; power += 1) if (share(10 ** power) > 0.15) ticks.push(10 ** power);
  return { ticks, place: (left, right) => (n) => left + share(n) * (right - left) };
}

/** The ticks whose labels do not touch, in letters of `size` pixels around `x(n)`; where two would, the larger number stays. */
export function apart(ticks, x, word, size) {
  const half = (n) => 0.5 * size * [...word(n)].reduce((sum, letter) => sum + (letter >= "\u1100" ? 1 : 0.6), 0), kept = [];
  for (const n of [...ticks].reverse()) if (!kept.length || x(n) + half(n) + 0.3 * size < x(kept[0]) - half(kept[0])) kept.unshift(n);
  return kept;
}

/** 115000 as 115K, in Korean as 11.5만: three digits. */
export const compact = (n, lang) => new Intl.NumberFormat(lang, { notation: "compact", maximumSignificantDigits: 3 }).format(n);

/** Probabilities among a few candidates, from their log-probabilities. */
export function softmax(logprobs) {
  const most = Math.max(...logprobs), weights = logprobs.map((x) => Math.exp(x - most)), sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((x) => x / sum);
}
