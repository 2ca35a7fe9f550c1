// ALBERT's two levers, to scale: every rectangle's area is its number of parameters, the same scale for tables and layers.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ embedding: 768, shared: "none" }));
const SQUARE = 22; // pixels of a side of one H x H matrix
const GAP = 8;
const ATTENTION = 4, FEED_FORWARD = 8; // matrices of H x H in a layer; the feed-forward network has two of H x 4H

/** Whether a layer's part is stored there, or borrowed from layer 0. */
const borrowed = (s, layer, part) => layer > 0 && (s.shared === "all" || s.shared === part);

/** `narrow`: for a phone, with the table cut into strips and the layers one below the other; the scale is the same. */
function drawing(s, narrow = false) {
  const { V, H, layers, words: w } = s.data, scale = SQUARE / H, E = s.embedding, left = narrow ? 20 : 96, y0 = narrow ? 42 : 20;
  const strips = narrow ? 3 : 1, long = (V * scale) / strips, columns = narrow ? 1 : 3, rows = layers / columns, wide = (ATTENTION + FEED_FORWARD) * SQUARE;
  const below = y0 + strips * (SQUARE + 4) - 4, top = below + (narrow ? 54 : 50);
  const step = narrow ? 0 : Math.max(wide + 34, (long - wide) / (columns - 1)), svg = frame(left + Math.max(long, step * (columns - 1) + wide) + (narrow ? 34 : 70), top + rows * (SQUARE + GAP) + (narrow ? 46 : 30));
  const add = (tag, props, ...children) => { const node = h(tag, props, ...children); svg.append(node); return node; };
  const text = (x, y, content, props = {}) => add("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content);
  text(0, narrow ? 16 : 37, w.table, { "font-weight": 700 });
  // The table of V rows: as high as the embedding is wide, as long as the vocabulary.
  for (let strip = 0; strip < strips; strip += 1) {
    const y = y0 + strip * (SQUARE + 4);
    add("rect", { x: left, y, width: long, height: SQUARE, fill: "none", stroke: "var(--gb-line)", "stroke-dasharray": "4 3" });
    add("rect", { x: left, y: y + SQUARE - E * scale, width: long, height: E * scale, fill: "var(--gb-token)", class: "table" });
  }
  if (E < H) add("rect", { x: left + long + 8, y: y0, width: Math.max(E * scale, 1), height: SQUARE, fill: "var(--gb-segment-a)", class: "projection" });
  text(left, y0 - 6, E < H ? `V × E = ${grouped(V)} × ${E}` : `V × H = ${grouped(V)} × ${H}`, { "font-size": 13, fill: "var(--gb-token)", "font-weight": 700 });
  if (E < H) text(left + long + 14 + E * scale, y0 - 6, "E × H", { "font-size": 13, fill: "var(--gb-segment-a)", "font-weight": 700, "text-anchor": "end" });
  text(left, below + 17, say(w.table_count, { n: grouped(s.data.costs[s.shared][E].table), before: grouped(V * H) }), { "font-size": 13, fill: "var(--gb-quiet)" });
  text(0, narrow ? top - 10 : top + SQUARE - 6, w.layers, { "font-weight": 700 });
  for (let layer = 0; layer < layers; layer += 1) {
    const x = left + Math.floor(layer / rows) * step, y = top + (layer % rows) * (SQUARE + GAP);
    text(x - 6, y + SQUARE - 6, layer, { "font-size": 12, "text-anchor": "end", fill: "var(--gb-quiet)" });
    for (const [part, from, count, colour] of [["attention", 0, ATTENTION, "--gb-key"], ["feed_forward", ATTENTION, FEED_FORWARD, "--gb-quiet"]]) {
      const away = borrowed(s, layer, part);
      add("rect", { x: x + from * SQUARE, y, width: count * SQUARE, height: SQUARE, class: away ? "borrowed" : "stored", "data-part": part, fill: away ? "none" : `var(${colour})`, stroke: `var(${colour})`, "stroke-dasharray": away ? "4 3" : null, "stroke-width": 1 });
      const name = away ? `= 0` : w[part];
      text(x + (from + count / 2) * SQUARE, y + SQUARE - 6, name, { "font-size": 12, "text-anchor": "middle", fill: away ? "var(--gb-quiet)" : "var(--gb-background)", "font-weight": 700 });
    }
  }
  const said = say(w[`passes_${s.shared}`], { n: layers });
  (narrow ? said.split(/(?<=[:.]) /) : [said]).forEach((line, i) => text(left, top + rows * (SQUARE + GAP) + 12 + 16 * i, line, { "font-size": 13, fill: "var(--gb-quiet)" }));
  return svg;
}

/** [name, value in words, share of BERT's, or null where it is not known]. */
function meters(s) {
  const { costs, seconds, measured, H, words: w } = s.data, bert = costs.none[H], now = costs[s.shared][s.embedding];
  const here = seconds && measured[0] === s.embedding && measured[1] === s.shared;
  return [
    [w.parameters, grouped(now.parameters), now.parameters / bert.parameters],
    [w.memory, `${(now.bytes_fp32 / 1e6).toFixed(0)} MB`, now.bytes_fp32 / bert.bytes_fp32],
    [w.multiplications, grouped(now.multiplications), now.multiplications / bert.multiplications],
    [w.time, here ? say(w.time_found, { ms: (1000 * seconds[1]).toFixed(0), bert: (1000 * seconds[0]).toFixed(0) }) : w.time_unknown, here ? seconds[1] / seconds[0] : null],
  ];
}

function picture(s) {
  const svg = drawing(s), width = Number(svg.getAttribute("width")), top = Number(svg.getAttribute("height"));
  const add = (tag, props, ...children) => svg.append(h(tag, props, ...children));
  meters(s).forEach(([name, value, share], i) => {
    const y = top + 18 + 26 * i;
    add("text", { x: 0, y, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-text)" }, name);
    if (share !== null) add("rect", { x: 250, y: y - 12, width: Math.min(380, 300 * share), height: 14, fill: "var(--gb-token)" });
    add("text", { x: 650, y, "font-size": 13, "font-family": "monospace", fill: "var(--gb-text)" }, `${share === null ? "" : `${(100 * share).toFixed(0)}%  `}${value}`);
  });
  svg.setAttribute("height", top + 120);
  svg.setAttribute("viewBox", `0 0 ${width} ${top + 120}`);
  return svg;
}

function paint(s) {
  const { words: w } = s.data, svg = drawing(s, s.narrow);
  svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  svg.removeAttribute("width"); svg.removeAttribute("height");
  svg.setAttribute("role", "img"); svg.setAttribute("aria-label", say(w.drawing_label, { e: s.embedding, shared: w[`shared_${s.shared}`] }));
  s.drawing.classList.toggle("narrow", Boolean(s.narrow));
  fill(s.drawing, svg);
  fill(s.meters, ...meters(s).map(([name, value, share]) => h("div", { class: "meter" }, h("span", { class: "name" }, name),
    h("span", { class: "track" }, share === null ? null : h("i", { style: { width: `${Math.min(100, 100 * share)}%` } })), h("b", { class: "share" }, share === null ? "–" : `${(100 * share).toFixed(0)}%`), h("span", { class: "value" }, value))));
  s.range.value = String(s.data.embeddings.indexOf(s.embedding));
  s.range.setAttribute("aria-valuetext", `E = ${s.embedding}`);
  s.shown.textContent = String(s.embedding);
  s.choices.querySelectorAll("[role=radio]").forEach((b) => { const on = b.dataset.shared === s.shared; b.setAttribute("aria-checked", String(on)); b.setAttribute("tabindex", on ? "0" : "-1"); });
  s.root.dataset.parameters = String(s.data.costs[s.shared][s.embedding].parameters);
}

function move(s, next, tell = true) {
  Object.assign(s, next);
  paint(s);
  if (tell) s.trigger("levers", { embedding: s.embedding, shared: s.shared });
}

function build(s) {
  const { words: w, embeddings, sharings } = s.data;
  s.drawing = h("div", { class: "drawing" }); s.meters = h("div", { class: "meters", "aria-live": "polite" }); s.shown = h("b", {});
  s.range = h("input", { type: "range", min: "0", max: String(embeddings.length - 1), step: "1", "aria-label": w.embedding,
    oninput: () => move(s, { embedding: embeddings[Number(s.range.value)] }, false), onchange: () => move(s, { embedding: embeddings[Number(s.range.value)] }) });
  const keys = (e) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault(); e.stopPropagation();
    move(s, { shared: sharings[(sharings.indexOf(s.shared) + step + sharings.length) % sharings.length] });
    s.choices.querySelector("[aria-checked=true]").focus();
  };
  s.choices = h("span", { class: "choices", role: "radiogroup", "aria-label": w.sharing, onkeydown: keys }, ...sharings.map((name) => h("button", { type: "button", role: "radio", "data-shared": name, onclick: () => move(s, { shared: name }) }, w[`shared_${name}`])));
  fill(s.root, h("div", { class: "levers" }, h("label", {}, `${w.embedding}, E = `, s.shown, s.range), h("span", { class: "sharing" }, `${w.sharing}: `, s.choices)), s.drawing, s.meters);
  new ResizeObserver(() => {
    const narrow = s.root.clientWidth < 640;
    if (narrow !== Boolean(s.narrow)) { s.narrow = narrow; paint(s); }
  }).observe(s.root.firstChild);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-albert_levers");
  const fresh = s.root !== root || s.lang !== data.words.table || !root.firstChild, moved = s.data?.rev !== data.rev;
  s.root = root; s.trigger = setTriggerValue; s.data = data; s.lang = data.words.table;
  if (moved) { s.embedding = data.embedding; s.shared = data.shared; }
  if (fresh) build(s);
  paint(s);
  if (!s.withdraw) s.withdraw = offerPicture("albert-levers", () => picture(s));
  return () => { s.withdraw?.(); s.withdraw = null; };
});
