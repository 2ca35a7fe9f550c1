// A token's row of the table and the rows nearest to it: every dimension a cell, the same one marked in all.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, visible } from "../glassbox.lib/format.js";
import { unpack } from "../glassbox.lib/packed.js";
import { signedTable, paint, asImage } from "../glassbox.lib/signed.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null }));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-near_rows");
  const { rows, words: w, arrays } = unpack(data);
  const [, width] = arrays.values.shape, values = arrays.values.data;
  const sizes = Float32Array.from(values, Math.abs).sort(), range = sizes[Math.floor(sizes.length * 0.995)] || 1;
  const shades = signedTable(root);
  const note = h("p", { class: "note", "aria-live": "off" });
  const rest = () => fill(note, say(w.near_note, { width, r: num(range) }));
  const canvases = rows.map((_, i) => { const canvas = h("canvas", {}); paint(canvas, width, 1, (d) => values[i * width + d], range, shades); return canvas; });
  const show = (event) => {
    const box = event.currentTarget.getBoundingClientRect(), d = Math.min(Math.max(Math.floor(((event.clientX - box.left) / box.width) * width), 0), width - 1);
    root.style.setProperty("--at", (d + 0.5) / width);
    root.classList.add("pointed");
    const i = Number(event.currentTarget.dataset.i);
    fill(note, say(w.near_at, { d }), " ", h("b", {}, `${visible(rows[i].token)} ${full(values[i * width + d])}`));
  };
  fill(root, h("div", { class: "table", role: "table" }, ...rows.map(({ token, id, cosine }, i) => h("div", { class: `line${i ? "" : " own"}`, role: "row" },
    h("span", { class: "token", role: "cell", title: `${token} · ${id}` }, visible(token)), h("span", { class: "id", role: "cell" }, id),
    h("span", { class: "strip", "data-i": i, onpointermove: show, onpointerleave: () => { root.classList.remove("pointed"); rest(); } }, canvases[i], h("i", {})),
    h("span", { class: "cosine", role: "cell", title: full(cosine) }, i ? num(cosine) : w.near_own)))), note);
  rest();
  state.stop?.();
  state.stop = offerPicture("neighbours", () => {
    const svg = frame(900, 30 + 30 * rows.length);
    rows.forEach(({ token, cosine }, i) => svg.append(h("text", { x: 20, y: 34 + 30 * i, "font-size": 15, "font-family": "monospace", "font-weight": i ? 400 : 700, fill: "var(--gb-text)" }, visible(token)), asImage(canvases[i], 170, 18 + 30 * i, 620, 22), h("text", { x: 880, y: 34 + 30 * i, "text-anchor": "end", "font-size": 14, "font-family": "monospace", fill: "var(--gb-text)" }, i ? num(cosine) : "")));
    return svg;
  });
  return () => state.stop?.();
});
