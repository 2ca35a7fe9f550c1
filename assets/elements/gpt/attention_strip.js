// The last position reads: every earlier token shaded by its weight, for one layer and head or their mean.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, visible, full } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ layer: null, head: "mean" }));

function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const raw = new Uint16Array(bytes.slice(4 + length).buffer);
  return { ...head, weight: (l, hd, k) => (raw[(l * head.shape[1] + hd) * head.shape[2] + k] / 65535) ** 2 };
}

/**
 * Draw the strip into `root`. s: {layer, head}, what the reader chose, kept by the caller; shape: [layers, heads, keys]; weight(layer, head, key).
 * Returns how to draw it as a picture.
 */
export function strip(s, root, { shape, tokens, words: w, weight, model }) {
  const [layers, heads, keys] = shape;
  if (s.layer === null || s.layer >= layers) s.layer = Math.floor(layers / 2);
  if (s.head !== "mean" && s.head >= heads) s.head = "mean";
  const weights = () => Array.from({ length: keys }, (_, k) => (s.head === "mean"
    ? Array.from({ length: heads }, (_, hd) => weight(s.layer, hd, k)).reduce((a, b) => a + b, 0) / heads : weight(s.layer, s.head, k)));
  const choose = (label, value, options, set) => h("label", {}, label, " ", (() => {
    const select = h("select", { onchange: (e) => { set(e.target.value); draw(); } }, ...options.map(([v, name]) => h("option", { value: String(v) }, name)));
    select.value = String(value);
    return select;
  })());
  function draw() {
    const now = weights();
    const best = now.map((x, k) => [x, k]).sort((a, b) => b[0] - a[0]).slice(0, 5);
    fill(root,
      h("div", { class: "choose" },
        choose(w.layer, s.layer, Array.from({ length: layers }, (_, l) => [l, l]), (v) => { s.layer = Number(v); }),
        choose(w.head, s.head, [["mean", w.head_mean], ...Array.from({ length: heads }, (_, hd) => [hd, hd])], (v) => { s.head = v === "mean" ? v : Number(v); })),
      h("div", { class: "strip", role: "group", "aria-label": w.attention_title }, ...now.map((x, k) => h("span", { class: "tok", tabindex: "0", title: `${visible(tokens[k])} ${full(x)}`, "aria-label": `${visible(tokens[k])} ${num(x)}`, style: { "--w": Math.sqrt(x).toFixed(3) } }, visible(tokens[k])))),
      h("p", { class: "best" }, ...best.flatMap(([x, k], i) => [i ? " · " : "", h("b", {}, visible(tokens[k])), ` ${num(x)}`])),
      h("p", { class: "caption" }, say(w.attention_caption, { layer: s.layer, head: s.head === "mean" ? w.head_mean : s.head, model }), " ", now[0] > 0.5 ? w.attention_first : ""));
  }
  draw();
  return () => {
    const now = weights();
    const svg = frame(900, 40 + 22 * now.length);
    now.forEach((x, k) => svg.append(
      h("text", { x: 12, y: 32 + 22 * k, "font-size": 14, "font-family": "monospace", fill: "var(--gb-text)" }, visible(tokens[k])),
      h("rect", { x: 200, y: 19 + 22 * k, width: Math.max(0.5, 560 * x), height: 16, fill: "var(--gb-key)" }),
      h("text", { x: 210 + 560 * x, y: 32 + 22 * k, "font-size": 13, "font-family": "monospace", fill: "var(--gb-quiet)" }, num(x))));
    return svg;
  };
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), picture = strip(s, parentElement.querySelector(".gb-attention_strip"), unpack(data));
  s.withdraw?.();
  s.withdraw = offerPicture("last-attention", picture);
  return () => { s.withdraw?.(); s.withdraw = null; };
});
