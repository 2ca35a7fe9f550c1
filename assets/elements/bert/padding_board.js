// Three texts in one batch. Every digit of the attention mask can be flipped; what leaks is shown at each token.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, flips: new Set(), stop: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-padding_board");
  const w = data.words;
  if (state.rev !== data.rev || state.id !== data.id) { state.rev = data.rev; state.id = data.id; state.flips = new Set(data.flips.map(([a, b]) => `${a}.${b}`)); }
  const toggle = (text, place) => {
    const key = `${text}.${place}`;
    if (state.flips.has(key)) state.flips.delete(key); else state.flips.add(key);
    setStateValue("flips", { flips: [...state.flips].map((k) => k.split(".").map(Number)), id: data.id, rev: state.rev });
  };
  const focus = root.getRootNode().activeElement?.dataset?.at;
  fill(root, ...data.tokens.map((row, text) => h("section", { class: "text" },
    h("div", { class: "grid", style: { "--n": row.length } },
      h("span", { class: "label" }, say(w.text, { n: text + 1 })), ...row.map((token, i) => h("span", { class: data.real[text][i] ? "token" : "token pad", title: token }, visible(token))),
      h("span", { class: "label mono" }, "attention_mask"), ...row.map((token, i) => h("button", { type: "button", "data-at": `${text}.${i}`, class: `bit ${data.mask[text][i] ? "on" : "off"}${data.mask[text][i] === Number(data.real[text][i]) ? "" : " flipped"}`, "aria-label": say(w.flip, { token, bit: data.mask[text][i] }), onclick: () => toggle(text, i) }, data.mask[text][i])),
      h("span", { class: "label" }, w.change), ...row.map((_, i) => h("span", { class: "level-box" }, data.real[text][i] ? h("span", { class: "level", title: full(data.change[text][i]), style: { height: `${Math.min(100, 100 * Math.sqrt(Math.max(0, data.change[text][i])))}%` } }) : null, h("span", { class: "v" }, data.real[text][i] ? num(Math.max(0, data.change[text][i]), 2) : "")))),
    h("p", { class: data.largest[text] > 0 ? "sum leak" : "sum" }, data.largest[text] > 0 ? say(w.leaks, { n: num(data.largest[text]) }) : w.tight))));
  if (focus) root.querySelector(`[data-at="${focus}"]`)?.focus();
  state.stop?.();
  state.stop = offerPicture("padding", () => {
    const cw = 74, svg = frame(30 + cw * data.tokens[0].length, 40 + 100 * data.tokens.length);
    data.tokens.forEach((row, text) => row.forEach((token, i) => svg.append(
      h("text", { x: 20 + cw * (i + 0.5), y: 40 + 100 * text, "text-anchor": "middle", "font-size": 14, "font-family": "monospace", fill: data.real[text][i] ? "var(--gb-text)" : "var(--gb-cut)" }, visible(token)),
      h("text", { x: 20 + cw * (i + 0.5), y: 64 + 100 * text, "text-anchor": "middle", "font-size": 15, "font-weight": 700, "font-family": "monospace", fill: data.mask[text][i] ? "var(--gb-token)" : "var(--gb-cut)" }, data.mask[text][i]),
      h("text", { x: 20 + cw * (i + 0.5), y: 86 + 100 * text, "text-anchor": "middle", "font-size": 12, "font-family": "monospace", fill: "var(--gb-quiet)" }, data.real[text][i] ? num(Math.max(0, data.change[text][i]), 2) : ""))));
    return svg;
  });
  return () => state.stop?.();
});
