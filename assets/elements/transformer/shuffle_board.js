// One sentence read four times: as written and shuffled, with position rows and with row 0 for every token.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { narrowed, num, percent, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null }));
const clean = (token) => visible(token.replace(/Ġ/g, " "));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-shuffle_board");
  const w = data.words;
  const card = (kind, i) => {
    const { words, top } = data.readings[kind][i];
    return h("section", { class: "card" },
      h("header", {}, h("b", {}, w[i ? "shuffled" : "original"])),
      h("p", { class: "sentence" }, ...words.map((word) => h("span", { class: word === data.mask ? "word asked" : "word" }, word))),
      h("div", { class: "bars", role: "img", "aria-label": `${w.top}: ${top.map(([token, p]) => `${clean(token)} ${percent(p)}`).join(", ")}` },
        ...top.map(([token, p], at) => h("div", { class: at ? "bar" : "bar first" }, h("span", { class: "name" }, clean(token)), h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${100 * p}%` } })), h("span", { class: "p", title: String(p) }, percent(p))))));
  };
  const kinds = ["normal", "same"];
  fill(root, ...kinds.map((kind) => h("div", { class: "row" }, h("h4", {}, w[kind]), card(kind, 0), card(kind, 1),
    h("div", { class: "vectors" }, h("span", { class: "what" }, w.same_vectors),
      h("div", { class: "cells" }, ...data.tokens.map((token, i) => h("span", { class: "cell" }, h("span", { class: "t" }, clean(token)), h("span", { class: "column", "aria-hidden": "true" }, h("span", { class: "level", style: { height: `${Math.max(0, data.cosines[kind][i]) * 100}%` } })), h("span", { class: "c", title: String(data.cosines[kind][i]) }, Math.abs(1 - data.cosines[kind][i]) < 1e-5 ? "1" : num(data.cosines[kind][i])))))))));
  state.stop?.();
  state.stop = offerPicture("shuffle", () => {
    const svg = frame(900, 420);
    kinds.forEach((kind, row) => [0, 1].forEach((column) => {
      const { words, top } = data.readings[kind][column], x = 20 + column * 440, y = 30 + row * 200;
      svg.append(h("text", { x, y, "font-size": 14, "font-weight": 700, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${w[kind]}, ${w[column ? "shuffled" : "original"]}`),
        h("text", { x, y: y + 20, "font-size": 12, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, narrowed(words.join(" "), 70)));
      top.forEach(([token, p], i) => svg.append(h("text", { x, y: y + 48 + 24 * i, "font-size": 13, "font-family": "monospace", fill: "var(--gb-text)" }, clean(token)), h("rect", { x: x + 110, y: y + 36 + 24 * i, width: 240 * p, height: 15, fill: "var(--gb-token)" }), h("text", { x: x + 356, y: y + 48 + 24 * i, "font-size": 13, "font-family": "monospace", fill: "var(--gb-text)" }, percent(p))));
    }));
    return svg;
  });
  return () => state.stop?.();
});
