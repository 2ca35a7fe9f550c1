// Sentences that differ in one word: how each model shares the blank between the same candidates.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { full, narrowed, percent } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { INK, spot } from "../glassbox.lib/training.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null }));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-pair_bars");
  const { rows, candidates, models, words: w } = data;
  const mark = (c) => h("svg", { class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, spot(c, 8, 8, 6));
  const cell = (shares) => h("td", {}, h("span", { class: "bar", role: "img", "aria-label": candidates.map((word, c) => `${word} ${percent(shares[c])}`).join(", ") },
    ...shares.map((p, c) => h("span", { class: "part", title: `${candidates[c]}: ${full(p)}`, style: { width: `${100 * p}%`, background: INK[c] } }))),
  h("span", { class: "numbers" }, ...shares.map((p, c) => h("span", {}, mark(c), ` ${candidates[c]} ${percent(p)}`))));
  fill(root, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.bias_sentence), ...models.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.sentence), ...row.shares.map(cell))))));
  state.stop?.();
  state.stop = offerPicture("learning-bias", () => {
    const svg = frame(900, 40 + 44 * rows.length), text = (x, y, string, size = 14) => h("text", { x, y, "font-size": size, "font-family": "sans-serif", fill: "var(--gb-text)" }, string);
    models.forEach((name, m) => svg.append(text(380 + 265 * m, 20, name)));
    rows.forEach((row, k) => {
      svg.append(text(8, 56 + 44 * k, narrowed(row.sentence, 52)));
      row.shares.forEach((shares, m) => {
        let x = 380 + 265 * m;
        shares.forEach((p, c) => { svg.append(h("rect", { x, y: 38 + 44 * k, width: 245 * p, height: 12, fill: INK[c] })); x += 245 * p; });
        svg.append(text(380 + 265 * m, 66 + 44 * k, candidates.map((word, c) => `${word} ${percent(shares[c])}`).join("  "), 12));
      });
    });
    return svg;
  });
  return () => state.stop?.();
});
