// A sentence as a tagger or a question answerer sees it, beside what is right; with tagged.css.
import { h, words as say } from "./dom.js";

/** The words of a row ({words, gold}) with the tags that are said of them; what is missed is outlined. */
export function tagged(row, said, tags, w) {
  return row.words.map((word, i) => h("span", { class: `word tag-${said[i]}${said[i] === row.gold[i] ? "" : " miss"}`, title: say(w.word_title, { said: said[i] ? w[`tag_${tags[said[i]]}`] : "O", gold: row.gold[i] ? w[`tag_${tags[row.gold[i]]}`] : "O" }) }, word, said[i] || row.gold[i] ? h("small", {}, said[i] ? w[`short_${tags[said[i]]}`] : "–", said[i] === row.gold[i] ? "" : "✗") : null));
}

/** The text of a row ({text, offsets, gold}) with the span of tokens that is said, and the first right one. */
export function spanned(row, said) {
  const chars = (span) => [row.offsets[span[0]][0], row.offsets[span[1]][1]];
  const [from, to] = chars(said), [a, b] = chars(row.gold[0]), cuts = [...new Set([0, from, to, a, b, row.text.length])].sort((x, y) => x - y);
  return cuts.slice(0, -1).map((at, i) => h("span", { class: `${at >= from && at < to ? "said" : ""} ${at >= a && at < b ? "gold" : ""}` }, row.text.slice(at, cuts[i + 1])));
}

/** Whether all tags of a sentence are right; whether a span is one of the right ones. */
export const allRight = (row, said) => said.every((tag, k) => tag === row.gold[k]);
export const spanRight = (row, said) => row.gold.some(([a, b]) => a === said[0] && b === said[1]);
