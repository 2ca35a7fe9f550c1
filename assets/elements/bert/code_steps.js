// Code run line by line: the line that has just run, what it made, and everything in memory at that moment.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, visible } from "../glassbox.lib/format.js";
import { ownKeys } from "../glassbox.lib/keys.js";
import { unpack } from "../glassbox.lib/packed.js";
import { signedTable, paint } from "../glassbox.lib/signed.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, step: 0, stepper: null, stop: null, report: null, listening: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-code_steps");
  const model = unpack(data), w = model.words, first = model.given, last = model.lines.length - first;
  const values = model.lines.map((_, i) => model.arrays[i].data);
  state.report = state.report ?? reporter((value) => setStateValue("step", value));
  if (state.rev !== model.rev) { state.rev = model.rev; state.step = model.start; }
  state.step = Math.min(state.step, last);
  const shades = signedTable(root);
  const shapeOf = (shape) => (shape.length > 1 ? `(${shape.join(", ")})` : "");
  const isVector = (i) => model.lines[i].shape.length === 3 && values[i].length > 1;
  // A list of whole numbers is shown for all tokens, the chosen one marked; a vector by its first numbers and as a strip.
  const numbers = (i) => {
    const line = model.lines[i];
    if (line.shape.length === 2) return h("span", { class: "list" }, "[", ...[...values[i]].flatMap((x, t) => [h("span", { class: t === model.token ? "here" : "" }, x), t + 1 < values[i].length ? ", " : ""]), "]");
    return h("span", { class: "list", title: [...values[i].slice(0, 24)].map(full).join(", ") }, [...values[i].slice(0, 6)].map((x) => num(x)).join("  "), values[i].length > 6 ? "  …" : "");
  };
  const strip = (i) => { const canvas = h("canvas", { class: "strip", "aria-hidden": "true" }); paint(canvas, values[i].length, 1, (d) => values[i][d], Math.max(...Float32Array.from(values[i], Math.abs)) || 1, shades); return canvas; };

  const listing = h("ol", { class: "code" });
  const memory = h("div", { class: "memory" });
  const title = h("h4", {});

  function refresh() {
    const now = first + state.step - 1; // the line that ran last
    fill(listing, h("li", { class: "call" }, h("code", {}, model.call)), ...model.lines.slice(first).map((line, k) => h("li", { class: k === state.step - 1 ? "now" : k < state.step ? "done" : "later", "aria-current": k === state.step - 1 ? "step" : null },
      h("button", { type: "button", onclick: () => { state.stepper.set({ step: k + 1 }); go(k + 1); } }, h("span", { class: "at" }, k + 1), h("code", {}, line.code), h("span", { class: "shape" }, k < state.step ? shapeOf(line.shape) : "")))));
    const held = new Map();
    for (let i = 0; i <= now; i += 1) { held.delete(model.lines[i].name); held.set(model.lines[i].name, i); }
    write(title, state.step ? say(w.after, { n: state.step }) : w.before);
    fill(memory, ...[...held].reverse().map(([name, i]) => h("div", { class: `held${i === now && state.step ? " fresh" : ""}` },
      h("div", { class: "what" }, h("b", {}, name), h("span", { class: "shape" }, shapeOf(model.lines[i].shape)), model.lines[i].shape.length === 3 ? h("span", { class: "of" }, say(w.at, { token: visible(model.name) })) : null),
      numbers(i), isVector(i) ? strip(i) : null)));
    root.dataset.step = state.step;
  }
  const write = (node, text) => { node.textContent = text; };
  const go = (step) => { state.step = step; refresh(); state.report({ step, rev: state.rev }); };

  state.stepper?.destroy();
  state.stepper = stepper({ words: model.stepper, label: (step) => say(w.line_of, { n: step, last }), onMove: go });
  state.stepper.set({ step: state.step, last });
  root.removeEventListener("pointerdown", state.listening);
  state.listening = () => ownKeys(state.stepper.act); // where two things step, the one touched last has the keys
  root.addEventListener("pointerdown", state.listening);
  fill(root, state.stepper.node, h("div", { class: "board" }, listing, h("section", { "aria-live": "polite" }, title, memory)));
  refresh();
  state.stop?.();
  state.stop = offerPicture("code", () => {
    const svg = frame(900, 60 + 28 * (last + 1)), mono = { "font-family": "monospace", "font-size": 15 };
    svg.append(h("text", { x: 20, y: 34, ...mono, fill: "var(--gb-quiet)" }, model.call));
    model.lines.slice(first).forEach((line, k) => svg.append(h("text", { x: 20, y: 64 + 28 * k, ...mono, fill: k < state.step ? "var(--gb-text)" : "var(--gb-quiet)", "font-weight": k === state.step - 1 ? 700 : 400 }, `${k + 1}  ${line.code}`), h("text", { x: 880, y: 64 + 28 * k, "text-anchor": "end", ...mono, fill: "var(--gb-quiet)" }, k < state.step ? shapeOf(line.shape) : "")));
    return svg;
  });
  return () => { state.stop?.(); state.stepper?.destroy(); };
});
