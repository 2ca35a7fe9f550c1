// Heads as switches, and the prediction with and without those that are off.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, off: new Set(), at: null, stop: null }));
const code = (layer, head) => `${layer}.${head}`;

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-ablation_board");
  const words = data.words;
  if (state.rev !== data.rev) { state.rev = data.rev; state.off = new Set(data.off.map(([layer, head]) => code(layer, head))); state.at = data.at; }
  const answered = [...state.off].sort().join() === data.off.map(([layer, head]) => code(layer, head)).sort().join() && state.at === data.at;
  const tell = () => setStateValue("switched", { off: [...state.off].map((c) => c.split(".").map(Number)), at: state.at, rev: state.rev });
  const shown = data.tokens.map((token) => visible(token) || "∅");

  // The text: which place is predicted.
  const strip = h("div", { class: "strip", role: "group", "aria-label": words.place },
    ...shown.map((token, i) => h("button", { type: "button", class: `token${i === state.at ? " at" : ""}${data.special[i] || (!data.masked && i > state.at) ? " special" : ""}`, disabled: data.special[i] && data.masked, "aria-pressed": String(i === state.at), dir: "auto",
      onclick: () => { state.at = i; tell(); dim(); } }, data.masked && i === state.at ? h("span", {}, h("b", {}, data.mask), h("s", {}, token)) : token)),
    data.masked ? null : h("span", { class: "next", "aria-hidden": "true" }, "→ ?"));

  // The heads. Below zero: without it the prediction gets less likely, it helped.
  const most = Math.max(0.05, ...(data.effects ?? []).flat().filter((x) => x !== null).map(Math.abs));
  const colour = (x) => {
    const place = 3 + Math.max(-1, Math.min(1, x / most)) * 3, low = Math.min(5, Math.floor(place)), part = Math.round((place - low) * 100);
    return `color-mix(in srgb, var(--gb-div-${low + 1}) ${part}%, var(--gb-div-${low}))`;
  };
  const cell = (layer, head) => {
    const effect = data.effects?.[layer]?.[head] ?? null;
    const off = state.off.has(code(layer, head));
    const name = say(words.head_name, { layer, head }) + (effect === null ? "" : `: ${num(effect)} ${words.bits}`) + (off ? ` (${words.off})` : "");
    return h("button", { type: "button", class: `cell${off ? " off" : ""}${data.best && data.best[0] === layer && data.best[1] === head ? " best" : ""}`, title: name, "aria-label": name, "aria-pressed": String(off), "data-head": code(layer, head),
      style: effect === null ? {} : { "background-color": colour(effect) },
      onclick: () => { const c = code(layer, head); if (state.off.has(c)) state.off.delete(c); else state.off.add(c); draw(); tell(); dim(); } });
  };
  const grid = h("div", { class: "grid", style: { "--columns": String(data.heads) } });
  function draw() {
    fill(grid, h("span", {}), ...Array.from({ length: data.heads }, (_, i) => h("span", { class: "axis" }, i)), h("span", {}),
      ...Array.from({ length: data.layers }, (_, layer) => [h("span", { class: "axis" }, layer), ...Array.from({ length: data.heads }, (_, head) => cell(layer, head)),
        h("button", { type: "button", class: "row", title: say(words.whole_layer, { layer }), "aria-label": say(words.whole_layer, { layer }), onclick: () => {
          const all = Array.from({ length: data.heads }, (_, head) => code(layer, head));
          const on = all.every((c) => state.off.has(c));
          all.forEach((c) => (on ? state.off.delete(c) : state.off.add(c)));
          draw(); tell(); dim();
        } })]).flat());
    root.dataset.off = String(state.off.size);
  }
  grid.addEventListener("keydown", (event) => {
    const cells = [...grid.querySelectorAll(".cell")], here = cells.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: data.heads, ArrowUp: -data.heads }[event.key];
    if (!step || here < 0) return;
    event.preventDefault(); event.stopPropagation();
    cells[Math.min(Math.max(here + step, 0), cells.length - 1)].focus();
  });

  const rows = data.candidates.map((row) => h("div", { class: "candidate" }, h("code", { dir: "auto" }, visible(row.text) || "∅"),
    h("span", { class: "track" }, h("i", { class: "before", style: { width: `${row.before * 100}%` } }), h("i", { class: "after", style: { width: `${row.after * 100}%` } })),
    h("span", { class: "value", title: `${row.before} → ${row.after}` }, state.off.size || data.off.length ? `${percent(row.before)} → ${percent(row.after)}` : percent(row.before))));
  const bars = h("div", { class: `bars${answered ? "" : " waiting"}`, "aria-live": "polite" }, ...rows);
  const dim = () => bars.classList.add("waiting");
  const legend = h("p", { class: "legend" }, h("i", { class: "before" }), ` ${words.with_all} `, h("i", { class: "after" }), ` ${words.without}`);
  const reset = h("button", { type: "button", class: "reset", onclick: () => { state.off.clear(); draw(); tell(); dim(); } }, words.all_on);

  draw();
  fill(root, strip, h("div", { class: "board" },
    h("div", {}, h("p", { class: "title" }, words.switches, " ", reset), grid,
      data.effects ? h("p", { class: "scale" }, `${num(-most)} `, h("span", { class: "ramp" }, ...Array.from({ length: 13 }, (_, i) => h("i", { style: { "background-color": colour(((i - 6) / 6) * most) } }))), ` +${num(most)} ${words.bits}`) : null),
    h("div", {}, h("p", { class: "title" }, data.masked ? words.predicted_masked : words.predicted_next), legend, bars)));

  state.stop?.();
  state.stop = offerPicture("ablation", () => {
    const size = 26, left = 30, top = 30, wide = left + data.heads * size + 40;
    const svg = frame(wide + 460, Math.max(top + data.layers * size, 40 + data.candidates.length * 26) + 16);
    for (let layer = 0; layer < data.layers; layer++) for (let head = 0; head < data.heads; head++) {
      const effect = data.effects?.[layer]?.[head] ?? 0, strength = Math.min(1, Math.abs(effect) / most);
      svg.append(h("rect", { x: left + head * size, y: top + layer * size, width: size - 3, height: size - 3, fill: effect < 0 ? "var(--gb-key)" : "var(--gb-token)", "fill-opacity": strength.toFixed(3), stroke: "var(--gb-line)" }));
      if (state.off.has(code(layer, head))) svg.append(h("line", { x1: left + head * size, y1: top + layer * size, x2: left + head * size + size - 3, y2: top + layer * size + size - 3, stroke: "var(--gb-text)", "stroke-width": 2 }));
    }
    data.candidates.forEach((row, i) => svg.append(h("text", { x: wide, y: 46 + i * 26, "font-size": 14, "font-family": "ui-monospace, monospace", fill: "var(--gb-text)" }, visible(row.text)),
      h("rect", { x: wide + 120, y: 34 + i * 26, width: row.before * 200, height: 7, fill: "var(--gb-cut)" }), h("rect", { x: wide + 120, y: 42 + i * 26, width: row.after * 200, height: 7, fill: "var(--gb-token)" }),
      h("text", { x: wide + 330, y: 46 + i * 26, "font-size": 12, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, `${percent(row.before)} → ${percent(row.after)}`)));
    return svg;
  });
  return () => { state.stop?.(); state.stop = null; };
});
