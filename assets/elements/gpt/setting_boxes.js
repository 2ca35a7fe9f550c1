// Zero-shot, one-shot, few-shot, fine-tuning side by side: what is given, what changes, and a number for each.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null }));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-setting_boxes"), { boxes, words: w } = data;
  const padlock = (open) => h("svg", { class: "padlock", viewBox: "0 0 20 20", "aria-hidden": "true" }, h("path", { d: open ? "M5.5 9V6.5a4.5 4.5 0 0 1 8.6-1.8" : "M5.5 9V6.5a4.5 4.5 0 0 1 9 0V9", fill: "none", stroke: "currentColor", "stroke-width": 2 }), h("rect", { x: 3.5, y: 9, width: 13, height: 9, rx: 1.5, fill: "currentColor" }));
  fill(root, h("div", { class: "boxes" }, ...boxes.map((box) => h("section", { class: "box", "data-setting": box.name },
    h("h3", {}, box.title), h("p", { class: "given" }, h("span", { class: "label" }, w.given), box.given),
    h("pre", { class: "prompt" }, box.prompt),
    h("p", { class: `weights${box.changes ? " moved" : ""}` }, padlock(box.changes), " ", box.changes ? w.moves : w.stays, h("br"), h("code", {}, box.before.slice(0, 12)), " → ", h("code", { class: "after" }, box.after.slice(0, 12))),
    h("ul", {}, ...box.pros.map((text) => h("li", { class: "pro" }, h("b", {}, "+ "), text)), ...box.cons.map((text) => h("li", { class: "con" }, h("b", {}, "− "), text))),
    h("dl", {}, ...box.numbers.flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]))))));
  state.stop?.();
  state.stop = offerPicture("in-context-settings", () => {
    const W = 270, svg = frame(W * boxes.length, 210);
    const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
    boxes.forEach((box, i) => {
      const x = i * W + 10;
      svg.append(h("rect", { x: x - 4, y: 6, width: W - 12, height: 196, fill: "none", stroke: box.changes ? "var(--gb-key)" : "var(--gb-token)", "stroke-width": 2, rx: 8 }), text(x + 6, 32, box.title, { "font-weight": 700, "font-size": 17 }), text(x + 6, 58, box.changes ? w.moves : w.stays), text(x + 6, 80, `${box.before.slice(0, 10)} → ${box.after.slice(0, 10)}`, { "font-family": "monospace", "font-size": 12 }));
      box.numbers.forEach(([label, value], n) => svg.append(text(x + 6, 108 + 40 * n, label, { "font-size": 12, fill: "var(--gb-quiet)" }), text(x + 6, 126 + 40 * n, value, { "font-weight": 700 })));
    });
    return svg;
  });
  return () => state.stop?.();
});
