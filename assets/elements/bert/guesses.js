// Guesses of a model as bars: the same rows in the lab and in the panels below it.
import { h, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible, full } from "../glassbox.lib/format.js";

/** "[MASK]" stays; "##ing" stays; spaces are drawn. */
export const shown = (token) => visible(token) || "∅";

/** What all other tokens have together; the original has a row of its own (`apart`) where it is not among the candidates. */
const restOf = ({ rest, original }, apart) => (apart ? Math.max(0, rest - original.p) : rest);

/**
 * One guess as a table. guess: {candidates: [[id, token, p, before?]], rest, original: {id, token, p, before, rank, loss} | null}
 * onTake(id, token): makes the tokens buttons.
 */
export function guessTable(guess, { words: w, scale = 1, onTake, mark, caption }) {
  const width = (p) => `${Math.min(100, (p / scale) * 100)}%`;
  const row = (token, p, { before, own, id, rest, rank } = {}) => h("tr", { class: `${own ? "own" : ""}${rest ? " rest" : ""}` },
    h("td", { class: "rank" }, rank ?? ""),
    h("td", { class: "name" }, onTake && !rest
      ? h("button", { type: "button", title: say(w.take, { token: shown(token) }), "aria-label": say(w.take, { token: shown(token) }), onclick: () => onTake(id, token) }, shown(token))
      : h("span", {}, rest ? token : shown(token)), own ? h("span", { class: "tick", title: w.original }, " ✓") : null),
    h("td", { class: "bar", title: full(p) }, h("span", { class: "fill", style: { width: width(p) } }),
      before !== undefined && before !== null && Math.abs(before - p) > 1e-6 ? h("span", { class: "before", style: { left: width(before) }, title: `${w.before} ${percent(before)}` }) : null,
      h("span", { class: "value" }, percent(p))));
  const own = guess.original;
  const rows = guess.candidates.map(([id, token, p, before], i) => row(token, p, { before, id, rank: i + 1, own: own && id === own.id }));
  const inside = own && guess.candidates.some(([id]) => id === own.id);
  if (own && !inside) rows.push(row(own.token, own.p, { before: own.before, id: own.id, own: true, rank: own.rank }));
  rows.push(row(w.everything_else, restOf(guess, own && !inside), { rest: true }));
  return h("table", { class: "guesses", "aria-label": caption ?? w.table }, h("tbody", {}, ...rows));
}

/** "✓ bread: rank 3, 12.1%, loss 2.11" */
export function ownLine(guess, w) {
  const own = guess.original;
  return own ? say(w.own_line, { token: shown(own.token), rank: own.rank, p: percent(own.p), loss: num(own.loss) }) : w.no_original;
}

/** The rows of a guess in an SVG picture; returns the height used. */
export function guessPicture(svg, guess, x, y, title, w) {
  const text = (dx, dy, content, props = {}) => svg.append(h("text", { x: x + dx, y: y + dy, "font-size": 14, "font-family": "monospace", fill: "var(--gb-text)", ...props }, content));
  text(0, 14, title, { "font-weight": 700 });
  const own = guess.original;
  const rows = guess.candidates.map(([id, token, p]) => [shown(token), p, own && id === own.id]);
  const apart = own && !rows.some((r) => r[2]);
  if (apart) rows.push([`${shown(own.token)} (${own.rank})`, own.p, true]);
  rows.push([w.everything_else, restOf(guess, apart), false]);
  rows.forEach(([name, p, mine], i) => {
    const top = 26 + i * 22;
    text(0, top + 14, name + (mine ? " ✓" : ""), { fill: mine ? "var(--gb-token)" : "var(--gb-text)" });
    svg.append(h("rect", { x: x + 150, y: y + top + 1, width: Math.max(0.5, 110 * p), height: 16, fill: mine ? "var(--gb-token)" : "var(--gb-seq-2)" }));
    text(266, top + 14, percent(p), { fill: "var(--gb-quiet)" });
  });
  return 26 + rows.length * 22;
}
