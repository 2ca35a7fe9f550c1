// What a change of the input changed: final vectors, the guess under a [MASK], the next-sentence answer.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent, full, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null }));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-input_effects");
  const w = data.words;
  const pair = (name, before, after) => h("div", { class: "pair" }, h("span", { class: "name", title: name }, name),
    h("span", { class: "tracks" }, h("span", { class: "track" }, h("span", { class: "fill before", style: { width: `${100 * before}%` } })), h("span", { class: "track" }, h("span", { class: "fill after", style: { width: `${100 * after}%` } }))),
    h("span", { class: "p" }, h("span", { title: full(before) }, percent(before)), h("span", { class: "after", title: full(after) }, percent(after))));
  const legend = h("p", { class: "legend" }, h("span", { class: "key before" }), w.before, h("span", { class: "key after" }), w.after);
  fill(root, h("div", { class: "columns" },
    h("section", { class: "vectors" }, h("h4", {}, w.vectors), h("p", { class: "note" }, say(w.largest, { n: num(data.largest) })),
      h("div", { class: "cells" }, ...data.tokens.map((token, i) => h("div", { class: "cell" }, h("span", { class: "c", title: full(data.cosines[i]) }, data.cosines[i].toFixed(3).replace("-", "−")), h("span", { class: "column", "aria-hidden": "true" }, h("span", { class: "level", style: { height: `${100 * Math.min(1, Math.max(0, data.cosines[i]))}%` } })), h("span", { class: "t", title: token }, visible(token)))))),
    h("section", {}, h("h4", {}, data.asked ? say(w.masked, { token: visible(data.asked) }) : w.masked_none), ...(data.guesses.length ? [legend, ...data.guesses.map(([token, before, after]) => pair(visible(token), before, after))] : [h("p", { class: "note" }, data.asked ? w.cannot_mask : w.choose)])),
    h("section", {}, h("h4", {}, w.next), ...(data.is_next ? [legend.cloneNode(true), pair(w.is_next, ...data.is_next), pair(w.not_next, 1 - data.is_next[0], 1 - data.is_next[1]), h("p", { class: "note" }, data.pair ? "" : w.no_pair)] : [h("p", { class: "note" }, w.cannot_next)]))));
  state.stop?.();
  state.stop = offerPicture("effects", () => {
    const svg = frame(900, 60 + 30 * Math.max(data.tokens.length, data.guesses.length + 1));
    data.tokens.forEach((token, i) => svg.append(h("text", { x: 20, y: 50 + 26 * i, "font-size": 14, "font-family": "monospace", fill: "var(--gb-text)" }, visible(token)), h("rect", { x: 140, y: 38 + 26 * i, width: 180 * Math.max(0, data.cosines[i]), height: 15, fill: "var(--gb-position)" }), h("text", { x: 330, y: 50 + 26 * i, "font-size": 13, "font-family": "monospace", fill: "var(--gb-text)" }, data.cosines[i].toFixed(3).replace("-", "−"))));
    data.guesses.forEach(([token, before, after], i) => svg.append(h("text", { x: 430, y: 50 + 30 * i, "font-size": 14, "font-family": "monospace", fill: "var(--gb-text)" }, visible(token)), h("rect", { x: 560, y: 36 + 30 * i, width: 220 * before, height: 9, fill: "var(--gb-cut)" }), h("rect", { x: 560, y: 46 + 30 * i, width: 220 * after, height: 9, fill: "var(--gb-token)" }), h("text", { x: 790, y: 50 + 30 * i, "font-size": 12, "font-family": "monospace", fill: "var(--gb-text)" }, `${percent(before)} → ${percent(after)}`)));
    return svg;
  });
  return () => state.stop?.();
});
